import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { CaliperEdit, FrameReading, Result, Study } from "@fada/shared/api/types";
import type { Mark } from "@fada/shared/case/findings";
import { daysByPeriod } from "@fada/shared/measurement/biometry";
import { type Draft, type FrameDraft, draftOf, figures, frameDraft, frameKey, isChanged, readingWith, withFrame } from "../review/draft";
import { useHistory } from "../review/history";
import { keepDraft, keptDraft } from "../review/keptDrafts";
import { isoDate } from "../shell/format";
import { useMe } from "../shell/session";
import { type Frame, bestFrame, framesOf, picturesOf } from "../study/frames";

/** What a gesture shows before it is finished. */
export type Preview = { marks?: Mark[]; calipers?: CaliperEdit[] } | null;

const KEEP_MS = 400;

/** The draft as it lies in this browser from an earlier visit, when it belongs to this version. */
const kept = (subject: string, study: string, version: number): Draft | null => {
  const stored = keptDraft(subject, study);
  return stored !== null && stored.version === version ? stored.draft : null;
};

/** One person reads one version: the frame that is shown, the changes that are not yet saved, what is measured with
 * them. `entered` is the last period among the examination's facts; undefined where the hub keeps it with the version. */
export function useReading(study: Study, result: Result | null, editable: boolean, entered: string | null | undefined) {
  const me = useMe();
  const version = result?.version ?? 0;
  const frames = useMemo(() => framesOf(study, result?.report ?? null), [study.instances_list, result]);
  const pictures = useMemo(() => picturesOf(frames), [frames]);
  const [index, setIndex] = useState(() => bestFrame(frames));
  const [restored] = useState(() => (editable ? kept(me.subject, study.id, version) : null));
  const history = useHistory(draftOf(result?.report ?? null, study.last_period), restored);
  const [preview, setPreview] = useState<Preview>(null);

  const frame: Frame | undefined = frames[Math.min(index, frames.length - 1)];
  const picture = pictures.find((one) => index >= one.first && index < one.first + one.count);
  const key = frame ? frameKey(frame.sopUid, frame.frame) : "";
  const draft = history.now;
  const drafted = draft.frames[key] ?? frameDraft(frame?.reading ?? null);
  const shown: FrameDraft = preview
    ? { ...drafted, ...preview, changed: { ...drafted.changed, marks: drafted.changed.marks || !!preview.marks, calipers: drafted.changed.calipers || !!preview.calipers } }
    : drafted;
  const lastPeriod = entered === undefined ? draft.lastPeriod : entered;
  const scanDay = isoDate(study.study_date) || study.received_at.slice(0, 10);
  const periodDays = daysByPeriod(lastPeriod, scanDay);
  const measured = figures(frame?.reading ?? null, shown, frame?.calibration ?? null, periodDays);
  const readings = useMemo(() => frames.flatMap((one) => {
    const name = frameKey(one.sopUid, one.frame);
    return readingWith(one, name === key ? shown : draft.frames[name]) ?? [];
  }) satisfies FrameReading[], [frames, draft, preview, key]);

  const latest = useRef(draft);
  latest.current = draft;
  useEffect(() => {
    if (!editable || !history.changed) return;
    const timer = setTimeout(() => keepDraft(me.subject, study.id, version, draft), KEEP_MS);
    return () => clearTimeout(timer);
  }, [draft, history.changed]);
  useEffect(() => { // everything was undone
    if (editable && !history.changed && restored) keepDraft(me.subject, study.id, version, null);
  }, [history.changed]);

  const change = (some: Parameters<typeof withFrame>[2]): void => {
    setPreview(null);
    history.set(withFrame(draft.frames[key] ? draft : { ...draft, frames: { ...draft.frames, [key]: drafted } }, key, some));
  };
  return {
    frames, pictures, picture, index, setIndex, frame, key, history, draft, drafted, shown, setPreview, change, measured, readings, scanDay, periodDays, lastPeriod,
    restored: restored !== null && history.changed,
    changedPictures: new Set(Object.entries(draft.frames).filter(([, one]) => isChanged(one)).map(([name]) => name.slice(0, name.lastIndexOf("/")))),
    /** The changes are saved, or nobody wants them: this browser forgets them. */
    forget: (): void => keepDraft(me.subject, study.id, version, null),
    /** Keeps the changes at once, before the page is left. */
    keep: (): void => keepDraft(me.subject, study.id, version, latest.current),
  };
}

export type Reading = ReturnType<typeof useReading>;
