import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, post, remove } from "../api/client";
import type { Result, Study } from "@fada/shared/api/types";
import type { Examination } from "../api/examination";
import { type Frame, framesOf } from "../study/frames";
import { language, t } from "@fada/shared/i18n";
import { useExamination } from "../examination/useExamination";
import { toastError, toast, errorText } from "../shell/toasts";
import { hasRole, useMe } from "../shell/session";
import { formatDay, dateTime, personName } from "../shell/format";
import { ReportBody } from "./ReportBody";
import "../style/report.css";

const KEY_IMAGES = 6;

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
  const pictures = all ? frames : keyFrames(frames, examination);
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
      {frames.length > pictures.length || all ? <p class="report-images"><label class="check"><input type="checkbox" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />{t("report.all_images", { n: frames.length })}</label></p> : null}
      {hasRole(me, "sonographer") && <Shares id={id} />}
      <ReportBody result={result} examination={examination} facts={[
        [t("patient.name"), personName(study.patient.name)], [t("patient.id"), study.patient.id], [t("patient.birth_date"), formatDay(study.patient.birth_date)],
        [t("patient.accession"), study.accession], [t("report.study_date"), formatDay(study.study_date)], [t("age.period"), formatDay(examination?.last_period ?? study.last_period)],
      ]} pictures={pictures.map((f) => ({ key: `${f.sopUid}/${f.frame}`, src: `${base}/frames/${f.sopUid}/${f.frame}/overlay.png`, reading: f.reading! }))} />
    </main>
  );
}

/** The images that the page shows at first: those that count for a measure, then others that show a plane. */
function keyFrames(frames: readonly Frame[], examination: Examination | null): Frame[] {
  const summaries = examination ? [examination.summary, ...(examination.fetuses ?? []).map((one) => one.summary)] : [];
  const counted = new Set(summaries.flatMap((one) => one.measures.flatMap((m) => m.counted.map((c) => `${c.sop_uid}/${c.frame}`))));
  const counts = (f: Frame): boolean => counted.has(`${f.sopUid}/${f.frame}`);
  const known = frames.filter((f) => f.reading?.in_scope);
  return [...known.filter(counts), ...known.filter((f) => !counts(f))].slice(0, KEY_IMAGES);
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
