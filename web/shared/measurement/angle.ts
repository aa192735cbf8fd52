import { type Point, axisEnds, ellipseOf } from "./geometry";

/** Whether a femur lies steeper than the 45 degrees within which its length is measured (services/domain/report.py). */
export const isSteep = (angle: { name: string; degrees: number }): boolean => angle.name === "FemurAngle" && angle.degrees > 45;

/** Degrees of the angle of progression, and the points that it was measured at. */
export interface Progression { degrees: number; points: [Point, Point, Point] }

/** The angle between the symphysis's long axis, at its lower end, and the tangent from there to the head's border, by the
 * same formula as the hub (services/reading/measures.py): the symphysis's upper end, its lower end and the point that the
 * tangent touches. Outlines in pixels that are as wide as high; null where either has no ellipse. */
export function progression(symphysis: readonly Point[], head: readonly Point[]): Progression | null {
  const shape = ellipseOf(symphysis);
  if (shape === null || ellipseOf(head) === null) return null;
  const ends = axisEnds(shape).slice(0, 2).sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  const upper = ends[0]!, lower = ends[1]!;
  const ax = upper[0] - lower[0], ay = upper[1] - lower[1];
  const rays = head.map(([x, y]) => [x - lower[0], y - lower[1]] as const);
  const crosses = rays.map(([x, y]) => ax * y - ay * x);
  const side = Math.sign(median(crosses)) || 1;
  const angles = rays.map(([x, y], i) => {
    const turn = (Math.atan2(side * crosses[i]!, x * ax + y * ay) * 180) / Math.PI;
    const whole = ((turn % 360) + 360) % 360;
    return whole > 270 ? whole - 360 : whole;
  });
  const widest = angles.reduce((best, v, i) => (v > angles[best]! ? i : best), 0);
  return { degrees: angles[widest]!, points: [upper, lower, head[widest]!] };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
