import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Key, code, t } from "@fada/shared/i18n";
import { type UploadDetails, UploadQueue, type QueuedFile, droppedFiles, newExamination } from "./UploadQueue";
import "../style/upload.css";

const SHOWN = 300;
const nobody = (): UploadDetails => ({ study: newExamination(), urgent: false, pixelMm: "", patientName: "", patientId: "", accession: "", lastPeriod: "" });

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** DICOM files, ZIP archives and pictures, many and large; what was refused, and why. */
export function Upload(): JSX.Element {
  const [all, setAll] = useState<QueuedFile[]>([]);
  const [over, setOver] = useState(false);
  const [about, setAbout] = useState(nobody);
  const [last, setLast] = useState<UploadDetails | null>(null);
  const sender = useMemo(() => new UploadQueue(setAll), []);
  const picker = useRef<HTMLInputElement>(null);
  const count = (...states: QueuedFile["state"][]): number => all.filter((x) => states.includes(x.state)).length;
  const open = count("waiting", "sending", "checking", "paused");
  const bytes = all.reduce((sum, x) => sum + x.file.size, 0), sent = all.reduce((sum, x) => sum + Math.min(x.sent, x.file.size), 0);
  const studies = [...new Set(all.flatMap((x) => x.items.filter((i) => i.accepted && i.study_id).map((i) => i.study_id)))];

  useEffect(() => { document.title = `${t("upload.title")} · FADA`; });
  useEffect(() => {
    if (open === 0) return;
    const stay = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [open === 0]);

  const send = (files: readonly File[]): void => {
    if (files.length === 0) return;
    sender.add(files, about);
    setLast(about);
    setAbout(nobody()); // the next woman is another one
  };
  const text = (name: Exclude<keyof UploadDetails, "urgent" | "study">, key: Key, type: "text" | "date" | "number" = "text"): JSX.Element => (
    <label>{t(key)}{" "}
      {type === "number"
        ? <input type="number" step="any" min="0.001" max="5" value={about[name]} onInput={(e) => setAbout({ ...about, [name]: e.currentTarget.value })} />
        : <input type={type as "text"} value={about[name]} onInput={(e) => setAbout({ ...about, [name]: e.currentTarget.value })} />}</label>
  );
  return (
    <main id="main" class="page upload">
      <h1>{t("upload.title")}</h1>
      <div class={over ? "drop over" : "drop"}
        onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
        onDrop={(e) => { e.preventDefault(); setOver(false); if (e.dataTransfer) void droppedFiles(e.dataTransfer).then(send); }}>
        <p><b>{t("upload.drop")}</b></p>
        <p class="muted">{t("upload.kinds")}</p>
        <p class="muted small">{last && about.study === last.study
          ? t("upload.same_examination", { who: last.patientName || last.patientId || t("patient.unnamed") })
          : t("upload.one_examination")}</p>
        <input ref={picker} type="file" multiple class="hidden" aria-label={t("upload.choose")}
          onChange={(e) => { send([...(e.currentTarget.files ?? [])]); e.currentTarget.value = ""; }} />
        <button type="button" class="main" onClick={() => picker.current?.click()}>{t("upload.choose")}</button>
        {last && about.study !== last.study && <button type="button" class="quiet" onClick={() => setAbout(last)}>{t("upload.more_of_her")}</button>}
        <label class="check"><input type="checkbox" checked={about.urgent} onChange={(e) => setAbout({ ...about, urgent: e.currentTarget.checked })} />{t("upload.urgent")}</label>
      </div>
      <details class="upload-about">
        <summary>{t("upload.about")}</summary>
        <p class="muted small">{t("upload.about_hint")}</p>
        <div class="grid">
          {text("patientName", "patient.name")}{text("patientId", "patient.id")}{text("accession", "patient.accession")}
          {text("lastPeriod", "age.period", "date")}{text("pixelMm", "upload.pixel_mm", "number")}
        </div>
      </details>
      {all.length > 0 && (
        <section aria-label={t("upload.files")}>
          <div class="upload-sum" role="status">
            <progress max={bytes || 1} value={sent} aria-label={t("upload.progress")} />
            <span>{t("upload.sum", { done: count("done"), refused: count("refused"), open, size: megabytes(bytes) })}</span>
            {studies.length === 1 && <a class="button" href={`/study/${studies[0]}`} data-inside>{t("upload.open_case")}</a>}
            {studies.length > 1 && <a class="button" href="/" data-inside>{t("nav.worklist")}</a>}
            {count("done", "refused") > 0 && <button type="button" class="quiet" onClick={() => sender.clear()}>{t("upload.clear")}</button>}
          </div>
          <ul class="transfers">
            {all.slice(-SHOWN).map((x) => <Line key={x.id} transfer={x} sender={sender} />)}
          </ul>
        </section>
      )}
    </main>
  );
}

function Line({ transfer, sender }: { transfer: QueuedFile; sender: UploadQueue }): JSX.Element {
  const { id, file, state, items, sent, problem, problemCode } = transfer;
  const refused = items.filter((i) => i.problem);
  const accepted = items.find((i) => i.accepted);
  const known = items.length > 0 && items.every((i) => !i.new && i.accepted);
  return (
    <li class={`transfer ${state}`}>
      <span class="name">{file.name} <small class="muted">{megabytes(file.size)}</small></span>
      <span class="state-word">{known ? t("transfer.known") : t(`transfer.${state}`)}{state === "sending" && ` ${Math.floor((100 * sent) / (file.size || 1))} %`}</span>
      <span class="ends">
        {state === "sending" && <button type="button" class="quiet" onClick={() => sender.pause(id)}>{t("transfer.pause")}</button>}
        {state === "paused" && <button type="button" class="quiet" onClick={() => sender.resume(id)}>{t("transfer.resume")}</button>}
        {accepted && <a href={`/study/${accepted.study_id}`} data-inside>{t("upload.open_case")}</a>}
      </span>
      {problemCode && <p class="why">{code("problem", problemCode)} {problem}</p>}
      {state === "done" && refused.map((i) => <p key={i.name} class="why">{i.name}: {code("problem", i.problem!.code)} {i.problem!.detail}</p>)}
    </li>
  );
}
