import type { JSX } from "preact";
import type { FrameReading } from "@fada/shared/api/types";
import type { ExaminationSummary } from "@fada/shared/examination/summary";
import { code, t } from "@fada/shared/i18n";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import { daysBetween } from "@fada/shared/examination/pregnancy";
import type { Examination, Facts } from "../api/examination";
import { Growth } from "../examination/Growth";
import { SaidBy } from "../examination/Said";
import { type Point, series, valueText } from "../examination/series";
import { formatDay } from "../shell/format";
import { Biometry, ratioText } from "./Biometry";
import { Rows } from "./Rows";

const ANATOMY = ["head", "brain", "face", "spine", "chest", "heart", "abdomen", "kidneys", "bladder", "limbs", "cord"];
const SEEN = ["seen", "not_seen", "not_looked_at"] as const;

/** The examination on the report, in the order and the words of the printed page: dating, fetus, biometry, weight, growth,
 * anatomy, impression. What nothing shows and nobody entered is not assessed. */
export function ExaminationSheet({ examination, frames }: { examination: Examination; frames: readonly FrameReading[] }): JSX.Element {
  const { summary } = examination, facts = examination.facts?.values ?? {}, shows = facts.fetus_images ?? {};
  return (
    <section class="sheet-examination">
      <h2>{t("pdf.dating")}</h2>
      <Dating summary={summary} period={examination.last_period ?? facts.last_period ?? null} />
      <h2>{t("pdf.fetus")}</h2>
      <Fetus facts={facts} />
      {summary.several && <p><b>{t("fetus.several")}</b></p>}
      {summary.unassigned.length > 0 && <p>{t("fetus.not_said")}: {summary.unassigned.map((one) => `${one.measure} ${one.mm.toFixed(1)} mm`).join(", ")}</p>}
      {(summary.several ? examination.fetuses ?? [] : [{ fetus: "", summary }]).map((one) => (
        <section key={one.fetus}>
          <h2>{one.fetus ? t("fetus.one", { letter: one.fetus }) : t("pdf.biometry")}</h2>
          <Biometry summary={one.summary} frames={one.fetus ? frames.filter((frame) => shows[frame.sop_uid] === one.fetus) : frames} />
          <Weight summary={one.summary} />
          {summary.dating && <Drawn summary={one.summary} points={series(one.summary, examination.earlier, one.fetus)} />}
        </section>
      ))}
      <h2>{t("pdf.anatomy")}</h2>
      <Rows rows={SEEN.map((state) => {
        const parts = ANATOMY.filter((part) => (facts.anatomy?.[part] ?? "not_looked_at") === state);
        return [t(`pdf.${state}`), parts.map((part) => code("pdf", part)).join(", ")];
      })} />
      <h2>{t("pdf.impression")}</h2>
      <p class="said">{facts.impression || t("pdf.no_impression")}</p>
      <Rows rows={[[t("pdf.comment"), facts.comment ?? ""]]} />
      <SaidBy said={examination.said ?? []} />
    </section>
  );
}

/** Growth, where there is anything to draw. */
const Drawn = ({ summary, points }: { summary: ExaminationSummary; points: readonly Point[] }): JSX.Element | null =>
  (points.some((one) => Object.keys(one.values).length > 0) ? <Growth summary={summary} points={points} /> : null);

function Dating({ summary, period }: { summary: ExaminationSummary; period: string | null }): JSX.Element {
  const { dating, day, ga_days: days, discordance_days: apart } = summary;
  const basis = dating && t(`dating.${dating.reason}`, {
    day: formatDay(dating.basis === "scan" ? dating.scan_day : dating.zero), equation: dating.equation,
    n: Math.abs(dating.differs_days ?? 0), allowed: dating.allowed_days ?? 0,
  });
  return <Rows rows={[
    [t("pdf.period"), period ? formatDay(period) : t("pdf.not_known")],
    [t("pdf.age_period"), period && day ? weeksAndDays(daysBetween(period, day)) : ""],
    [t("pdf.age_today"), days === null ? "" : weeksAndDays(days)],
    [t("pdf.due"), dating ? formatDay(dating.due) : ""],
    [t("pdf.basis"), basis ?? t("pdf.not_dated")],
    [t("pdf.agreement"), apart === null ? "" : t(apart < 0 ? "summary.behind" : "summary.ahead", { n: Math.abs(apart) })],
  ]} />;
}

function Fetus({ facts }: { facts: Facts }): JSX.Element {
  const { placenta, fluid } = facts, nothing = t("pdf.not_assessed");
  const rows: [string, (string | number | null | undefined | false)[]][] = [
    [t("pdf.fetuses"), [facts.fetuses && String(facts.fetuses)]],
    [t("pdf.presentation"), [facts.presentation && code("pdf", facts.presentation)]],
    [t("pdf.heart_activity"), [facts.heart_activity && code("pdf", facts.heart_activity), facts.heart_rate && `${facts.heart_rate}/min`]],
    [t("pdf.placenta"), [placenta?.site && code("pdf", placenta.site), placenta?.low != null && t(placenta.low ? "pdf.low" : "pdf.not_low")]],
    [t("pdf.fluid"), [fluid && `${code("pdf", fluid.kind)} ${fluid.mm} mm`, facts.fluid_impression && code("pdf", facts.fluid_impression)]],
  ];
  return <Rows rows={rows.map(([name, said]) => [name, said.filter(Boolean).join(", ") || nothing])} />;
}

/** The weight with its equation, ratios, and growth since the last examination. */
function Weight({ summary }: { summary: ExaminationSummary }): JSX.Element {
  const { weight, composite, growth } = summary;
  return <Rows rows={[
    [t("pdf.composite"), composite ? `${composite.text} · ${composite.equation}` : ""],
    [t("pdf.weight"), weight ? `${Math.round(weight.grams)} g · ${weight.equation}${weight.centile ? ` · ${weight.centile.chart}` : ""}` : t("pdf.not_assessed")],
    [t("pdf.ratios"), Object.entries(summary.ratios).map(([name, value]) => ratioText(name, value)).join(" · ")],
    [t("pdf.growth_since"), growth.map((one) => `${one.measure} ${one.per_week > 0 ? "+" : ""}${valueText(one.measure, one.per_week)} ${t("pdf.a_week")}`).join(" · ")],
  ]} />;
}
