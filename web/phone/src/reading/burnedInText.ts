import type { FrameReading } from "@fada/shared/api/types";
import type { Gray } from "./image";

/** Is there text burned into a frame? The hub's rule (services/reading/images/picture.py): letters are bright, of one
 * height, on one baseline, close together. Nothing reads the text. */

/** The flag of a frame with text in its pixels. */
export const FLAG = "burned_in_text";
const BRIGHT = [110, 170, 225], LOW = 6, HIGH = 40, LETTERS = 5;
type Box = readonly [number, number, number, number];

/** The reading, flagged where its frame holds text; else as it was. */
export const flagBurnedInText = (reading: FrameReading, frame: Gray): FrameReading =>
  (hasBurnedInText(frame) ? { ...reading, flags: [...reading.flags, FLAG] } : reading);

/** Whether the frame holds at least five letters in a row at one of three brightness levels. */
export function hasBurnedInText(frame: Gray): boolean {
  return BRIGHT.some((level) => {
    const boxes = shapes(frame, level).sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
    return boxes.some((_, start) => row(boxes, start) >= LETTERS);
  });
}

/** Letters in the row that begins with `start`: same height and baseline, little space between. */
function row(boxes: readonly Box[], start: number): number {
  let here = boxes[start]!, count = 1;
  const height = here[3] - here[1];
  for (let i = start + 1; i < boxes.length; i++) {
    const box = boxes[i]!, gap = box[0] - here[2];
    if (gap > 1.2 * height) break;
    const same = Math.abs(box[3] - here[3]) <= 1.2 && Math.abs(box[3] - box[1] - height) <= 0.15 * height;
    if (same && gap >= 0) [here, count] = [box, count + 1];
  }
  return count;
}

/** Boxes of the contour lines at `level` that could be letters. A line is what hangs together from cell to cell
 * (marching squares), so its box is that of a set of crossed edges. */
function shapes({ width: w, height: h, pixels }: Gray, level: number): Box[] {
  const parent = new Int32Array(2 * w * h).fill(-1);
  const used: number[] = [];
  const root = (edge: number): number => {
    while (parent[edge] !== edge) edge = parent[edge] = parent[parent[edge]!]!;
    return edge;
  };
  const join = (a: number, b: number): void => {
    for (const edge of [a, b]) if (parent[edge] === -1) used.push(parent[edge] = edge);
    parent[root(a)] = root(b);
  };
  for (let y = 0; y < h - 1; y++) {
    for (let x = 0, at = y * w; x < w - 1; x++, at++) {
      const a = pixels[at]!, b = pixels[at + 1]!, c = pixels[at + w + 1]!, d = pixels[at + w]!;
      const kind = (a > level ? 1 : 0) | (b > level ? 2 : 0) | (c > level ? 4 : 0) | (d > level ? 8 : 0);
      if (kind === 0 || kind === 15) continue;
      const top = at, bottom = at + w, left = w * h + at, right = left + 1;
      if (kind === 5 || kind === 10) {
        const high = (a + b + c + d) / 4 > level;
        const [first, second] = high === (kind === 5) ? [[left, bottom], [top, right]] : [[left, top], [bottom, right]];
        join(first![0]!, first![1]!);
        join(second![0]!, second![1]!);
        continue;
      }
      const crossed = [...((kind ^ (kind >> 1)) & 1 ? [top] : []), ...(((kind >> 1) ^ (kind >> 2)) & 1 ? [right] : []),
        ...(((kind >> 2) ^ (kind >> 3)) & 1 ? [bottom] : []), ...((kind ^ (kind >> 3)) & 1 ? [left] : [])];
      join(crossed[0]!, crossed[1]!);
    }
  }
  const boxes = new Map<number, [number, number, number, number]>();
  for (const edge of used) {
    const down = edge >= w * h, at = down ? edge - w * h : edge;
    const p = pixels[at]!, part = (level - p) / (pixels[down ? at + w : at + 1]! - p);
    const x = (at % w) + (down ? 0 : part), y = Math.floor(at / w) + (down ? part : 0);
    const box = boxes.get(root(edge));
    if (box) [box[0], box[1], box[2], box[3]] = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
    else boxes.set(root(edge), [x, y, x, y]);
  }
  return [...boxes.values()].map((box) => box.map((v) => Math.round(v * 1e6) / 1e6) as unknown as Box)
    .filter(([x0, y0, x1, y1]) => y1 - y0 >= LOW && y1 - y0 <= HIGH && x1 - x0 <= 1.4 * (y1 - y0));
}
