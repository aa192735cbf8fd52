import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, post, remove } from "../api/client";
import type { Result, Study } from "@fada/shared/api/types";
import { framesOf } from "../study/frames";
import { language, t } from "@fada/shared/i18n";
import { useExamination } from "../examination/useExamination";
import { toastError, toast, errorText } from "../shell/toasts";
import { hasRole, useMe } from "../shell/session";
import { formatDay, dateTime, personName } from "../shell/format";
import { ReportBody } from "./ReportBody";
import "../style/report.css";

interface Share { id: string; expires_at: string; url?: string }

/** The report as a page to print, its other forms, and a link for somebody else that ends. */
export function ReportPage({ id }: { id: string }): JSX.Element {
  const me = useMe();
  const [study, setStudy] = useState<Study | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  const { examination, chart } = useExamination(id, String(result?.version ?? 0));
  const [failure, setFailure] = useState<unknown>(null);
  const [all, setAll] = useState(false);
  useEffect(() => {
    document.title = `${t("report.title")} · FADA`;
    Promise.all([get<Study>(`/api/studies/${id}`), get<Result>(`/api/studies/${id}/results/latest`)])
      .then(([s, r]) => { setStudy(s); setResult(r); }, setFailure);
  }, [id]);
  if (failure !== null) return <main id="main" class="page"><p class="bad" role="alert">{errorText(failure)}</p></main>;
  if (!study || !result) return <main id="main" class="page"><p class="waiting" role="status">{t("loading")}</p></main>;
  const base = `/api/studies/${id}/results/${result.version}`;
  const frames = framesOf(study, result.report).filter((f) => f.reading !== null);
  const read = result.report.frames.filter((f) => f.in_scope);
  const facts = examination?.facts?.values, parity = facts?.parity;
  return (
    <main id="main" class="page report">
      <div class="report-bar">
        <a href={`/study/${id}`} data-inside>← {t("report.back")}</a>
        <button type="button" class="main" onClick={() => print()}>{t("report.print")}</button>
        <a class="button" href={`${base}/report.pdf?lang=${language()}&chart=${chart}`} download>PDF</a>
        <a class="button" href={`${base}/report.pdf?lang=${language()}&chart=${chart}&images=true`} download>{t("report.pdf_images")}</a>
        <a class="button" href={`${base}/fhir.json`} download>FHIR</a>
        <a class="button" href={`${base}/sr.dcm`} download>DICOM SR</a>
        <a class="button" href={`${base}/report.json`} download>JSON</a>
      </div>
      {frames.length > 0 && <p class="report-images"><label class="check"><input type="checkbox" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />{t("report.all_images", { n: frames.length })}</label></p>}
      {hasRole(me, "sonographer") && <Shares id={id} />}
      <ReportBody result={result} examination={examination} facts={[
        [t("pdf.patient"), personName(study.patient.name)], [t("pdf.number"), study.patient.id], [t("pdf.born"), formatDay(study.patient.birth_date)],
        [t("pdf.day"), formatDay(study.study_date)], [t("pdf.accession"), study.accession],
        [t("pdf.scanned_by"), personName(examination?.acquired?.operator ?? "")], [t("pdf.machine"), examination?.acquired?.machine ?? ""],
        [t("pdf.parity"), parity ? `${parity.gravida ?? "–"} / ${parity.para ?? "–"}` : ""], [t("pdf.made"), dateTime(result.created_at)],
        [t("pdf.indication"), facts?.indication || examination?.order?.reason || "–"],
        [t("pdf.images"), t("pdf.images_read", { read: read.length, all: result.report.frames.length, skipped: result.report.skipped?.length ?? 0 })],
      ]} pictures={(all ? frames : []).map((f) => ({ key: `${f.sopUid}/${f.frame}`, src: `${base}/frames/${f.sopUid}/${f.frame}/overlay.png`, reading: f.reading! }))} />
    </main>
  );
}

function Shares({ id }: { id: string }): JSX.Element {
  const [shares, setShares] = useState<Share[]>([]);
  const [hours, setHours] = useState(24);
  const [made, setMade] = useState("");
  const load = (): void => void get<{ items: Share[] }>(`/api/studies/${id}/shares`).then((page) => setShares(page.items), () => undefined);
  useEffect(load, [id]);
  const make = (event: Event): void => {
    event.preventDefault();
    post<Share>(`/api/studies/${id}/shares`, { hours }).then((share) => {
      const url = new URL(share.url ?? "", location.href).href;
      setMade(url);
      load();
      navigator.clipboard?.writeText(url).then(() => toast("share.copied"), () => undefined);
    }, toastError);
  };
  return (
    <details class="shares">
      <summary>{t("share.title")}</summary>
      <form onSubmit={make}>
        <label>{t("share.for")}
          <select value={hours} onChange={(e) => setHours(Number(e.currentTarget.value))}>
            {[1, 24, 72, 168].map((h) => <option key={h} value={h}>{h < 48 ? `${h} h` : `${h / 24} d`}</option>)}
          </select>
        </label>
        <button type="submit">{t("share.make")}</button>
      </form>
      {made && <p><label>{t("share.link")}<input type="text" readOnly value={made} onFocus={(e) => e.currentTarget.select()} /></label></p>}
      <ul>{shares.map((s) => (
        <li key={s.id}>{t("share.until", { at: dateTime(s.expires_at) })} <button type="button" class="quiet" onClick={() => void remove(`/api/studies/${id}/shares/${s.id}`).then(load, toastError)}>{t("share.end")}</button></li>
      ))}</ul>
    </details>
  );
}
