import type { ComponentChildren, JSX } from "preact";
import type { Centile, Dating, FrameReading, Measurement } from "../api/types";
import { code, t } from "../i18n";
import type { FrameMeasurements } from "./findings";
import { dateBy } from "../examination/summary";
import { isSteep } from "../measurement/angle";
import { weeksAndDays } from "../measurement/biometry";

const one = (value: number): string => value.toFixed(1);

/** `247.1 mm (242.0 to 252.2)`, or `838 px only: not calibrated`. */
export function measurementValue(m: Measurement): string {
  if (m.mm === null) return `${m.px.toFixed(0)} px`;
  return `${one(m.mm)} mm`;
}

/** `242.0 – 252.2 mm`, a dash without an interval, or words where there are no millimetres. */
export function measurementInterval(m: Measurement): string {
  if (m.mm === null) return t("figures.px_only");
  return m.mm_low !== null && m.mm_high !== null ? `${one(m.mm_low)} – ${one(m.mm_high)} mm` : "–";
}

/** The interval of an age in weeks and days, or that none is published. */
export const ageInterval = (d: Dating): string =>
  d.low_days !== null && d.high_days !== null
    ? `${weeksAndDays(d.low_days)} – ${weeksAndDays(d.high_days)} (±2 SD)`
    : t("figures.no_interval");

/** A centile for people: never 0 or 100. */
export const centileNumber = (c: Centile): string => (c.centile < 1 ? "<1" : c.centile > 99 ? ">99" : c.centile.toFixed(0));

interface Props {
  measured: FrameMeasurements;
  reading: FrameReading | null;
  lastPeriod: string | null;
  periodDays: number | null;
  scanDay: string;
  setPeriod?: (day: string | null) => void;
  /** What is to be said of the figures beside them. */
  children?: ComponentChildren;
}

/** Millimetres with their interval, age by named equations, age by last period and what they differ. */
export function Measurements({ measured, reading, lastPeriod, periodDays, scanDay, setPeriod, children }: Props): JSX.Element {
  const { measurements, centiles, byHand } = measured;
  const datings = measured.datings.length > 0 ? measured.datings : measurements.flatMap((m) => (m.mm === null ? [] : dateBy(m.name, m.mm) ?? []));
  return (
    <section class="panel" aria-labelledby="figures-title">
      <h2 id="figures-title">{t("figures.title")} {byHand && <span class="tag">{t("figures.by_hand")}</span>}</h2>
      {measurements.length === 0 && !reading?.angles?.length
        ? <p class="muted">{reading ? t("figures.none") : t("frame.not_read")}</p>
        : (
          <table class="figures">
            <thead><tr><th scope="col">{t("figures.what")}</th><th scope="col">{t("figures.value")}</th><th scope="col">{t("figures.interval")}</th></tr></thead>
            <tbody>
              {measurements.map((m) => (
                <tr key={m.name}>
                  <th scope="row"><abbr title={code("measure", m.name)}>{m.name}</abbr></th>
                  <td class="value">{measurementValue(m)}</td>
                  <td>{measurementInterval(m)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      {(reading?.angles ?? []).map((a) => (
        <p key={a.name}>{code("measure", a.name)}: <b>{a.degrees.toFixed(0)}°</b>{a.low !== null && a.high !== null && ` (${a.low.toFixed(0)} – ${a.high.toFixed(0)}°)`}</p>
      ))}
      {reading?.angles?.some(isSteep) && <p class="warn small" role="status">{t("figures.steep")}</p>}
      {children}
      {measurements.some((m) => m.mm !== null) && (
        <p class="muted small">{t("figures.scale", { source: code("calibration", measurements.find((m) => m.mm !== null)!.calibration) })}</p>
      )}
      <h3>{t("age.title")}</h3>
      <table class="figures ages">
        <tbody>
          {datings.map((d) => (
            <tr key={d.equation}>
              <th scope="row">{t("age.scan")}<small>{d.equation}</small></th>
              <td class="value">{d.text}</td>
              <td>{ageInterval(d)}{periodDays !== null && <Discordance days={Math.round(d.days) - periodDays} />}</td>
            </tr>
          ))}
          {(setPeriod || lastPeriod) && <tr>
            <th scope="row"><label for="last-period">{t("age.period")}</label></th>
            <td class="value">{periodDays === null ? "–" : weeksAndDays(periodDays)}</td>
            <td>
              <input id="last-period" type="date" value={lastPeriod ?? ""} max={scanDay} disabled={!setPeriod}
                onChange={(e) => setPeriod?.(e.currentTarget.value || null)} />
            </td>
          </tr>}
        </tbody>
      </table>
      {datings.length === 0 && measurements.length > 0 && <p class="muted small">{t("age.none")}</p>}
      {lastPeriod && periodDays === null && <p class="warn small">{t("age.period_out")}</p>}
      {centiles.map((c) => (
        <p key={c.chart} class="centile">
          {c.measurement}: <b>{t("centile.value", { n: centileNumber(c) })}</b> (z {c.z.toFixed(2)}) <small>{c.chart}, {weeksAndDays(c.at_days)}</small>
        </p>
      ))}
      {setPeriod && datings.length > 0 && periodDays === null && <p class="muted small">{t("centile.needs_period")}</p>}
    </section>
  );
}

function Discordance({ days }: { days: number }): JSX.Element {
  const far = Math.abs(days) > 7;
  return <b class={far ? "discordance warn" : "discordance"}>{days > 0 ? "+" : days < 0 ? "−" : "±"}{Math.abs(days)} d</b>;
}
