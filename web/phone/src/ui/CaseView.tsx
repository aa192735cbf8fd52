import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Report } from "@fada/shared/api/types";
import { Measurements } from "@fada/shared/case/Measurements";
import { Confidence, Interpretation } from "@fada/shared/case/Interpretation";
import { code, t } from "@fada/shared/i18n";
import type { Picture } from "../case/picture";
import type { Case, CaseStore } from "../store/cases";
import { DeleteCase } from "./DeleteCase";
import { FramePicker } from "./FramePicker";
import { FrameView } from "./FrameView";
import { type FrameRef, bestFrame, frameRefs, readingOf, useFrameUrls, useCaseFiles } from "./caseFiles";
import { Thumbnails } from "./Thumbnails";
import { AddFiles } from "./AddFiles";

interface Props {
  store: CaseStore;
  record: Case;
  /** What is being done with a picture now, in words. */
  busy: string;
  problem: string;
  close: () => void;
  remove: () => void;
  add: (files: File[]) => void;
  /** Read what is not read, after `change` to one picture; null while nothing can be read. */
  read: ((change?: { sha256: string } & Partial<Pick<Picture, "pixelMm" | "frames">>) => void) | null;
}

/** One case on the phone: its pictures, the phone's reading of each, and the hub's beside it when it has come. */
export function CaseView({ store, record, busy, problem, close, remove, add, read }: Props): JSX.Element {
  const [own, setOwn] = useState<Report | null>(null);
  const [hub, setHub] = useState<Report | null>(null);
  const [whose, setWhose] = useState<"phone" | "hub">(record.hub ? "hub" : "phone");
  const [gone, setGone] = useState<{ picture: number; frame: number | null } | null>(null);
  const count = useRef(record.pictures.length);
  const files = useCaseFiles(store, record);
  const picture = useFrameUrls(files);

  useEffect(() => {
    void store.report(record).then(setOwn);
    void store.hub(record).then(setHub);
  }, [record.version, record.state, record.hubVersion, JSON.stringify(record.pictures)]);

  useEffect(() => { // whoever adds a picture wants to see it
    if (record.pictures.length > count.current) setGone({ picture: record.pictures.length - 1, frame: null });
    count.current = record.pictures.length;
  }, [record.pictures.length]);

  const report = whose === "hub" && hub ? hub : own;
  const all = frameRefs(files, [own, hub]);
  const went = gone && { picture: gone.picture, frame: gone.frame ?? all.find((ref) => ref.picture === gone.picture)?.frame ?? 1 };
  const at: FrameRef | null = went ?? bestFrame(files, report) ?? all[0] ?? null;
  const current = at && record.pictures[at.picture], opened = at && files[at.picture];
  const reading = at && readingOf(report, files, at);
  const skipped = report?.skipped.find(([uid]) => uid === opened?.sopUid)?.[1];
  const label = report?.reviewed_by ? t("label.reviewed", { who: report.reviewed_by }) : t("label.unreviewed");
  const title = t("phone.case", { n: record.n });
  return (
    <main class="field-page field-case">
      <div class="field-head">
        <button type="button" onClick={close}>← {t("phone.cases")}</button>
        <h1>{title}</h1>
        <span class="state">{t(`phone.state_${record.state}`)}</span>
      </div>
      {problem && <p class="note warn" role="alert">{problem}</p>}
      {busy && <p class="note" role="status">{busy}</p>}
      {at && current && opened && <>
        <FrameView key={`${current.sha256}/${at.frame}`} alt={`${title}, ${t("phone.image_of", { n: at.picture + 1, all: files.length })}`} label={label}
          reading={reading} load={() => picture(at)}
          setScale={read && opened.source.calibration === null && opened.source.decodable ? (pixelMm) => read({ sha256: current.sha256, pixelMm }) : null} />
        {opened.source.count > 1 && <FramePicker count={opened.source.count} frame={at.frame} read={reading !== null} go={(frame) => setGone({ ...at, frame })}
          choose={read && ((frames) => read({ sha256: current.sha256, frames }))} chosen={current.frames} />}
        {skipped && <p class="note warn">{code("problem", skipped)}</p>}
      </>}
      {all.length > 1 && at && <Thumbnails all={all} at={at} go={setGone} picture={picture} reading={(ref) => readingOf(report, files, ref)} />}
      {record.state === "captured" && read && <p><button type="button" class="main" onClick={() => read()}>{t("phone.read")}</button></p>}
      <AddFiles disabled={read === null} take={add} />
      {hub && own && (
        <div class="whose" role="group" aria-label={t("provenance.where")}>
          {(["phone", "hub"] as const).map((w) => <button key={w} type="button" aria-pressed={whose === w} onClick={() => setWhose(w)}>{t(`phone.whose_${w}`)}</button>)}
        </div>
      )}
      {report && reading && <>
        <Measurements measured={{ measurements: reading.measurements, datings: reading.datings, centiles: reading.centiles, byHand: false }} reading={reading}
          lastPeriod={null} periodDays={null} scanDay={report.created_at.slice(0, 10)} />
        <Confidence reading={reading} plane={reading.plane?.label ?? null} />
        <Interpretation texts={reading.interpretation} reading={reading} byModel change={null} />
        <p class="muted small">{report.release.name} {report.release.version} · <span class="hash">{report.release.sha256.slice(0, 16)}…</span> · {Object.entries(report.seconds).map(([name, s]) => `${name} ${s.toFixed(1)} s`).join(", ")}</p>
      </>}
      <DeleteCase record={record} remove={remove} />
    </main>
  );
}
