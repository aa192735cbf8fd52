import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { CHARTS } from "@fada/shared/examination/charts";
import { type ExaminationSummary, type MeasureSummary, scaledByHand } from "@fada/shared/examination/summary";
import type { Weight } from "@fada/shared/examination/weight";
import { centileNumber } from "@fada/shared/case/Measurements";
import { code, t } from "@fada/shared/i18n";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import { formatDay } from "../shell/format";
import { Candidates, type Choice } from "./Candidates";

/** The measures that a report always names; the others only where they were taken. */
const ALWAYS = ["BPD", "HC", "AC", "FL"];

interface Props extends Choice {
  summary: ExaminationSummary;
  setChart: (chart: string) => void;
  children?: ComponentChildren;
  /** After the sizes. */
  below?: ComponentChildren;
}

/** The examination in one place: age and due date with their basis, every measure with its centile, the weight. */
export function Summary(props: Props): JSX.Element {
  const { summary } = props;
  const [open, setOpen] = useState<string | null>(null);
  const circular = summary.dating !== null && summary.dating.scan_day === summary.day;
  const missing = ALWAYS.filter((name) => !summary.measures.some((one) => one.measure === name));
  return (
    <section class="panel summary" aria-labelledby="summary-title">
      <div class="panel-head">
        <h2 id="summary-title">{t("summary.title")}</h2>
        <select aria-label={t("growth.chart")} value={summary.chart} onChange={(e) => props.setChart(e.currentTarget.value)}>
          {CHARTS.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      </div>
      <Age summary={summary} />
      {props.children}
      {summary.measures.length > 0 && <table class="figures sizes">
        <thead><tr><th scope="col">{t("figures.what")}</th><th scope="col">mm</th><th scope="col">{t("column.age")}</th><th scope="col">{t("summary.centile")}</th><td /></tr></thead>
        <tbody>
          {summary.measures.map((one) => (
            <Measure key={one.measure} one={one} open={open === one.measure} toggle={() => setOpen(open === one.measure ? null : one.measure)} choice={props} />
          ))}
          {summary.weight && <WeightRow weight={summary.weight} />}
        </tbody>
      </table>}
      {summary.measures.some((m) => m.counted.some(scaledByHand)) && <p class="note warn small">{t("phone.exam_by_hand")}</p>}
      {props.below}
      {missing.length > 0 && <p class="muted small">{t("summary.not_assessed", { list: missing.join(", ") })}</p>}
      {circular && <p class="muted small">{t("summary.circular")}</p>}
      <Ratios ratios={summary.ratios} />
    </section>
  );
}

function Age({ summary }: { summary: ExaminationSummary }): JSX.Element {
  const { dating, discordance_days: apart } = summary;
  if (dating === null) return <p class="muted">{t("summary.no_age")}</p>;
  return (
    <>
      <p class="summary-age">
        {summary.ga_days !== null && <b>{weeksAndDays(summary.ga_days)}</b>} <span>{t("summary.due", { day: formatDay(dating.due) })}</span>
      </p>
      <p class="muted small">{t(`dating.${dating.reason}`, {
        day: formatDay(dating.basis === "scan" ? dating.scan_day : dating.zero), equation: dating.equation,
        n: Math.abs(dating.differs_days ?? 0), allowed: dating.allowed_days ?? 0,
      })} {apart !== null && <span class={Math.abs(apart) > 7 ? "discordance warn" : "discordance"}>{t(apart < 0 ? "summary.behind" : "summary.ahead", { n: Math.abs(apart) })}</span>}</p>
    </>
  );
}

const grams = (value: number): string => Math.round(value).toFixed(0);

function WeightRow({ weight }: { weight: Weight }): JSX.Element {
  return (
    <tr class="weight">
      <th scope="row"><abbr title={t("measure.EFW")}>EFW</abbr></th>
      <td class="value" colSpan={2}>{grams(weight.grams)} g <small title={weight.equation}>{grams(weight.low_grams)} – {grams(weight.high_grams)} g</small></td>
      <td>{weight.centile ? <b class={outside(weight.centile.centile)}>{centileNumber(weight.centile)}</b> : "–"}</td>
      <td />
    </tr>
  );
}

const outside = (centile: number): string => (centile < 10 || centile > 90 ? "far" : "");

interface MeasureProps { one: MeasureSummary; open: boolean; toggle: () => void; choice: Choice }

function Measure({ one, open, toggle, choice }: MeasureProps): JSX.Element {
  const words = t("summary.images", { n: one.counted.length, all: one.candidates.length });
  return (
    <>
      <tr>
        <th scope="row"><abbr title={code("measure", one.measure)}>{one.measure}</abbr>{one.counted.some((c) => c.by_person) && <span class="muted" title={t("figures.by_hand")}> ✎</span>}</th>
        <td class="value" title={one.mm_low !== null && one.mm_high !== null ? `${one.mm_low.toFixed(1)} – ${one.mm_high.toFixed(1)} mm` : undefined}>{one.mm.toFixed(1)}</td>
        <td>{one.dating?.text ?? "–"}</td>
        <td>{one.centile ? <b class={outside(one.centile.centile)} title={`z ${one.centile.z.toFixed(2)}, ${one.centile.chart}`}>{centileNumber(one.centile)}</b> : "–"}</td>
        <td class="end"><button type="button" class="quiet small" aria-expanded={open} onClick={toggle} title={words} aria-label={`${one.counted.length}/${one.candidates.length}, ${one.measure}: ${words}`}>{one.counted.length}/{one.candidates.length}<span aria-hidden="true">{open ? " ▴" : " ▾"}</span></button></td>
      </tr>
      {open && <tr class="candidates"><td colSpan={5}><Candidates one={one} {...choice} /></td></tr>}
    </>
  );
}

function Ratios({ ratios }: { ratios: Readonly<Record<string, number>> }): JSX.Element | null {
  const all = Object.entries(ratios);
  if (all.length === 0) return null;
  return <p class="muted small ratios">{all.map(([name, value]) => <span key={name}>{name} {name === "HC/AC" ? value.toFixed(2) : `${value.toFixed(0)} %`}</span>)}</p>;
}
