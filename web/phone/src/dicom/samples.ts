import type { DataSet } from "dicom-parser";
import { TAG } from "./tags";

/** Of a frame or picture that is read: what is found on a larger one could not be drawn, here or at the hub
 * (services/reading/images/picture.py). */
export const MAX_PIXELS = 50_000_000;

/** How an object's pixels are stored (PS3.3 C.7.6.3). */
export interface PixelFormat {
  rows: number;
  columns: number;
  samples: number;
  allocated: number;
  stored: number;
  signed: boolean;
  planar: boolean;
  photometric: string;
}

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/** The pixel format of an object; 0 where it says nothing. */
export const pixelFormat = (of: DataSet): PixelFormat => ({
  rows: of.uint16(TAG.rows) ?? 0, columns: of.uint16(TAG.columns) ?? 0, samples: of.uint16(TAG.samples) ?? 1,
  allocated: of.uint16(TAG.allocated) ?? 0, stored: of.uint16(TAG.stored) ?? of.uint16(TAG.allocated) ?? 0,
  signed: of.uint16(TAG.signed) === 1, planar: of.uint16(TAG.planar) === 1, photometric: (of.string(TAG.photometric) ?? "").trim(),
});

/** Bits of one uncompressed frame; frames of single bits are not padded (PS3.5 8.1.1). */
export const frameBits = (format: PixelFormat): number =>
  format.rows * format.columns * (format.photometric === "YBR_FULL_422" ? 2 : format.samples) * format.allocated;

/** Samples of one uncompressed frame, those of a pixel beside each other. `all` is the whole pixel data. */
export function nativeSamples(all: Uint8Array, index: number, format: PixelFormat, big: boolean): Samples {
  const bits = frameBits(format);
  if (format.allocated === 1) {
    return Uint8Array.from({ length: bits }, (_, i) => (all[(index * bits + i) >> 3]! >> ((index * bits + i) & 7)) & 1);
  }
  const bytes = all.slice((index * bits) / 8, ((index + 1) * bits) / 8);
  const size = format.allocated / 8;
  if (big && size > 1) for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
  const values = trimmed(typed(bytes, format), format);
  if (format.photometric === "YBR_FULL_422") return spread(values as Uint8Array);
  return format.planar && format.samples > 1 ? interleaved(values, format) : values;
}

/** Samples of one frame from the byte planes of an RLE frame. */
export function fromBytePlanes(planes: Uint8Array[], format: PixelFormat): Samples {
  const size = format.allocated / 8, count = format.rows * format.columns;
  const bytes = new Uint8Array(count * format.samples * size);
  planes.forEach((plane, index) => {
    const sample = Math.floor(index / size), byte = size - 1 - (index % size);
    for (let i = 0; i < count; i++) bytes[(i * format.samples + sample) * size + byte] = plane[i]!;
  });
  return trimmed(typed(bytes, format), format);
}

function typed(bytes: Uint8Array<ArrayBuffer>, { allocated, signed }: PixelFormat): Samples {
  if (allocated === 8) return signed ? new Int8Array(bytes.buffer) : bytes;
  if (allocated === 16) return signed ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  return signed ? new Int32Array(bytes.buffer) : new Uint32Array(bytes.buffer);
}

/** Bits beyond those that are stored say nothing. */
function trimmed(values: Samples, { allocated, stored, signed }: PixelFormat): Samples {
  if (stored >= allocated) return values;
  const shift = 32 - stored;
  return values.map((v) => (signed ? (v << shift) >> shift : (v << shift) >>> shift));
}

function interleaved(values: Samples, { rows, columns, samples }: PixelFormat): Samples {
  const count = rows * columns, out = values.slice();
  for (let s = 0; s < samples; s++) for (let i = 0; i < count; i++) out[i * samples + s] = values[s * count + i]!;
  return out;
}

/** Y1 Y2 Cb Cr becomes two pixels (PS3.3 C.7.6.3.1.2). */
function spread(values: Uint8Array): Uint8Array {
  const out = new Uint8Array((values.length / 2) * 3);
  for (let i = 0, j = 0; i < values.length; i += 4, j += 6) {
    const [first, second, blue, red] = [values[i]!, values[i + 1]!, values[i + 2]!, values[i + 3]!];
    out.set([first, blue, red, second, blue, red], j);
  }
  return out;
}
