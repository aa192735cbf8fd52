import type { CaliperEdit, FrameReading } from "@fada/shared/api/types";
import type { Mark } from "@fada/shared/case/findings";
import { MEASURED } from "@fada/shared/measurement/biometry";
import { type Ellipse, type Point, axisEnds, distance, ellipseOf, ellipsePolygon } from "@fada/shared/measurement/geometry";
import type { FrameDraft } from "./draft";
import { CALIPERS, caliperPulled, outlined } from "./tools";

/** What stands on a frame, taken hold of by its ends: ellipses and calipers, the model's and a person's alike. */

export type Change = { marks?: Mark[]; calipers?: CaliperEdit[] };

export interface Grip { at: Point; pull: (to: Point) => Change }

/** Two points that are one: an axis of HC's ellipse and the BPD or OFD that lies on it. */
const SAME = 0.5;
const onAxis = (caliper: CaliperEdit | undefined, axis: readonly Point[]): boolean =>
  caliper !== undefined && caliper.points.length === 2 && caliper.points.every((p) => axis.some((q) => distance(p, q) < SAME));

/** The long and the short axis of a crossed caliper, as places of their ends among its points. */
function axesOf({ points: [a, b, c, d] }: CaliperEdit): { OFD: [number, number]; BPD: [number, number] } {
  return distance(a!, b!) >= distance(c!, d!) ? { OFD: [0, 1], BPD: [2, 3] } : { OFD: [2, 3], BPD: [0, 1] };
}

/** The calipers with one set anew. HC's ellipse brings BPD and OFD, which lie on its axes; one of these that lies
 * there takes HC along. Where they were set apart, each stays as it is. */
export function withCaliper(calipers: readonly CaliperEdit[], next: CaliperEdit): CaliperEdit[] {
  const others = calipers.filter((one) => one.name !== next.name);
  if (next.name === "HC" && next.points.length === 4) {
    const axes = axesOf(next);
    const brought = (["BPD", "OFD"] as const).map((name) => ({ name, points: axes[name].map((i) => next.points[i]!) }));
    return [...others.filter((one) => one.name !== "BPD" && one.name !== "OFD"), next, ...brought];
  }
  const before = calipers.find((one) => one.name === next.name), hc = others.find((one) => one.name === "HC" && one.points.length === 4);
  if (!hc || (next.name !== "BPD" && next.name !== "OFD")) return [...others, next];
  const axis = axesOf(hc)[next.name];
  if (!onAxis(before, axis.map((i) => hc.points[i]!))) return [...others, next];
  const points = hc.points.map((p, i) => (axis.includes(i) ? next.points[axis.indexOf(i)]! : p));
  return [...others.filter((one) => one !== hc), next, { ...hc, points }];
}

/** The calipers without one; what HC brought along goes with it. */
export function withoutCaliper(calipers: readonly CaliperEdit[], name: string): CaliperEdit[] {
  const gone = calipers.find((one) => one.name === name);
  return calipers.filter((one) => one !== gone && !(name === "HC" && gone && (one.name === "BPD" || one.name === "OFD") && onAxis(one, gone.points)));
}

/** The ellipse with one end of an axis (0, 1: of a; 2, 3: of b) pulled: the end across stays where it is. */
function pulledEnd(shape: Ellipse, end: number, to: Point): Ellipse {
  const ends = axisEnds(shape), across = ends[end ^ 1]!;
  const half = Math.max(1, distance(across, to) / 2), towards = Math.atan2(to[1] - across[1], to[0] - across[0]);
  const middle = { cx: (to[0] + across[0]) / 2, cy: (to[1] + across[1]) / 2 };
  return end < 2 ? { ...middle, a: half, b: shape.b, angle: towards } : { ...middle, a: shape.a, b: half, angle: towards + Math.PI / 2 };
}

const outlinedBy = (mark: Mark, shape: Ellipse): Mark => outlined(mark, ellipsePolygon(shape));

/** Everything on the frame that can be taken hold of. An ellipse that measures the plane is pulled whole, so that HC, BPD
 * and OFD move together; another measure of the model becomes a person's caliper when one of its ends is pulled. */
export function grips(draft: FrameDraft, reading: FrameReading | null): Grip[] {
  const ofCalipers = draft.calipers.flatMap((one) => one.points.map((at, i) => (
    { at, pull: (to: Point) => ({ calipers: withCaliper(draft.calipers, caliperPulled(one, i, to)) }) })));
  const label = MEASURED[draft.plane ?? ""], set = new Set(draft.calipers.map((one) => one.name));
  const measuring = draft.plane === "femur" || set.has("HC") || set.has("AC") ? undefined : draft.marks.find((m) => m.label === label && m.polygon.length > 2);
  const shape = measuring && ellipseOf(measuring.polygon);
  const ofEllipse = shape ? [...axisEnds(shape), [shape.cx, shape.cy] as const].map((at, i) => ({
    at, pull: (to: Point) => ({ marks: draft.marks.map((m) => (m === measuring ? outlinedBy(m, i < 4 ? pulledEnd(shape, i, to) : { ...shape, cx: to[0], cy: to[1] }) : m)) }),
  })) : [];
  const ofModel = (reading?.measurements ?? []).filter((one) => !shape && !set.has(one.name) && CALIPERS.includes(one.name) && !one.method.includes("caliper"));
  return [...ofCalipers, ...ofEllipse, ...ofModel.flatMap((one) => one.points.map((at, i) => (
    { at, pull: (to: Point) => ({ calipers: withCaliper(draft.calipers, caliperPulled({ name: one.name, points: [...one.points] }, i, to)) }) })))];
}
