import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, patch, post, Problem, query } from "../api/client";
import type { CaliperEdit, Page, Result, StudyRow, Scores, Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { type Action, SignDialog } from "../review/SignDialog";
import { ConflictDialog } from "../review/ConflictDialog";
import { EditorBar, useEditor } from "../review/Editor";
import { draftOf, edits, figures, frameDraft, frameKey, withFrame } from "../review/draft";
import type { Mark } from "@fada/shared/case/findings";
import { useHistory } from "../review/history";
import { useShortcuts } from "../shell/shortcuts";
import { toastError, toast, errorText } from "../shell/toasts";
import { navigate } from "../shell/router";
import { hasRole, useMe } from "../shell/session";
import { daysByPeriod } from "@fada/shared/measurement/biometry";
import { isoDate, personName } from "../shell/format";
import { CaseHeader } from "./CaseHeader";
import { Confidence, Interpretation } from "@fada/shared/case/Interpretation";
import { Measurements } from "@fada/shared/case/Measurements";
import { Growth } from "./Growth";
import { FrameView } from "./FrameView";
import { Provenance } from "./Provenance";
import { FrameSlider } from "./FrameSlider";
import { Structures } from "@fada/shared/case/Structures";
import { type CaseData, useCase } from "./useCase";
import { bestFrame, framesOf } from "../study/frames";

/** One case from the first look to the signature. */
export function Case({ id }: { id: string }): JSX.Element {
  const data = useCase(id);
  const { study, result } = data;
  if (data.failure !== null) {
    return <main id="main" class="page"><p class="bad" role="alert">{errorText(data.failure)}</p><a href="/" data-inside>{t("nav.worklist")}</a></main>;
  }
  if (!study) return <main id="main" class="page"><p class="waiting" role="status">{t("loading")}</p></main>;
  return <Reading key={`${id}/${result?.version ?? 0}`} data={data} study={study} result={result} />;
}

function Reading({ data, study, result }: { data: CaseData; study: Study; result: Result | null }): JSX.Element {
  const me = useMe();
  const frames = framesOf(study, result?.report ?? null);
  const [index, setIndex] = useState(() => bestFrame(frames));
  const history = useHistory(draftOf(result?.report ?? null, study.last_period));
  const [live, setLive] = useState<{ marks?: Mark[]; calipers?: CaliperEdit[] } | null>(null);
  const [scores, setScores] = useState<Scores>({});
  const [action, setAction] = useState<Action | null>(null);
  const [conflict, setConflict] = useState<{ mine: number; other: number; latest: number } | null>(null);
  const [editing, setEditing] = useState(false);
  const [guided, setGuided] = useState(false);
  const [label, setLabel] = useState("fetal_head");
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [opacity, setOpacity] = useState(0.2);
  const [original, setOriginal] = useState(false);

  const frame = frames[Math.min(index, frames.length - 1)];
  const key = frame ? frameKey(frame.sopUid, frame.frame) : "";
  const draft = history.now;
  const drafted = draft.frames[key] ?? frameDraft(frame?.reading ?? null);
  const shown = live ? { ...drafted, ...live, changed: { ...drafted.changed, marks: drafted.changed.marks || !!live.marks, calipers: drafted.changed.calipers || !!live.calipers } } : drafted;
  const scanDay = isoDate(study.study_date) || study.received_at.slice(0, 10);
  const periodDays = daysByPeriod(draft.lastPeriod, scanDay);
  const measured = figures(frame?.reading ?? null, shown, frame?.calibration ?? null, periodDays);
  const latest = result === null || data.base !== null;
  const takenUp = result !== null && data.base !== null && data.base !== result.version;
  const editable = result !== null && latest && hasRole(me, "sonographer");
  const changed = history.changed || takenUp;
  const drawable = editing && editable && frame?.reading != null; // the hub corrects what it has read

  const change = (some: Parameters<typeof withFrame>[2]): void => {
    setLive(null);
    history.set(withFrame(draft.frames[key] ? draft : { ...draft, frames: { ...draft.frames, [key]: drafted } }, key, some));
  };
  const editor = useEditor({
    frame: drafted, width: frame?.width ?? 1, height: frame?.height ?? 1, label, preview: setLive, commit: change,
  });

  useEffect(() => {
    document.title = `${personName(study.patient.name) || t("patient.unnamed")} · FADA`;
  }, [study]);
  useEffect(() => {
    if (!changed) return;
    const stay = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [changed]);

  const choose = (next: string, how: "detect" | "segment", on: boolean): void => {
    const structure = frame?.reading?.structures.find((s) => s.label === next);
    const others = drafted.marks.filter((m) => m.label !== next);
    const present = drafted.marks.find((m) => m.label === next);
    if (!on && how === "detect") return change({ marks: others });
    const whole = structure && frameDraft({ ...frame!.reading!, structures: [structure] }).marks[0];
    const mark = whole ?? present;
    if (!mark) return;
    change({ marks: [...others, how === "segment" && on ? mark : { ...mark, polygon: [], raster: null }] });
  };
  const guide = (on: boolean): void => {
    setGuided(on);
    if (on && !drafted.changed.marks) change({ marks: [] });
  };
  const draw = (next: string): void => {
    setLabel(next);
    setEditing(true);
    editor.setTool("ellipse");
  };
  const next = async (): Promise<void> => {
    const page = await get<Page<StudyRow>>(`/api/studies${query({ state: "ready,failed", order: "need", limit: 2 })}`).catch(() => null);
    const row = page?.items.find((r) => r.id !== study.id);
    navigate(row ? `/study/${row.id}` : "/");
  };
  const send = async (comment: string): Promise<void> => {
    try {
      const made = await post<Result>(`/api/studies/${study.id}/reviews`, {
        based_on: data.base, action, comment, ...(Object.keys(scores).length > 0 ? { scores } : {}),
        last_period: draft.lastPeriod, frames: await edits(draft, takenUp),
      });
      setAction(null);
      toast(`action.${action!}_done`, { n: made.version });
      await data.reload();
    } catch (reason) {
      setAction(null);
      if (reason instanceof Problem && reason.code === "stale_version") {
        const { version, latest: other, conflicting } = reason.body as unknown as { version: number; latest: number; conflicting?: number[] };
        setConflict({ mine: version, latest: other, other: conflicting?.at(-1) ?? other });
      } else toastError(reason);
    }
  };
  const urgent = (): Promise<void> => patch(`/api/studies/${study.id}`, { urgent: !study.urgent }).then(() => data.reload(), toastError);
  const keyed = frames.flatMap((f, i) => (f.reading ? [i] : []));
  const step = (by: number): void => setIndex((i) => Math.min(frames.length - 1, Math.max(0, i + by)));
  useShortcuts({
    o: () => setOriginal((v) => !v), m: () => setOpacity((v) => (v === 0 ? 0.2 : 0)),
    ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    "[": () => setIndex((i) => keyed.filter((k) => k < i).at(-1) ?? i), "]": () => setIndex((i) => keyed.find((k) => k > i) ?? i),
    n: () => void next(), u: () => void urgent(),
    ...(editable ? { e: () => setEditing((v) => !v), a: () => setAction("accept"), s: () => setAction("sign") } : {}),
    ...(editing ? {} : { Escape: () => navigate("/") }),
  });

  return (
    <main id="main" class="case">
      <CaseHeader study={study} result={result} newer={data.newer} progress={data.progress} latest={latest}
        urgent={hasRole(me, "sonographer") ? () => void urgent() : null} reload={() => void data.reload()} />
      <div class="reading-room">
        {editing && <EditorBar editor={editor} label={label} setLabel={setLabel} undo={history.undo} redo={history.redo} leave={() => setEditing(false)} />}
        {frame
          ? <FrameView study={study} frame={frame} shown={shown} hidden={hidden} measured={measured} opacity={opacity} original={original} setOriginal={setOriginal}
              label={result?.reviewed_by ? t("label.reviewed", { who: result.reviewed_by }) : t("label.unreviewed")} chosen={editing ? label : null} drawing={drawable ? editor.drawing : undefined}>{drawable && editor.extras}</FrameView>
          : <p class="nothing">{t("frame.none")}</p>}
        <FrameSlider frames={frames} index={index} choose={setIndex} />
      </div>
      <div class="case-side">
        {result && (
          <Measurements measured={measured} reading={frame?.reading ?? null} lastPeriod={draft.lastPeriod} periodDays={periodDays} scanDay={scanDay}
            {...(editable ? { setPeriod: (lastPeriod: string | null) => history.set({ ...draft, lastPeriod }) } : {})} />
        )}
        {frame?.reading && <Confidence reading={frame.reading} plane={drafted.plane} />}
        {result && (
          <Structures marks={shown.marks} reading={frame?.reading ?? null} hidden={hidden} opacity={opacity} setOpacity={setOpacity} guided={guided} setGuided={guide}
            toggle={(name) => setHidden((was) => { const now = new Set(was); if (!now.delete(name)) now.add(name); return now; })}
            choose={editable ? choose : null} draw={editable ? draw : null} />
        )}
        {result && frame && (
          <Interpretation key={key} texts={drafted.texts} reading={frame.reading} byModel={!drafted.changed.texts}
            change={editable ? (texts) => change({ texts }) : null} />
        )}
        {measured.measurements.some((m) => m.name === "HC" && m.mm !== null) && (
          <Growth hc={measured.measurements.find((m) => m.name === "HC")!.mm} periodDays={periodDays} scanDays={measured.datings[0]?.days ?? null} />
        )}
        {result && <Provenance study={study} result={result} disagreement={data.disagreement} show={(version) => void data.show(version)} />}
      </div>
      {result && (
        <footer class="actions">
          <p class={result.reviewed_by ? "label reviewed" : "label"}>{result.reviewed_by ? t("label.reviewed", { who: result.reviewed_by }) : t("label.unreviewed")}</p>
          {changed && <span class="tag">{t("actions.changed")}</span>}
          <a class="button" href={`/study/${study.id}/report`} data-inside>{t("actions.report")}</a>
          {editable && <>
            <button type="button" aria-pressed={editing} onClick={() => setEditing(!editing)}>{t("actions.edit")}</button>
            {changed && <button type="button" onClick={() => setAction("save")}>{t("action.save")}</button>}
            <button type="button" onClick={() => setAction("accept")}>{t("action.accept")}</button>
            <button type="button" class="main" onClick={() => setAction("sign")}>{t("action.sign")}</button>
          </>}
          {result.reviewed_by && <button type="button" class="main" onClick={() => void next()}>{t("actions.next")}</button>}
          {!latest && <button type="button" onClick={() => void data.reload()}>{t("versions.latest")}</button>}
        </footer>
      )}
      {action && <SignDialog action={action} changed={changed} scores={scores} setScores={setScores} send={send} close={() => setAction(null)} />}
      {conflict && <ConflictDialog study={study} mine={conflict.mine} other={conflict.other} close={() => { setConflict(null); void data.reload(); }}
        choose={(version) => { setConflict(null); void data.show(version, conflict.latest); }} />}
      <span class="hidden" role="status">{code("state", study.state)}</span>
    </main>
  );
}
