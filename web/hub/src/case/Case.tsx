import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { patch } from "../api/client";
import type { Result, Study } from "@fada/shared/api/types";
import type { Candidate } from "@fada/shared/examination/summary";
import { code, t } from "@fada/shared/i18n";
import { FactsForm } from "../examination/FactsForm";
import { useFacts } from "../examination/useFacts";
import { useExamination } from "../examination/useExamination";
import { liveSummary } from "../examination/live";
import { Arrival } from "../record/Arrival";
import { Claim } from "../record/Claim";
import { ClashBanner } from "../record/ClashBanner";
import { StudyMenu } from "../record/StudyMenu";
import { Blind } from "../review/Blind";
import { LeaveDialog } from "../review/LeaveDialog";
import { OlderDraft } from "../review/OlderDraft";
import { EditorBar, useEditor } from "../review/Editor";
import type { Action } from "../review/SignDialog";
import { dateTime, personName } from "../shell/format";
import { navigate } from "../shell/router";
import { hasRole, useMe } from "../shell/session";
import { errorText, toast, toastError } from "../shell/toasts";
import { usePlace } from "../study/usePlace";
import { Actions } from "./Actions";
import { CaseHeader } from "./CaseHeader";
import { Cine } from "./Cine";
import { FrameView } from "./FrameView";
import { ImagePanels, useOverlays } from "./ImagePanels";
import { Provenance } from "./Provenance";
import { Side } from "./Side";
import { Thumbnails } from "./Thumbnails";
import { Versions } from "./Versions";
import { type CaseData, useCase } from "./useCase";
import { useCaseKeys } from "./useCaseKeys";
import { useImages } from "./useImages";
import { useReading } from "./useReading";

/** One examination from the first look to the signature. */
export function Case({ id }: { id: string }): JSX.Element {
  const data = useCase(id);
  const { study, result } = data;
  if (data.failure !== null) {
    return <main id="main" class="page"><p class="bad" role="alert">{errorText(data.failure)}</p><a href="/" data-inside>{t("nav.worklist")}</a></main>;
  }
  if (!study) return <main id="main" class="page"><p class="waiting" role="status">{t("loading")}</p></main>;
  return <Room key={`${id}/${result?.version ?? 0}`} data={data} study={study} result={result} />;
}

function Room({ data, study, result }: { data: CaseData; study: Study; result: Result | null }): JSX.Element {
  const me = useMe();
  const latest = result === null || data.base !== null;
  const editable = result !== null && latest && hasRole(me, "sonographer");
  const takenUp = result !== null && data.base !== null && data.base !== result.version;
  const examined = useExamination(study.id, `${study.latest_version}/${study.state}`);
  const { examination } = examined;
  const entered = useFacts(study.id, examination?.facts, () => void examined.reload(), examined.latestFacts);
  const facts = useMemo(() => (data.blind ? { ...entered?.values, chosen: {} } : entered?.values ?? {}), [entered?.values, data.blind]);
  const reading = useReading(study, result, editable, entered ? facts.last_period ?? examination?.pregnancy?.last_period ?? null : undefined);
  const { frames, pictures, picture, index, setIndex, frame, history, shown } = reading;
  const changed = history.changed || takenUp;
  const live = useMemo(() => examination && liveSummary(examination, reading.readings, facts, study.last_period), [examination, reading.readings, facts]);
  const [action, setAction] = useState<Action | null>(null);
  const [editing, setEditing] = useState(false);
  const overlays = useOverlays();
  const place = usePlace(study.id);

  const drawable = editing && editable && frame !== undefined && !frame.preview; // nobody measures on a small copy
  const editor = useEditor({
    frame: reading.drafted, reading: frame?.reading ?? null, width: frame?.width ?? 1, height: frame?.height ?? 1, label: overlays.label, preview: reading.setPreview, commit: reading.change,
  });
  useEffect(() => { document.title = `${personName(study.patient.name) || t("patient.unnamed")} · FADA`; }, [study]);
  useEffect(() => { if (reading.restored) toast("draft.restored"); }, []);

  const go = (id: string | null | undefined): void => { if (id) navigate(`/study/${id}`); };
  const draw = (label: string): void => {
    overlays.setLabel(label);
    setEditing(true);
    editor.setTool("ellipse");
  };
  const urgent = (): Promise<void> => patch(`/api/studies/${study.id}`, { urgent: !study.urgent }).then(() => data.reload(), toastError);
  const choose = (measure: string, one: Candidate | null): void => {
    const { [measure]: _, ...others } = facts.chosen ?? {};
    entered?.change({ chosen: one ? { ...others, [measure]: { sop_uid: one.sop_uid, frame: one.frame } } : others });
  };
  const images = useImages(reading, live);
  const letters = live ? live.fetuses.map((one) => one.fetus) : [];
  const nameFetus = (sopUid: string, letter: string): void => {
    const { [sopUid]: _, ...others } = facts.fetus_images ?? {};
    entered?.change({ fetus_images: letter ? { ...others, [sopUid]: letter } : others });
  };
  const mayWrite = hasRole(me, "sonographer");
  const refresh = (): void => void Promise.all([data.reload(), examined.reload()]);
  useCaseKeys({ reading, overlays, place, editing, setEditing, act: editable ? setAction : null, urgent: mayWrite ? () => void urgent() : null });

  return (
    <main id="main" class="case">
      <CaseHeader study={study} result={result} newer={data.newer} progress={data.progress} latest={latest} place={place}
        urgent={mayWrite ? () => void urgent() : null} reload={() => void data.reload()} showNewest={data.blind ? null : () => void data.show(study.newest_version ?? study.latest_version)}
        claim={<Claim study={study} editable={mayWrite} changed={() => void data.reload()} />}>
        {examination?.clash && <ClashBanner study={study.id} clash={examination.clash} editable={mayWrite} decided={refresh} />}
        {examination?.state && <Arrival study={study.id} state={examination.state} editable={mayWrite} changed={refresh} />}
        {study.withdrawn_at && <p class="banner bad" role="status">{t("record.is_withdrawn", { at: dateTime(study.withdrawn_at) })}</p>}
        <Blind study={study} result={result} editable={editable} blind={data.blind} start={() => void data.readBlind()} end={() => void data.reload()} />
        {result && !data.blind && !takenUp && <OlderDraft study={study} result={result} editable={editable} takeUp={(version) => void data.show(version, study.latest_version)} />}
      </CaseHeader>
      <div class="reading-room">
        {editing && !frame?.preview && <EditorBar editor={editor} label={overlays.label} setLabel={overlays.setLabel} leave={() => setEditing(false)} />}
        {frame
          ? <FrameView study={study} frame={frame} shown={shown} overlays={overlays} measured={reading.measured}
              label={result?.reviewed_by ? t("label.reviewed", { who: result.reviewed_by }) : t("label.unreviewed")}
              setPlane={editable ? (plane) => reading.change({ plane }) : null} chosen={editing ? overlays.label : null}
              fetus={frame && letters.length > 0 ? { letters, shown: facts.fetus_images?.[frame.sopUid] ?? "", set: mayWrite && entered ? (letter) => nameFetus(frame.sopUid, letter) : null } : null}
              drawing={drawable ? editor.drawing : undefined}>{drawable && editor.extras}</FrameView>
          : <p class="nothing">{t("frame.none")}</p>}
        {picture && <Cine key={picture.sopUid} study={study} frames={frames} picture={picture} index={index} choose={setIndex} />}
        <Thumbnails study={study} frames={frames} pictures={pictures} index={index} choose={setIndex} skipped={result?.report.skipped ?? []}
          planeOf={images.planeOf} countedOn={images.countedOn} changed={reading.changedPictures} />
      </div>
      <Side examination={examination} live={live} setChart={examined.setChart} nameOf={images.nameOf} show={images.show}
        choose={editable && entered ? choose : null} chosen={facts.chosen ?? {}}
        image={() => <ImagePanels study={study.id} reading={reading} result={result} editable={editable} ownPeriod={!entered} overlays={overlays} draw={draw} />}
        facts={entered && (() => <FactsForm facts={entered} said={examination?.said ?? []} reason={examination?.order?.reason ?? ""} scanDay={reading.scanDay} editable={mayWrite} blind={data.blind} />)}
        history={data.blind ? null : () => <>
          {examination?.state && mayWrite && <StudyMenu study={study.id} examination={examination} withdrawn={!!study.withdrawn_at} changed={refresh} />}
          {result && <Provenance study={study} result={result} disagreement={data.disagreement} show={(version) => void data.show(version)} />}
        </>} />
      {result && (
        <Actions blind={data.blind} study={study} result={result} changed={changed} editable={editable} editing={editing} setEditing={setEditing} history={history} act={setAction}
          next={place?.after ? () => go(place.after) : null} showLatest={latest ? null : () => void data.reload()} />
      )}
      {result && <Versions data={data} study={study} result={result} reading={reading} takenUp={takenUp} blind={data.blind} lastPeriod={entered ? facts.last_period ?? null : reading.draft.lastPeriod} action={action} close={() => setAction(null)} />}
      <LeaveDialog changed={history.changed} keep={reading.keep} discard={reading.forget} />
      <span class="hidden" role="status">{code("state", study.state)}</span>
    </main>
  );
}
