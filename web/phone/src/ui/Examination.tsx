import type { JSX } from "preact";
import type { Report } from "@fada/shared/api/types";
import { code, language, t } from "@fada/shared/i18n";
import { datePregnancy, type DatingScan } from "@fada/shared/examination/pregnancy";
import { type ExaminationSummary, type MeasureSummary, summarise } from "@fada/shared/examination/summary";
import { weeksAndDays } from "@fada/shared/measurement/biometry";

interface Props { report: Report; day: string; lastPeriod: string | null }

/** All images of the examination read as one, by the hub's rules; what no image shows is said as not assessed. */
export function Examination({ report, day, lastPeriod }: Props): JSX.Element {
  const alone = summarise(report.frames, { day });
  const made = summarise(report.frames, { day, dating: datePregnancy(lastPeriod, ownScan(alone)) });
  const byHand = made.measures.some((m) => m.counted.some((one) => one.calibration === "scale_bar"));
  return (
    <section class="panel" aria-labelledby="examination-title">
      <h2 id="examination-title">{t("phone.exam")}</h2>
      <Dated made={made} />
      {made.measures.length > 0 && <table class="figures">
        <thead><tr><th scope="col">{t("figures.what")}</th><th scope="col">{t("figures.value")}</th><th scope="col">{t("phone.exam_age")}</th><th scope="col">{t("phone.exam_centile")}</th></tr></thead>
        <tbody>
          {made.measures.map((m) => <MeasureRow key={m.measure} measure={m} />)}
          {made.weight && <tr>
            <th scope="row">{t("phone.exam_weight")}<small>{made.weight.equation}</small></th>
            <td class="value">{Math.round(made.weight.grams)} g<small>{Math.round(made.weight.low_grams)} – {Math.round(made.weight.high_grams)} g</small></td>
            <td>–</td>
            <td>{centileWords(made.weight.centile?.centile)}</td>
          </tr>}
        </tbody>
      </table>}
      {byHand && <p class="note warn">{t("phone.exam_by_hand")}</p>}
      <p class="muted small">{t("phone.exam_not_assessed", { what: made.not_assessed.map((name) => code("measure", name)).join(", ") })}</p>
    </section>
  );
}

/** The scan's own age, where it dates the pregnancy: of all four measures, else the head's. */
function ownScan({ day, composite, measures }: ExaminationSummary): DatingScan[] {
  const by = composite ?? measures.find((m) => m.measure === "HC")?.dating;
  return by && day !== null ? [{ day, ga_days: by.days, equation: by.equation }] : [];
}

function Dated({ made: { dating, ga_days, discordance_days } }: { made: ExaminationSummary }): JSX.Element {
  if (!dating || ga_days === null || ga_days < 0) return <p class="muted">{t("phone.exam_no_age")}</p>;
  const basis = t(`phone.exam_basis_${dating.reason}`, { equation: dating.equation, days: Math.abs(dating.differs_days ?? 0) });
  return (
    <p class="dated">
      <b>{weeksAndDays(ga_days)}</b> {basis}<br />
      {t("phone.exam_due", { day: new Date(`${dating.due}T12:00Z`).toLocaleDateString(language(), { day: "numeric", month: "long", year: "numeric" }) })}
      {discordance_days !== null && discordance_days !== 0 && dating.basis === "last_period" && <> · {t("phone.exam_differs", { days: `${discordance_days > 0 ? "+" : "−"}${Math.abs(discordance_days)}` })}</>}
    </p>
  );
}

function MeasureRow({ measure: m }: { measure: MeasureSummary }): JSX.Element {
  return (
    <tr>
      <th scope="row"><abbr title={code("measure", m.measure)}>{m.measure}</abbr>{m.candidates.length > 1 && <small>{t("phone.images", { n: m.counted.length })}</small>}</th>
      <td class="value">{m.mm.toFixed(1)} mm{m.mm_low !== null && m.mm_high !== null && <small>{m.mm_low.toFixed(1)} – {m.mm_high.toFixed(1)} mm</small>}</td>
      <td>{m.dating?.text ?? "–"}</td>
      <td>{centileWords(m.centile?.centile)}</td>
    </tr>
  );
}

const centileWords = (centile: number | undefined): string =>
  (centile === undefined ? "–" : centile < 1 ? "<1" : centile > 99 ? ">99" : centile.toFixed(0));
