import type { Mark } from "@fada/shared/case/findings";
import type { CaliperEdit } from "@fada/shared/api/types";
import {
  type Box, type Ellipse, type Point, bounds, distance, ellipseOf, ellipsePolygon, axisEnds, resample,
} from "@fada/shared/measurement/geometry";
import { type Raster, fill, stroke, trace } from "@fada/shared/measurement/mask";
import { newId } from "./draft";

/** What a gesture makes of one frame's marks. Pure: from where the pointer went to shapes. */

export type Tool = "look" | "brush" | "erase" | "polygon" | "ellipse" | "box" | "caliper";

/** Drawing tools with their key and sign. */
export const TOOLS: { tool: Tool; key: string; sign: string }[] = [
  { tool: "look", key: "v", sign: "✥" }, { tool: "brush", key: "b", sign: "●" }, { tool: "erase", key: "x", sign: "○" },
  { tool: "polygon", key: "p", sign: "⬠" }, { tool: "ellipse", key: "l", sign: "⬭" }, { tool: "box", key: "d", sign: "▭" },
  { tool: "caliper", key: "c", sign: "↔" },
];

/** What a caliper can measure. */
export const CALIPERS = ["BPD", "OFD", "HC", "AC", "FL", "CRL", "NT", "length"];
const CROSSED = new Set(["HC", "AC"]);

/** A structure that holds nothing yet; `confidence` null says that a person made it. */
export const emptyMark = (label: string): Mark =>
  ({ id: newId(), label, confidence: null, box: [0, 0, 0, 0], polygon: [], raster: null });

/** The mark with another outline, drawn by hand. */
export function outlined(mark: Mark, polygon: readonly Point[], raster: Raster | null = null): Mark {
  return { ...mark, confidence: null, polygon: [...polygon], raster, box: polygon.length > 0 ? bounds(polygon) : mark.box };
}

/** The mark as a raster of the frame's size, to be painted on. */
export const rasterOf = (mark: Mark, width: number, height: number): Raster =>
  mark.raster ?? fill(mark.polygon.length > 2 ? mark.polygon : [], width, height);

/** A brush stroke on a mask; null when nothing of the mask is left. */
export function brushed(mark: Mark, base: Raster, from: Point, to: Point, radius: number, value: 0 | 1): Mark | null {
  const raster = stroke(base, from, to, radius, value);
  const border = trace(raster);
  return border === null ? null : outlined(mark, border, raster);
}

/** The mark as the box between two corners, without an outline. */
export function boxed(mark: Mark, a: Point, b: Point): Mark {
  const box: Box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  return { ...mark, confidence: null, box, polygon: [], raster: null };
}

/** An upright ellipse between two corners. */
export function spanned(a: Point, b: Point): Ellipse {
  const rx = Math.max(1, Math.abs(b[0] - a[0]) / 2), ry = Math.max(1, Math.abs(b[1] - a[1]) / 2);
  const centre = { cx: (a[0] + b[0]) / 2, cy: (a[1] + b[1]) / 2 };
  return rx >= ry ? { ...centre, a: rx, b: ry, angle: 0 } : { ...centre, a: ry, b: rx, angle: Math.PI / 2 };
}

/** The handles of a shape under a tool: what can be taken hold of. */
export function handles(tool: Tool, mark: Mark | undefined): Point[] {
  if (!mark) return [];
  if (tool === "polygon" && mark.polygon.length > 2) return resample(mark.polygon, 32);
  if (tool === "ellipse") {
    const shape = ellipseOf(mark.polygon);
    return shape ? [...axisEnds(shape), [shape.cx, shape.cy]] : [];
  }
  if (tool === "box") {
    const [x0, y0, x1, y1] = mark.box;
    return x1 > x0 ? [[x0, y0], [x1, y0], [x1, y1], [x0, y1]] : [];
  }
  return [];
}

/** The handle nearest to a point, or -1 when none is within `reach` pixels. */
export function nearest(points: readonly Point[], at: Point, reach: number): number {
  let best = -1, least = reach;
  points.forEach((p, i) => {
    const d = distance(p, at);
    if (d <= least) [best, least] = [i, d];
  });
  return best;
}

/** The mark after one of its handles was pulled to `to`. */
export function pulled(tool: Tool, mark: Mark, handle: number, to: Point): Mark {
  if (tool === "polygon") {
    const points = resample(mark.polygon, 32);
    points[handle] = to;
    return outlined(mark, points);
  }
  if (tool === "box") {
    const corners = handles("box", mark);
    return boxed(mark, corners[(handle + 2) % 4]!, to);
  }
  const shape = ellipseOf(mark.polygon);
  return shape ? outlined(mark, ellipsePolygon(turned(shape, handle, to))) : mark;
}

function turned(shape: Ellipse, handle: number, to: Point): Ellipse {
  if (handle === 4) return { ...shape, cx: to[0], cy: to[1] };
  const length = Math.max(2, Math.hypot(to[0] - shape.cx, to[1] - shape.cy));
  const towards = Math.atan2(to[1] - shape.cy, to[0] - shape.cx);
  // 0 and 1 are the ends of axis a, 2 and 3 those of b; opposite ends point the other way
  if (handle < 2) return { ...shape, a: length, angle: towards + (handle === 0 ? Math.PI : 0) };
  return { ...shape, b: length, angle: towards + (handle === 2 ? Math.PI / 2 : -Math.PI / 2) };
}

/** A caliper from one point to another; circumferences get a second, crossing axis to be adjusted. */
export function caliperOf(name: string, a: Point, b: Point): CaliperEdit {
  if (!CROSSED.has(name)) return { name, points: [a, b] };
  const cx = (a[0] + b[0]) / 2, cy = (a[1] + b[1]) / 2;
  const dx = ((b[1] - a[1]) / 2) * 0.8, dy = (-(b[0] - a[0]) / 2) * 0.8;
  return { name, points: [a, b, [cx + dx, cy + dy], [cx - dx, cy - dy]] };
}

/** The caliper with one handle moved to `to` (pixels of the frame). */
export const caliperPulled = (caliper: CaliperEdit, handle: number, to: Point): CaliperEdit =>
  ({ ...caliper, points: caliper.points.map((p, i) => (i === handle ? to : p)) });
