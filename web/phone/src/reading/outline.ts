import { type Point, area } from "@fada/shared/measurement/geometry";

const OUTSIDE = -20;
type Edge = number;

/** The outer border of the largest region above `level`, in 0..1 of the square, from its highest point on; as the hub traces it
 * (services/reading/images/geometry.py): marching squares on the logits, at sub-pixel precision. */
export function outline(logits: Float32Array, width: number, height: number, level: number): Point[] | null {
  const w = width + 2, h = height + 2;
  const at = (x: number, y: number): number =>
    x < 1 || y < 1 || x > width || y > height ? OUTSIDE : Math.min(-OUTSIDE, Math.max(OUTSIDE, logits[(y - 1) * width + x - 1]!));
  const next = new Map<Edge, Edge>();
  const across = (x: number, y: number): Edge => y * w + x; // from (x, y) to (x + 1, y)
  const down = (x: number, y: number): Edge => w * h + y * w + x; // from (x, y) to (x, y + 1)
  for (let y = 0; y < h - 1; y++) {
    for (let x = 0; x < w - 1; x++) {
      const a = at(x, y), b = at(x + 1, y), c = at(x + 1, y + 1), d = at(x, y + 1);
      const kind = (a > level ? 1 : 0) | (b > level ? 2 : 0) | (c > level ? 4 : 0) | (d > level ? 8 : 0);
      if (kind === 0 || kind === 15) continue;
      const T = across(x, y), R = down(x + 1, y), B = across(x, y + 1), L = down(x, y);
      const high = (a + b + c + d) / 4 > level;
      for (const [from, to] of steps(kind, high, T, R, B, L)) next.set(from, to);
    }
  }
  const point = (edge: Edge): Point => {
    const vertical = edge >= w * h;
    const index = vertical ? edge - w * h : edge;
    const x = index % w, y = Math.floor(index / w);
    const p = at(x, y), q = vertical ? at(x, y + 1) : at(x + 1, y);
    const part = (level - p) / (q - p);
    return vertical ? [x, y + part] : [x + part, y];
  };
  let best: Point[] | null = null, largest = 4; // less than four cells is noise
  while (next.size > 0) {
    const line: Point[] = [];
    const start = next.keys().next().value!;
    for (let edge: Edge | undefined = start; edge !== undefined && next.has(edge);) {
      line.push(point(edge));
      const after: Edge = next.get(edge)!;
      next.delete(edge);
      edge = after;
    }
    const size = area(line);
    if (size >= largest) [best, largest] = [line, size];
  }
  if (best === null) return null;
  const first = best.reduce((top, p, i, all) => (p[1] < all[top]![1] || (p[1] === all[top]![1] && p[0] < all[top]![0]) ? i : top), 0);
  const inside = (v: number): number => Math.min(1, Math.max(0, v));
  return [best[first]!, ...best.slice(0, first).reverse(), ...best.slice(first + 1).reverse()].map(([x, y]) => [inside((x - 0.5) / width), inside((y - 0.5) / height)] as const);
}

/** The border's steps through one cell, the region on the left hand. */
function steps(kind: number, high: boolean, T: Edge, R: Edge, B: Edge, L: Edge): [Edge, Edge][] {
  switch (kind) {
    case 1: return [[L, T]];
    case 2: return [[T, R]];
    case 3: return [[L, R]];
    case 4: return [[R, B]];
    case 5: return high ? [[L, B], [R, T]] : [[L, T], [R, B]];
    case 6: return [[T, B]];
    case 7: return [[L, B]];
    case 8: return [[B, L]];
    case 9: return [[B, T]];
    case 10: return high ? [[T, L], [B, R]] : [[T, R], [B, L]];
    case 11: return [[B, R]];
    case 12: return [[R, L]];
    case 13: return [[R, T]];
    default: return [[T, L]];
  }
}
