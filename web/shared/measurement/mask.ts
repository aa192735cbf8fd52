import { type Point, area } from "./geometry";

/** A mask of one structure, one byte a pixel (0 or 1), rows first. */
export interface Raster { readonly width: number; readonly height: number; readonly data: Uint8Array }

/** A pixel belongs to the polygon when its centre lies inside (even-odd). */
export function fill(points: readonly Point[], width: number, height: number): Raster {
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    const cuts: number[] = [];
    points.forEach(([x0, y0], i) => {
      const [x1, y1] = points[(i + 1) % points.length]!;
      if (y0 > y !== y1 > y) cuts.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
    });
    cuts.sort((a, b) => a - b);
    for (let k = 0; k + 1 < cuts.length; k += 2) {
      const from = Math.max(0, Math.ceil(cuts[k]! - 0.5));
      const to = Math.min(width - 1, Math.ceil(cuts[k + 1]! - 0.5) - 1);
      if (to >= from) data.fill(1, row * width + from, row * width + to + 1);
    }
  }
  return { width, height, data };
}

/** Paints (or wipes) a thick line from `from` to `to`; returns a new raster. */
export function stroke(mask: Raster, from: Point, to: Point, radius: number, value: 0 | 1): Raster {
  const { width, height } = mask;
  const data = mask.data.slice();
  const dx = to[0] - from[0], dy = to[1] - from[1];
  const length2 = dx * dx + dy * dy;
  const x0 = Math.max(0, Math.floor(Math.min(from[0], to[0]) - radius));
  const x1 = Math.min(width - 1, Math.ceil(Math.max(from[0], to[0]) + radius));
  const y0 = Math.max(0, Math.floor(Math.min(from[1], to[1]) - radius));
  const y1 = Math.min(height - 1, Math.ceil(Math.max(from[1], to[1]) + radius));
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const px = x + 0.5 - from[0], py = y + 0.5 - from[1];
      const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
      if (Math.hypot(px - along * dx, py - along * dy) <= radius) data[y * width + x] = value;
    }
  }
  return { width, height, data };
}

/** The outer border of the largest region, through the middles of the pixels' edges; null when empty. */
export function trace(mask: Raster): Point[] | null {
  const { width, height, data } = mask;
  const on = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
  const seen = new Uint8Array(width * height);
  let best: Point[] | null = null, largest = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!on(x, y) || on(x, y - 1) || seen[y * width + x]) continue;
      const border = follow(on, x, y, (px, py) => { seen[py * width + px] = 1; });
      const size = area(border);
      if (size > largest) [best, largest] = [border, size];
    }
  }
  return best;
}

// Steps along the edge with the region on the right: east, south, west, north.
const STEP = [[1, 0], [0, 1], [-1, 0], [0, -1]] as const;
// The pixel on the right of and ahead of a corner for each direction, and the one on the left.
const RIGHT = [[0, 0], [-1, 0], [-1, -1], [0, -1]] as const;
const LEFT = [[0, -1], [0, 0], [-1, 0], [-1, -1]] as const;

function follow(
  on: (x: number, y: number) => boolean, x: number, y: number, top: (x: number, y: number) => void,
): Point[] {
  const border: Point[] = [];
  let cx = x, cy = y, way = 0;
  do {
    if (way === 0) top(cx, cy);
    const [dx, dy] = STEP[way]!;
    border.push([cx + dx / 2, cy + dy / 2]);
    cx += dx;
    cy += dy;
    const left = LEFT[way]!, right = RIGHT[way]!;
    if (on(cx + left[0], cy + left[1]) && on(cx + right[0], cy + right[1])) way = (way + 3) % 4;
    else if (!on(cx + right[0], cy + right[1])) way = (way + 1) % 4;
  } while (cx !== x || cy !== y || way !== 0);
  return border;
}

/** Pixels of the mask. */
export const count = (mask: Raster): number => mask.data.reduce((sum, v) => sum + v, 0);

/** Base64 of an 8-bit one-channel PNG, 0 and 255. */
export async function maskPng(mask: Raster): Promise<string> {
  const { width, height, data } = mask;
  const raw = new Uint8Array(height * (width + 1)); // each row starts with its filter: none
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) raw[y * (width + 1) + 1 + x] = data[y * width + x]! * 255;
  const packed = new Response(new Blob([raw]).stream().pipeThrough(new CompressionStream("deflate")));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits; colour type 0 is grey
  const parts = [
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), chunk("IHDR", header),
    chunk("IDAT", new Uint8Array(await packed.arrayBuffer())), chunk("IEND", new Uint8Array()),
  ];
  return btoa(parts.map((part) => Array.from(part, (byte) => String.fromCharCode(byte)).join("")).join(""));
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(body, 8);
  view.setUint32(body.length + 8, crc(out.subarray(4, body.length + 8)));
  return out;
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}
