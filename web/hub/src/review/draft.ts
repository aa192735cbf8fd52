import type { Calibration, CaliperEdit, FrameEdit, FrameReading, Measurement, Report } from "@fada/shared/api/types";
import type { FrameMeasurements, Mark } from "@fada/shared/case/findings";
import { MEASURED, date, measureCaliper, measureOutline } from "@fada/shared/measurement/biometry";
import { bounds, resample } from "@fada/shared/measurement/geometry";
import { maskPng } from "@fada/shared/measurement/mask";
import type { Frame } from "../study/frames";

const SENT_POINTS = 400; // an outline's points on their way to the hub, which measures them

export interface FrameDraft {
  marks: Mark[];
  calipers: CaliperEdit[];
  texts: Record<string, string>;
  plane: string | null;
  changed: { marks: boolean; calipers: boolean; texts: boolean; plane: boolean };
}

/** Whether anything of the frame was changed. */
export const isChanged = (frame: FrameDraft): boolean => Object.values(frame.changed).some(Boolean);

/** What a reader has changed and not yet saved. Never changed itself, only followed by another. */
export interface Draft { frames: Record<string, FrameDraft>; lastPeriod: string | null }

/** How a draft names a frame: `<SOP Instance UID>/<frame number>`. */
export const frameKey = (sopUid: string, frame: number): string => `${sopUid}/${frame}`;

let made = 0;
/** A new mark's id, unique on this page. */
export const newId = (): string => `mark-${++made}`;

const UNCHANGED = { marks: false, calipers: false, texts: false, plane: false };

/** The draft of a frame as the report has it; an empty one without a reading. */
export function frameDraft(reading: FrameReading | null): FrameDraft {
  return {
    marks: (reading?.structures ?? []).map((s) => ({
      id: newId(), label: s.label, confidence: s.confidence, box: s.box, polygon: [...s.polygon], raster: null,
    })),
    calipers: (reading?.measurements ?? []).filter((m) => m.method.includes("caliper")).map((m) => ({ name: m.name, points: [...m.points] })),
    texts: { ...reading?.interpretation },
    plane: reading?.plane?.label ?? null,
    changed: UNCHANGED,
  };
}

/** The draft of a whole report, nothing of it changed. */
export function draftOf(report: Report | null, lastPeriod: string | null): Draft {
  const frames = (report?.frames ?? []).map((f) => [frameKey(f.sop_uid, f.frame), frameDraft(f)] as const);
  return { frames: Object.fromEntries(frames), lastPeriod };
}

/** The draft with one frame's part replaced, and that part marked as changed. */
export function withFrame(draft: Draft, key: string, some: Partial<Omit<FrameDraft, "changed">>): Draft {
  const before = draft.frames[key] ?? frameDraft(null);
  const changed = { ...before.changed };
  for (const part of Object.keys(some) as (keyof typeof changed)[]) changed[part] = true;
  return { ...draft, frames: { ...draft.frames, [key]: { ...before, ...some, changed } } };
}

/** How the method of a measurement ends that rests on a person's outline, and that of a length between ends that the model
 * marked (services/reading/review_edits.py, lengths.py). */
const METHOD_DRAWN = "outline drawn by a person", METHOD_MARKED = "line between the two ends that the model marked";

/** What is measured beside calipers, by the hub's rule: an outline that no hand touched keeps the model's figures. */
function byOutline(frame: FrameDraft, measurements: readonly Measurement[], calibration: Calibration | null): Measurement[] {
  const { changed, plane, marks } = frame, ofModel = measurements.filter((m) => !m.method.includes("caliper"));
  const outlined = marks.find((m) => m.label === MEASURED[plane ?? ""] && m.polygon.length > 2);
  if (!changed.plane && (!changed.marks || (outlined && outlined.confidence !== null))) return ofModel;
  const drawn = outlined ? measureOutline(plane ?? "", outlined.polygon, calibration).map((one) => ({ ...one, method: METHOD_DRAWN })) : [];
  return [...drawn, ...(changed.plane ? [] : ofModel.filter((m) => m.method === METHOD_MARKED))];
}

/** What is measured on a frame: the report's own, or at once by the hub's formulae what a hand drew. */
export function figures(
  reading: FrameReading | null, frame: FrameDraft | undefined, calibration: Calibration | null, periodDays: number | null,
): FrameMeasurements {
  const changed = frame !== undefined && (frame.changed.marks || frame.changed.calipers || frame.changed.plane);
  let measurements = reading?.measurements ?? [];
  if (frame && changed) {
    const own = byOutline(frame, measurements, calibration);
    const set = frame.calipers.map((c) => measureCaliper(c.name, c.points, calibration));
    measurements = [...own.filter((m) => !set.some((s) => s.name === m.name)), ...set];
  }
  const [datings, centiles] = date(measurements, periodDays);
  return changed
    ? { measurements, datings, centiles, byHand: true }
    : { measurements, datings: reading?.datings ?? [], centiles: periodDays === null ? (reading?.centiles ?? []) : centiles, byHand: false };
}

/** A frame's reading as the draft has it: its plane, and what is measured on it. Null where nobody has read it. */
export function readingWith(frame: Frame, draft: FrameDraft | undefined): FrameReading | null {
  if (!draft || !isChanged(draft)) return frame.reading;
  const before = frame.reading ?? unread(frame);
  return {
    ...before, in_scope: before.in_scope || draft.changed.plane,
    plane: draft.changed.plane && draft.plane ? { label: draft.plane, confidence: 1 } : before.plane,
    measurements: figures(before, draft, frame.calibration, null).measurements,
  };
}

/** A frame that no model has read. */
const unread = (frame: Frame): FrameReading => ({
  series_uid: frame.seriesUid, sop_uid: frame.sopUid, frame: frame.frame, width: frame.width, height: frame.height, in_scope: false, scope_confidence: 0,
  quality: 0, plane: null, planes: [], interpretation: {}, classification: null, mapping: null, structures: [], keypoints: [], measurements: [],
  datings: [], centiles: [], abstentions: [], flags: [],
});

/** What the gateway needs to know of a draft: only what was changed, or, with `all`, everything. */
export async function edits(draft: Draft, all = false): Promise<FrameEdit[]> {
  const changed = Object.entries(draft.frames).filter(([, f]) => all || isChanged(f));
  return Promise.all(changed.map(async ([key, { changed: parts, ...f }]) => {
    const cut = key.lastIndexOf("/");
    const edit: FrameEdit = { sop_uid: key.slice(0, cut), frame: Number(key.slice(cut + 1)) };
    if ((all || parts.plane) && f.plane) edit.plane = f.plane;
    if (all || parts.texts) edit.interpretation = f.texts;
    if (all || parts.calipers) edit.calipers = f.calipers;
    if (all || parts.marks) {
      edit.structures = await Promise.all(f.marks.map(async (m) => ({
        label: m.label, box: m.polygon.length > 2 ? bounds(m.polygon) : m.box,
        ...(m.polygon.length > 2 ? { polygon: resample(m.polygon, SENT_POINTS) } : {}),
        ...(m.raster ? { mask_png: await maskPng(m.raster) } : {}),
      })));
    }
    return edit;
  }));
}
