import type { JSX } from "preact";
import { type ExaminationSummary, type MeasureSummary, scaledByHand } from "@fada/shared/examination/summary";
import { centileNumber } from "@fada/shared/case/Measurements";
import { code, t } from "@fada/shared/i18n";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import type { Examination, Facts } from "../api/examination";
import { Growth } from "../examination/Growth";
import { SaidBy } from "../examination/Said";
import { type Point, series } from "../examination/series";
import { formatDay } from "../shell/format";

const ALWAYS = ["BPD", "HC", "AC", "FL"];
const ANATOMY = ["head", "brain", "face", "spine", "chest", "heart", "abdomen", "kidneys", "bladder", "limbs", "cord"];
const SEEN = ["seen", "not_seen", "not_looked_at"] as const;

/** The examination on the report, in the order of the printed page: dating, fetus, biometry, weight, growth, anatomy,
 * impression. What nothing shows and nobody entered is not assessed. */
export function ExaminationSheet({ examination }: { examination: Examination }): JSX.Element {
  const { summary } = examination, facts = examination.facts?.values ?? {};
  const indication = facts.indication || examination.order?.reason;
  return (
    <section class="sheet-examination">
      {indication && <p><b>{t("fact.indication")}:</b> {indication}</p>}
      <Dating summary={summary} />
      <h2>{t("fact.fetus")}</h2>
      <Fetus facts={facts} />
      {summary.several && <p><b>{t("fetus.several")}</b></p>}
      {summary.unassigned.length > 0 && <p>{t("fetus.not_said")}: {summary.unassigned.map((one) => `${one.measure} ${one.mm.toFixed(1)} mm`).join(", ")}</p>}
      {(summary.several ? examination.fetuses ?? [] : [{ fetus: "", summary }]).map((one) => (
        <section key={one.fetus}>
          {one.fetus && <h2>{t("fetus.one", { letter: one.fetus })}</h2>}
          <Biometry summary={one.summary} />
          {summary.dating && <Drawn summary={one.summary} points={series(one.summary, examination.earlier, one.fetus)} />}
        </section>
      ))}
      <h2>{t("fact.anatomy")}</h2>
      <dl class="facts">{SEEN.map((state) => {
        const parts = ANATOMY.filter((part) => (facts.anatomy?.[part] ?? "not_looked_at") === state);
        return parts.length > 0 && <div key={state}><dt>{code("seen", state)}</dt><dd>{parts.map((part) => code("anatomy", part)).join(", ")}</dd></div>;
      })}</dl>
      <h2>{t("fact.impression")}</h2>
      <p>{facts.impression || "–"}</p>
      {facts.comment && <p><b>{t("fact.comment")}:</b> {facts.comment}</p>}
      <SaidBy said={examination.said ?? []} />
    </section>
  );
}

/** Growth, where there is anything to draw. */
const Drawn = ({ summary, points }: { summary: ExaminationSummary; points: readonly Point[] }): JSX.Element | null =>
  (points.some((one) => Object.keys(one.values).length > 0) ? <Growth summary={summary} points={points} /> : null);

function Dating({ summary }: { summary: ExaminationSummary }): JSX.Element {
  const { dating } = summary;
  if (dating === null) return <p>{t("summary.no_age")}</p>;
  return (
    <p>
      {summary.ga_days !== null && <b>{weeksAndDays(summary.ga_days)}</b>} {t("summary.due", { day: formatDay(dating.due) })}.{" "}
      {t(`dating.${dating.reason}`, {
        day: formatDay(dating.basis === "scan" ? dating.scan_day : dating.zero), equation: dating.equation,
        n: Math.abs(dating.differs_days ?? 0), allowed: dating.allowed_days ?? 0,
      })}
    </p>
  );
}

function Fetus({ facts }: { facts: Facts }): JSX.Element {
  const { placenta, fluid, parity } = facts;
  const rows: [string, string[]][] = [
    [t("fact.fetuses"), facts.fetuses ? [String(facts.fetuses)] : []],
    [`${t("fact.gravida")} / ${t("fact.para")}`, parity ? [`${parity.gravida} / ${parity.para}`] : []],
    [t("fact.presentation"), facts.presentation ? [code("presentation", facts.presentation)] : []],
    [t("fact.heart_activity"), [...(facts.heart_activity ? [code("heart", facts.heart_activity)] : []), ...(facts.heart_rate ? [`${facts.heart_rate}/min`] : [])]],
    [t("fact.placenta"), placenta?.site ? [code("placenta", placenta.site)] : []],
    [t("fact.placenta_low"), placenta?.low == null ? [] : [code("answer", placenta.low ? "yes" : "no")]],
    [t("fact.fluid"), [...(fluid ? [`${code("fluid", fluid.kind)} ${fluid.mm} mm`] : []), ...(facts.fluid_impression ? [code("fluid", facts.fluid_impression)] : [])]],
  ];
  return <dl class="facts">{rows.map(([name, said]) => <div key={name}><dt>{name}</dt><dd>{said.join(", ") || t("summary.not_assessed", { list: "" }).replace(/[:：]?\s*\.?$/, "")}</dd></div>)}</dl>;
}

function Biometry({ summary }: { summary: ExaminationSummary }): JSX.Element {
  const missing = ALWAYS.filter((name) => !summary.measures.some((one) => one.measure === name));
  const { weight } = summary;
  return (
    <>
      {summary.measures.length > 0 && <div class="scrolls"><table class="figures">
        <thead><tr><th scope="col">{t("figures.what")}</th><th scope="col">{t("figures.value")}</th><th scope="col">{t("figures.interval")}</th><th scope="col">{t("column.age")}</th><th scope="col">{t("summary.centile")} <small>{summary.chart}</small></th></tr></thead>
        <tbody>
          {summary.measures.map((one) => <Measure key={one.measure} one={one} />)}
          {weight && <tr>
            <th scope="row">EFW <small>{weight.equation}</small></th><td class="value">{Math.round(weight.grams)} g</td>
            <td>{Math.round(weight.low_grams)} – {Math.round(weight.high_grams)} g</td><td>–</td>
            <td>{weight.centile ? centileNumber(weight.centile) : "–"}</td>
          </tr>}
        </tbody>
      </table></div>}
      {summary.measures.some((m) => m.counted.some(scaledByHand)) && <p class="small"><b>{t("phone.exam_by_hand")}</b></p>}
      {missing.length > 0 && <p class="small">{t("summary.not_assessed", { list: missing.join(", ") })}</p>}
      <p class="small">{Object.entries(summary.ratios).map(([name, value]) => `${name} ${name === "HC/AC" ? value.toFixed(2) : `${value.toFixed(0)} %`}`).join(" · ")}</p>
    </>
  );
}

function Measure({ one }: { one: MeasureSummary }): JSX.Element {
  const known = one.mm_low !== null && one.mm_high !== null;
  return (
    <tr>
      <th scope="row">{one.measure} <small>{code("measure", one.measure)}</small></th>
      <td class="value">{one.mm.toFixed(1)} mm</td>
      <td>{known ? `${one.mm_low!.toFixed(1)} – ${one.mm_high!.toFixed(1)} mm` : "–"}</td>
      <td>{one.dating?.text ?? "–"}</td>
      <td>{one.centile ? centileNumber(one.centile) : "–"}</td>
    </tr>
  );
}
