/** Which frames of a clip are worth reading: the hub's choice (services/reading/images/keyframes.py), greedy, so that the phone's
 * few frames are the first of those that the hub takes. */

export interface FrameScore { number: number; quality: number; thumb: Float32Array }

const THUMB = 48, MAX_LOOKED_AT = 600, SAME = 1.5;

/** Frame numbers to score: all, or evenly spread ones. */
export function candidates(count: number, limit = MAX_LOOKED_AT): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i + 1);
  const step = (count - 1) / (limit - 1);
  return [...new Set(Array.from({ length: limit }, (_, i) => even(1 + i * step)))];
}

const even = (value: number): number => {
  const floor = Math.floor(value), rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
};

/** Scores frame `number` from its grey values, row by row. */
export const scoreFrame = (number: number, gray: Uint8Array, width: number, height: number): FrameScore =>
  ({ number, quality: quality(gray, width, height), thumb: thumb(gray, width, height) });

/** 0 to 1: sharpness, contrast and exposure, multiplied. */
export function quality(gray: Uint8Array, width: number, height: number): number {
  const w = Math.floor(width / 2), h = Math.floor(height / 2);
  if (w < 3 || h < 3) return 0;
  const small = new Float32Array(w * h);
  let sum = 0, lost = 0;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = 2 * y * width + 2 * x;
      const value = (gray[at]! + gray[at + 1]! + gray[at + width]! + gray[at + width + 1]!) / 4;
      small[y * w + x] = value;
      sum += value;
      if (value <= 1 || value >= 254) lost++;
    }
  }
  const mean = sum / small.length;
  const contrast = Math.sqrt(small.reduce((s, v) => s + (v - mean) ** 2, 0) / small.length);
  let change = 0;
  for (let y = 1; y < h - 1; y++) {
    for (let x = 1, at = y * w + 1; x < w - 1; x++, at++) change += Math.abs(4 * small[at]! - small[at - w]! - small[at + w]! - small[at - 1]! - small[at + 1]!);
  }
  const sharpness = change / ((w - 2) * (h - 2));
  return (sharpness / (sharpness + 12)) * (contrast / (contrast + 30)) * (1 - (0.9 * lost) / small.length);
}

/** At most `limit` frame numbers, ascending: the best first, then whichever is good and unlike all chosen ones. */
export function choose(scores: readonly FrameScore[], limit: number): number[] {
  if (scores.length === 0 || limit < 1) return [];
  const steady = steadiness(scores);
  const worth = scores.map((one, i) => one.quality * steady[i]!);
  const chosen = [largest(worth)];
  let nearest = scores.map((one) => apart(one.thumb, scores[chosen[0]!]!.thumb));
  while (chosen.length < limit) {
    const gain = nearest.map((far, i) => (far > SAME ? ((worth[i]! + 1e-6) * far) / (far + 20) : -1));
    const best = largest(gain);
    if (gain[best]! <= 0) break;
    chosen.push(best);
    nearest = nearest.map((far, i) => Math.min(far, apart(scores[i]!.thumb, scores[best]!.thumb)));
  }
  return chosen.map((i) => scores[i]!.number).sort((a, b) => a - b);
}

const largest = (values: readonly number[]): number => values.reduce((best, v, i) => (v > values[best]! ? i : best), 0);
const apart = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]!), 0) / a.length;

/** 0.5 to 1: where neighbours are alike, somebody held the probe still. */
function steadiness(scores: readonly FrameScore[]): number[] {
  if (scores.length < 2) return scores.map(() => 1);
  const change = scores.slice(1).map((one, i) => apart(one.thumb, scores[i]!.thumb));
  return scores.map((_, i) => 0.5 + 0.5 / (1 + Math.min(change[i] ?? Infinity, change[i - 1] ?? Infinity) / 20));
}

/** Means over a grid of cells, 48 x 48. */
function thumb(gray: Uint8Array, width: number, height: number): Float32Array {
  const cuts = (size: number): number[] => [...Array.from({ length: THUMB }, (_, i) => Math.floor(i * (size / THUMB))), size];
  const rows = cuts(height), columns = cuts(width), out = new Float32Array(THUMB * THUMB);
  for (let i = 0; i < THUMB; i++) {
    for (let j = 0; j < THUMB; j++) {
      let sum = 0;
      for (let y = rows[i]!; y < Math.max(rows[i + 1]!, rows[i]! + 1); y++) for (let x = columns[j]!; x < Math.max(columns[j + 1]!, columns[j]! + 1); x++) sum += gray[y * width + x]!;
      out[i * THUMB + j] = sum / Math.max((rows[i + 1]! - rows[i]!) * (columns[j + 1]! - columns[j]!), 1);
    }
  }
  return out;
}
