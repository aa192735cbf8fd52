import type { JSX } from "preact";
import type { Report } from "@fada/shared/api/types";
import { code, language, t } from "@fada/shared/i18n";
import { type ExaminationInput, examinationOf } from "@fada/shared/examination/examination";
import { type ExaminationSummary, type MeasureSummary, scaledByHand } from "@fada/shared/examination/summary";
import { weeksAndDays } from "@fada/shared/measurement/biometry";

interface Props { report: Report; input: ExaminationInput }

/** All images of the examination read as one, by the hub's rules: of several fetuses each alone; what no image shows is
 * said as not assessed. */
export function Examination({ report, input }: Props): JSX.Element {
  const { whole, fetuses } = examinationOf(report.frames, input);
  const byHand = [whole, ...fetuses.map((one) => one.summary)].some((made) => made.measures.some((m) => m.counted.some(scaledByHand)));
  return (
    <section class="panel" aria-labelledby="examination-title">
      <h2 id="examination-title">{t("phone.exam")}</h2>
      <Dated made={whole} />
      <Figures made={whole} />
      {whole.several && <p><b>{t("fetus.several")}</b></p>}
      {fetuses.map(({ fetus, summary }) => (
        <section key={fetus} aria-label={t("fetus.one", { letter: fetus })}>
          <h3>{t("fetus.one", { letter: fetus })}</h3>
          <Figures made={summary} />
          <NotAssessed made={summary} />
        </section>
      ))}
      {whole.unassigned.length > 0 && <p class="note warn">{t("fetus.not_said")}: {whole.unassigned.map((one) => `${one.measure} ${one.mm.toFixed(1)} mm`).join(", ")}</p>}
      {byHand && <p class="note warn">{t("phone.exam_by_hand")}</p>}
      {!whole.several && <NotAssessed made={whole} />}
    </section>
  );
}

const NotAssessed = ({ made }: { made: ExaminationSummary }): JSX.Element =>
  <p class="muted small">{t("phone.exam_not_assessed", { what: made.not_assessed.map((name) => code("measure", name)).join(", ") })}</p>;

/** Measures with the weight; none where nothing was measured. */
function Figures({ made }: { made: ExaminationSummary }): JSX.Element | null {
  if (made.measures.length === 0) return null;
  return (
    <table class="figures">
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
    </table>
  );
}

const longDay = (day: string): string => new Date(`${day}T12:00Z`).toLocaleDateString(language(), { day: "numeric", month: "long", year: "numeric" });

function Dated({ made: { day, dating, ga_days, discordance_days } }: { made: ExaminationSummary }): JSX.Element {
  const seen = day !== null && <span class="muted">{t("phone.exam_day", { day: longDay(day) })}</span>;
  if (!dating || ga_days === null || ga_days < 0) return <p class="dated muted">{seen}{seen && <br />}{t("phone.exam_no_age")}</p>;
  const earlier = dating.basis === "scan" && dating.scan_day !== day;
  const basis = earlier ? t("phone.exam_basis_earlier", { equation: dating.equation, day: longDay(dating.scan_day!) })
    : t(`phone.exam_basis_${dating.reason}`, { equation: dating.equation, n: Math.abs(dating.differs_days ?? 0) });
  return (
    <p class="dated">
      {seen}<br />
      <b>{weeksAndDays(ga_days)}</b> {basis}<br />
      {t("phone.exam_due", { day: longDay(dating.due) })}
      {discordance_days !== null && discordance_days !== 0 && dating.basis === "last_period" && <> · {t("phone.exam_differs", { n: `${discordance_days > 0 ? "+" : "−"}${Math.abs(discordance_days)}` })}</>}
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
