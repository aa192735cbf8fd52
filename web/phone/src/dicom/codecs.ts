import type { PixelFormat, Samples } from "./samples";
import { Unreadable } from "./unreadable";

/** Codecs that browsers lack, as WebAssembly: loaded when the first frame needs one, from what the app keeps on the
 * phone. A stream's own size is compared with the object's before a decoder gets it. */

type Family = "j2k" | "htj2k" | "jpegls" | "lossless";

const syntax = (...numbers: string[]): string[] => numbers.map((n) => `1.2.840.10008.1.2.4.${n}`);
const FAMILIES: readonly (readonly [Family, readonly string[]])[] =
  [["lossless", syntax("57", "70")], ["jpegls", syntax("80", "81")], ["j2k", syntax("90", "91")], ["htj2k", syntax("201", "202", "203")]];

/** Transfer syntaxes that are decoded here. */
export const CODED: readonly string[] = FAMILIES.flatMap(([, syntaxes]) => syntaxes);

interface FrameInfo { width: number; height: number; bitsPerSample: number; componentCount: number; isSigned: boolean }
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  decode(): void;
  getFrameInfo(): FrameInfo;
  getInterleaveMode?(): number;
  delete(): void;
}
type Make = () => WasmDecoder;

const loaded = new Map<Family, Promise<Make>>();

function load(family: Exclude<Family, "lossless">): Promise<Make> {
  const known = loaded.get(family);
  if (known) return known;
  const loading = LOADERS[family]();
  loading.catch(() => loaded.delete(family)); // tried again at the next frame
  loaded.set(family, loading);
  return loading;
}

const at = (url: string): { locateFile: () => string } => ({ locateFile: () => new URL(url, location.href).href });

const LOADERS: Record<Exclude<Family, "lossless">, () => Promise<Make>> = {
  j2k: async () => {
    const [{ default: open }, { default: wasm }] = await Promise.all([import("@cornerstonejs/codec-openjpeg/decodewasmjs"), import("@cornerstonejs/codec-openjpeg/decodewasm?url")]);
    const { J2KDecoder } = await open(at(wasm));
    return () => new J2KDecoder();
  },
  jpegls: async () => {
    const [{ default: open }, { default: wasm }] = await Promise.all([import("@cornerstonejs/codec-charls/decodewasmjs"), import("@cornerstonejs/codec-charls/decodewasm?url")]);
    const { JpegLSDecoder } = await open(at(wasm));
    return () => new JpegLSDecoder();
  },
  htj2k: async () => {
    const [{ default: open }, { default: wasm }] = await Promise.all([import("@cornerstonejs/codec-openjph/wasmjs"), import("@cornerstonejs/codec-openjph/wasm?url")]);
    const { HTJ2KDecoder } = await open(at(wasm));
    return () => new HTJ2KDecoder();
  },
};

/** One frame's samples, those of a pixel beside each other; colours are RGB where the stream itself mixed them.
 * @throws Unreadable. */
export async function unpackCoded(stream: Uint8Array, transferSyntax: string, form: PixelFormat): Promise<Samples> {
  const family = FAMILIES.find(([, syntaxes]) => syntaxes.includes(transferSyntax))?.[0];
  if (!family) throw new Unreadable("unread_here");
  const size = family === "j2k" || family === "htj2k" ? sizOf(stream) : sofOf(stream);
  if (size?.join() !== [form.rows, form.columns, form.samples].join()) throw new Unreadable("invalid_dicom");
  try {
    return family === "lossless" ? await unpackLossless(stream, form) : unpackWasm((await load(family))(), stream, form);
  } catch (reason) {
    throw reason instanceof Unreadable ? reason : new Unreadable("unread_here");
  }
}

function unpackWasm(decoder: WasmDecoder, stream: Uint8Array, form: PixelFormat): Samples {
  try {
    decoder.getEncodedBuffer(stream.length).set(stream);
    decoder.decode();
    const { width, height, bitsPerSample, componentCount, isSigned } = decoder.getFrameInfo();
    if (width !== form.columns || height !== form.rows || componentCount !== form.samples) throw new Unreadable("invalid_dicom");
    const bytes = decoder.getDecodedBuffer().slice(), { buffer } = bytes;
    const values = bitsPerSample <= 8 ? (isSigned ? new Int8Array(buffer) : bytes) : isSigned || form.signed ? new Int16Array(buffer) : new Uint16Array(buffer);
    return componentCount === 3 && decoder.getInterleaveMode?.() === 0 ? interleaved(values) : values;
  } finally {
    decoder.delete();
  }
}

async function unpackLossless(stream: Uint8Array, form: PixelFormat): Promise<Samples> {
  const { Decoder } = await import("jpeg-lossless-decoder-js");
  const own = stream.slice();
  const values = new Decoder().decode(own.buffer, 0, own.length);
  if (!values || values.length !== form.rows * form.columns * form.samples) throw new Unreadable("invalid_dicom");
  return form.signed && values instanceof Uint16Array ? new Int16Array(values.buffer as ArrayBuffer) : values;
}

function interleaved<T extends Samples>(planes: T): T {
  const out = planes.slice() as T, count = planes.length / 3;
  for (let s = 0; s < 3; s++) for (let i = 0; i < count; i++) out[3 * i + s] = planes[s * count + i]!;
  return out;
}

/** Rows, columns, components by the SIZ marker of a JPEG 2000 code stream, in a box or bare (ISO 15444-1 A.5.1). */
function sizOf(bytes: Uint8Array): [number, number, number] | null {
  const start = bytes.findIndex((b, i) => b === 0xff && bytes[i + 1] === 0x4f && bytes[i + 2] === 0xff && bytes[i + 3] === 0x51);
  if (start < 0 || start + 42 > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start + 6);
  return [view.getUint32(6) - view.getUint32(14), view.getUint32(2) - view.getUint32(10), view.getUint16(34)];
}

/** Rows, columns, components by the frame header of a lossless JPEG or JPEG-LS stream. */
function sofOf(bytes: Uint8Array): [number, number, number] | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  for (let place = 2; place + 10 <= bytes.length;) {
    const marker = bytes[place + 1]!;
    if (bytes[place] !== 0xff) return null;
    if (marker === 0xff) { place++; continue; }
    if (marker === 0xc3 || marker === 0xf7) return [(bytes[place + 5]! << 8) + bytes[place + 6]!, (bytes[place + 7]! << 8) + bytes[place + 8]!, bytes[place + 9]!];
    place += 2 + (bytes[place + 2]! << 8) + bytes[place + 3]!;
  }
  return null;
}
