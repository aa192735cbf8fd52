import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Report } from "@fada/shared/api/types";
import { Measurements } from "@fada/shared/case/Measurements";
import { Confidence, Interpretation } from "@fada/shared/case/Interpretation";
import { lettersOf } from "@fada/shared/examination/fetuses";
import { code, t } from "@fada/shared/i18n";
import type { Picture } from "../../case/picture";
import { type Details, NO_DETAILS } from "../../case/details";
import { capturedDay } from "../../case/day";
import { type Manifest, lookedFor } from "../../reading/manifest";
import { type HubFacts, examinationInput } from "../../case/hubFacts";
import { type Case, type CaseStore, UNSENT, hasNews } from "../../store/cases";
import { givenSettings } from "../../sync/given";
import { CaseDetails } from "./CaseDetails";
import { DeleteCase } from "./DeleteCase";
import { Examination } from "../Examination";
import { FramePicker } from "../FramePicker";
import { FrameView } from "../FrameView";
import { type FrameRef, bestFrame, frameRefs, readingOf, useFrameUrls, useCaseFiles } from "../caseFiles";
import { examinationOf } from "@fada/shared/examination/examination";
import { ReadAloud } from "../aloud/ReadAloud";
import { spokenReport } from "../aloud/spokenReport";
import { stateWords } from "./stateWords";
import { ReviewNote } from "./ReviewNote";
import { Thumbnails } from "../Thumbnails";
import { AddFiles } from "../AddFiles";
import { AskReading } from "../../guide/AskReading";

interface Props {
  store: CaseStore;
  record: Case;
  /** Of the release that reads on this phone, once it is loaded. */
  manifest: Manifest | null;
  /** What is being done with this case now, in words. */
  busy: string;
  /** Ends the looking through its clip; null where none is looked through. */
  stopLooking: (() => void) | null;
  problem: string;
  close: () => void;
  remove: () => void;
  add: (files: File[]) => void;
  /** A change to one picture, which is then read again. */
  revise: (change: { sha256: string } & Partial<Pick<Picture, "pixelMm" | "frames">>) => void;
  describe: (details: Details) => void;
  /** Says which of several fetuses an image shows; "" takes it back. */
  setFetus: (sopUid: string, letter: string) => void;
  /** Sends the case as it is; null where this phone can read it. */
  leaveToHub: (() => void) | null;
  /** Sends its pictures now, whatever the network costs. */
  sendAnyway: () => void;
  /** What the hub says was looked at. */
  seen: () => void;
}

/** One case on the phone: what a reviewer says of it, its pictures, and the reading of the phone or of the hub. */
export function CaseView({ store, record, manifest, busy, stopLooking, problem, close, remove, add, revise, describe, setFetus, leaveToHub, sendAnyway, seen }: Props): JSX.Element {
  const [own, setOwn] = useState<Report | null>(null);
  const [hub, setHub] = useState<Report | null>(null);
  const [whose, setWhose] = useState<"phone" | "hub">(record.hub ? "hub" : "phone");
  const [comment, setComment] = useState("");
  const [details, setDetails] = useState<Details>(NO_DETAILS);
  const [facts, setFacts] = useState<HubFacts | null>(null);
  const [gone, setGone] = useState<{ picture: number; frame: number | null } | null>(null);
  const [chart, setChart] = useState<string | undefined>(undefined);
  useEffect(() => { void givenSettings().then((given) => setChart(given.chart)); }, []);
  const count = useRef(record.pictures.length);
  const files = useCaseFiles(store, record);
  const picture = useFrameUrls(files);

  useEffect(() => {
    void store.report(record).then(setOwn);
    void store.hub(record).then(setHub);
    void store.details(record).then(setDetails);
    void store.comment(record).then(setComment);
    void store.facts(record).then(setFacts);
    if (hasNews(record)) seen();
  }, [record.version, record.state, record.hubVersion, record.details, record.comment, record.facts, JSON.stringify(record.pictures)]);

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
  const input = examinationInput(record, details, facts, UNSENT.includes(record.state)), letters = lettersOf(input.fetuses);
  const charted = chart ? { ...input, chart } : input;
  const label = record.training ? t("training.label") : report?.reviewed_by ? t("label.reviewed", { who: report.reviewed_by }) : t("label.unreviewed");
  const title = t("phone.case", { n: record.n });
  return (
    <main class="field-page field-case">
      <div class="field-head">
        <button type="button" onClick={close}>← {t("phone.cases")}</button>
        <h1>{title}</h1>
        <span class="state">{stateWords(record)}</span>
      </div>
      {record.training && <p class="note warn training-mark">{t("training.mark")}</p>}
      <ReviewNote record={record} comment={comment} hub={hub} />
      {problem && <p class="note warn" role="alert">{problem}</p>}
      {busy && <p class="note" role="status">{busy} {stopLooking && <button type="button" onClick={stopLooking}>{t("phone.stop_looking")}</button>}</p>}
      {record.problem.startsWith("waits_") && <p class="note">{code("problem", record.problem)} <button type="button" onClick={sendAnyway}>{t("link.anyway")}</button></p>}
      {at && current && opened && <>
        <FrameView key={`${current.sha256}/${at.frame}`} alt={`${title}, ${t("phone.image_of", { n: at.picture + 1, all: files.length })}`} label={label}
          reading={reading} load={() => picture(at)}
          setScale={opened.source.calibration === null && opened.source.decodable ? (pixelMm) => revise({ sha256: current.sha256, pixelMm }) : null} />
        {opened.source.count > 1 && <FramePicker count={opened.source.count} frame={at.frame} read={reading !== null} go={(frame) => setGone({ ...at, frame })}
          choose={(frames) => revise({ sha256: current.sha256, frames })} chosen={current.frames} />}
        {letters.length > 0 && <div class="whose" role="group" aria-label={t("fetus.of_image")}>
          {letters.map((letter) => <FetusButton key={letter} letter={letter} shown={input.ofImage?.[opened.sopUid] === letter} set={(next) => setFetus(opened.sopUid, next)} />)}
        </div>}
        {skipped && <p class="note warn">{code("problem", skipped)}</p>}
      </>}
      {all.length > 1 && at && <Thumbnails all={all} at={at} go={setGone} picture={picture} reading={(ref) => readingOf(report, files, ref)} />}
      {record.state === "captured" && leaveToHub && !busy && !record.training && <p class="note">{t("phone.no_reading")} <button type="button" onClick={leaveToHub}>{t("phone.leave_to_hub")}</button></p>}
      {!record.imagesGone && <AddFiles take={add} />}
      {hub && own && (
        <div class="whose" role="group" aria-label={t("provenance.where")}>
          {(["phone", "hub"] as const).map((w) => <button key={w} type="button" aria-pressed={whose === w} onClick={() => setWhose(w)}>{t(`phone.whose_${w}`)}</button>)}
        </div>
      )}
      {record.imagesGone && <p class="note">{t("given.images_gone")}</p>}
      {report && <Examination report={report} input={charted} />}
      {report && <ReadAloud text={spokenReport(label, examinationOf(report.frames, charted), reading)} />}
      <CaseDetails key={JSON.stringify(details)} details={details} day={record.imageDay ? null : capturedDay(record)} describe={describe} />
      {report && reading && <>
        <Measurements measured={{ measurements: reading.measurements, datings: reading.datings, centiles: reading.centiles, byHand: false }} reading={reading}
          lastPeriod={null} periodDays={null} scanDay={report.created_at.slice(0, 10)} />
        <Confidence reading={reading} plane={reading.plane?.label ?? null} />
        <Interpretation texts={reading.interpretation} reading={reading} byModel change={null} />
        <AskReading reading={reading} known={lookedFor(manifest, report.release)} />
        <p class="muted small">{report.release.name} {report.release.version} · <span class="hash">{report.release.sha256.slice(0, 16)}…</span> · {Object.entries(report.seconds).map(([name, s]) => `${name} ${s.toFixed(1)} s`).join(", ")}</p>
      </>}
      <DeleteCase record={record} remove={remove} />
    </main>
  );
}

function FetusButton({ letter, shown, set }: { letter: string; shown: boolean; set: (letter: string) => void }): JSX.Element {
  return <button type="button" aria-pressed={shown} onClick={() => set(shown ? "" : letter)}>{t("fetus.one", { letter })}</button>;
}
