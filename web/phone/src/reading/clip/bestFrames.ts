import { type Thresholds, plattProbability, softmax } from "../manifest";

/** What a small copy of one frame gives: logits of the planes, of scope and of quality. */
export interface Glance { plane: Float32Array; scope: number; quality: number }

const NEIGHBOURS = 2, LEAST_WORTH = 0.02, STRIDE = 32;

/** The side of the small copies for a release of squares of `side` pixels. */
export const surveySide = (side: number): number => Math.max(STRIDE, Math.floor(Math.floor((side * 2) / 3) / STRIDE) * STRIDE);

/** At most `limit` of the frame `numbers`, ascending: the best of each plane that was shown. The hub's rules
 * (services/reading/clips.py): plane, scope, quality and the neighbours' agreement, multiplied. */
export function bestFrames(numbers: readonly number[], glances: readonly Glance[], rules: Thresholds, limit: number): number[] {
  const chances = glances.map((g) => softmax(g.plane, rules.plane_temperature ?? 1));
  const best = new Map<number, { worth: number; number: number }>();
  glances.forEach((glance, place) => {
    const own = chances[place]!, plane = own.indexOf(Math.max(...own));
    const worth = own[plane]! * plattProbability(rules.scope_platt, glance.scope) * plattProbability(rules.quality_platt, glance.quality) * agreement(chances, place, plane);
    if (worth >= LEAST_WORTH && worth > (best.get(plane)?.worth ?? 0)) best.set(plane, { worth, number: numbers[place]! });
  });
  const surest = [...best.values()].sort((a, b) => b.worth - a.worth || a.number - b.number).slice(0, Math.max(limit, 0));
  return surest.map((one) => one.number).sort((a, b) => a - b);
}

/** 0.5 to 1: the mean probability of the plane in the neighbouring frames; 1 where there are none. */
function agreement(chances: readonly number[][], place: number, plane: number): number {
  const around = chances.slice(Math.max(place - NEIGHBOURS, 0), place + NEIGHBOURS + 1).map((c) => c[plane]!);
  around.splice(Math.min(place, NEIGHBOURS), 1);
  return around.length === 0 ? 1 : 0.5 + (0.5 * around.reduce((s, v) => s + v, 0)) / around.length;
}
