import type { JSX } from "preact";
import type { AbstentionCode, FrameReading, Result } from "@fada/shared/api/types";
import { ageInterval, measurementInterval, measurementValue } from "@fada/shared/case/Measurements";
import { FIELDS, FilteredText } from "@fada/shared/case/Interpretation";
import { inLanguage } from "@fada/shared/case/sentences";
import { type Key, code, t } from "@fada/shared/i18n";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import { withhold } from "@fada/shared/text/fetalSexFilter";
import type { Examination } from "../api/examination";
import { dateTime } from "../shell/format";
import { ExaminationSheet } from "./ExaminationSheet";
import { Rows } from "./Rows";

interface Props {
  result: Result;
  facts: [string, string][];
  examination?: Examination | null;
  pictures: { key: string; src: string; reading: FrameReading }[];
}

/** What an abstention is about, where its sentence does not say it. */
function aboutWhat(why: AbstentionCode, what: string): string {
  if (why === "low_confidence") return ` (${code("structure", what)})`;
  return why === "out_of_range" || why === "not_calibrated" ? ` (${code("measure", what)})` : "";
}

/** The report as it is printed. */
export function ReportBody({ result, facts, examination, pictures }: Props): JSX.Element {
  const { report } = result;
  const label = result.reviewed_by ? `${t("label.reviewed", { who: result.reviewed_by })}, ${dateTime(result.reviewed_at)}` : t("label.unreviewed");
  const read = report.frames.filter((f) => f.in_scope);
  return (
    <article class="sheet">
      <header>
        <h1>{t("pdf.title")}</h1>
        <p class={result.reviewed_by ? "label reviewed" : "label"}>{label}</p>
      </header>
      <Rows rows={facts} />
      {examination && <ExaminationSheet examination={examination} frames={report.frames} />}
      {read.length === 0 && <p>{t("report.nothing")}</p>}
      {pictures.length > 0 && <div class="sheet-images">
        {pictures.map(({ key, src, reading }) => (
          <section key={key} class="sheet-frame">
            <figure>
              <img src={src} alt={t("frame.alt", { n: reading.frame })} width={reading.width} height={reading.height} />
              <figcaption>{reading.plane ? code("plane", reading.plane.label) : t("confidence.no_plane")}{reading.subplane && ` · ${code("subplane", reading.subplane.label)}`}</figcaption>
            </figure>
            <div>
              {reading.measurements.length > 0 && (
                <table class="figures">
                  <thead><tr><th scope="col">{t("figures.what")}</th><th scope="col">{t("figures.value")}</th><th scope="col">{t("figures.interval")}</th></tr></thead>
                  <tbody>
                    {reading.measurements.map((m) => <tr key={m.name}><th scope="row">{m.name} <small>{code("measure", m.name)}</small></th><td class="value">{measurementValue(m)}</td><td>{measurementInterval(m)}</td></tr>)}
                    {reading.datings.map((d) => <tr key={d.equation}><th scope="row">{t("age.scan")} <small>{d.equation}</small></th><td class="value">{d.text}</td><td>{ageInterval(d)}</td></tr>)}
                    {reading.centiles.map((c) => <tr key={c.chart}><th scope="row">{c.measurement} <small>{c.chart}</small></th><td class="value">{t("centile.value", { n: c.centile.toFixed(0) })}</td><td>{weeksAndDays(c.at_days)}</td></tr>)}
                  </tbody>
                </table>
              )}
              <p>{t("report.structures")}: {reading.structures.length > 0 ? reading.structures.map((s) => code("structure", s.label)).join(", ") : "–"}</p>
              {reading.abstentions.length > 0 && (
                <ul class="reasons">{reading.abstentions.map(([why, what]) => <li key={`${why}${what}`}>{code("abstention", why)}{aboutWhat(why, what)}</li>)}</ul>
              )}
              {Object.keys(reading.interpretation).length > 0 && (
                <dl class="fields">{FIELDS.filter((f) => reading.interpretation[f]).map((f) => <div key={f}><dt>{t(`field.${f}` as Key)}</dt><dd><FilteredText text={reading.interpretation[f]!} say={inLanguage} /></dd></div>)}</dl>
              )}
            </div>
          </section>
        ))}
      </div>}
      {report.comment && report.comment !== examination?.facts?.values.comment && <p><b>{t("sign.comment")}:</b> {withhold(report.comment) ?? <em>{t("withheld")}</em>}</p>}
      <footer class="small">
        <p>{read.some((f) => Object.keys(f.interpretation).length > 0) ? `${t("interpretation.note")} ` : ""}{t("confidence.not_assessed")}</p>
        <p>{t("provenance.release")}: {report.release.name} {report.release.version} · <span class="hash">{report.release.sha256}</span> · {code("origin", result.origin)} · {dateTime(result.created_at)} · {t("versions.one", { n: result.version })}</p>
        <p class={result.reviewed_by ? "label reviewed" : "label"}>{label}</p>
      </footer>
    </article>
  );
}
