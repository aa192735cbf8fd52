import type { DataSet } from "dicom-parser";
import type { PixelFormat, Samples } from "./samples";
import { TAG, decimal, items, words } from "./tags";
import { Unreadable } from "./unreadable";

/** From stored samples to display values, by the hub's rules (services/dicom/parser/frames.py and pydicom's tables):
 * palettes applied, colours as RGB, more than 8 bits windowed, MONOCHROME1 turned over. */

const bytes = (values: ArrayLike<number>): Uint8Array => Uint8Array.from(values);
const clip = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Grey, or RGB where `colour` is true. `rgb` says that a decoder has turned YBR into RGB already. */
export function displayPixels(values: Samples, of: DataSet, form: PixelFormat, rgb: boolean): { pixels: Uint8Array; colour: boolean } {
  if (form.photometric === "PALETTE COLOR") return { pixels: palette(values, of, form), colour: true };
  if (form.samples === 3) {
    const plain = form.stored > 8 ? bytes(values.map((v) => v >> (form.stored - 8))) : bytes(values);
    return { pixels: !rgb && form.photometric.startsWith("YBR_FULL") ? toRgb(plain) : plain, colour: true };
  }
  const gray = windowed(values, of, form);
  return { pixels: form.photometric === "MONOCHROME1" ? gray.map((v) => 255 - v) : gray, colour: false };
}

/** PS3.3 C.7.6.3.1.2, in single precision as the hub computes it. */
function toRgb(ybr: Uint8Array): Uint8Array {
  const f = Math.fround, out = new Uint8Array(ybr.length);
  const blueOfGreen = f((-0.114 * 1.772) / 0.587), redOfGreen = f((-0.299 * 1.402) / 0.587), red = f(1.402), blue = f(1.772);
  const put = (at: number, value: number): void => { out[at] = clip(Math.floor(f(value + 0.5)), 0, 255); };
  for (let i = 0; i < ybr.length; i += 3) {
    const y = ybr[i]!, cb = ybr[i + 1]! - 128, cr = ybr[i + 2]! - 128;
    put(i, f(y + f(cr * red)));
    put(i + 1, f(f(y + f(cb * blueOfGreen)) + f(cr * redOfGreen)));
    put(i + 2, f(y + f(cb * blue)));
  }
  return out;
}

function palette(values: Samples, of: DataSet, form: PixelFormat): Uint8Array {
  const [count = 0, first = 0] = words(of, TAG.redDescriptor, form.signed);
  const entries = (count < 0 ? count + 65536 : count) || 65536;
  const wide = [TAG.redData, TAG.greenData, TAG.blueData].map((tag) => {
    const element = of.elements[tag];
    if (!element || element.length < entries) throw new Unreadable("unread_here"); // none, or a segmented palette
    const inWords = Math.floor(element.length / 2) >= entries;
    return Array.from({ length: entries }, (_, i) => (inWords ? of.uint16(tag, i) ?? 0 : of.byteArray[element.dataOffset + i]!));
  });
  // Some say 8 bits and write words, some say 16 and mean 8: the values themselves tell, as on the hub.
  const deep = wide.some((table) => table.some((v) => v > 255));
  const tables = wide.map((table) => Uint8Array.from(table, (v) => (deep ? v >> 8 : v)));
  const out = new Uint8Array(values.length * 3);
  for (let i = 0; i < values.length; i++) {
    const at = clip(values[i]! - first, 0, entries - 1);
    for (let c = 0; c < 3; c++) out[i * 3 + c] = tables[c]![at]!;
  }
  return out;
}

/** Grey values as they are meant to be seen (PS3.3 C.11.1, C.11.2). */
function windowed(values: Samples, of: DataSet, form: PixelFormat): Uint8Array {
  if (form.allocated === 1) return bytes(values.map((v) => v * 255));
  const voi = decimal(of, TAG.windowCenter) !== null || tableOf(of, TAG.voiLuts) !== null;
  const plain = !voi && decimal(of, TAG.slope) === null && tableOf(of, TAG.modalityLuts) === null;
  const eight = form.allocated === 8 && !form.signed;
  if (eight && plain && form.stored === 8) return bytes(values);
  const seen = valueOfInterest(modality(Float64Array.from(values), of, form), of, form);
  let low = Infinity, high = -Infinity;
  for (const v of seen) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (voi) [low, high] = outputRange(of, form);
  else if (eight) [low, high] = [Math.min(low, 0), Math.max(high, 255)];
  if (!(high > low)) return new Uint8Array(seen.length);
  return Uint8Array.from(seen, (v) => Math.floor(clip((v - low) / (high - low), 0, 1) * 255 + 0.5));
}

/** The first look-up table of a sequence; null where it says nothing usable. */
function tableOf(of: DataSet, tag: string): DataSet | null {
  const [lut] = items(of, tag);
  return lut && words(lut, TAG.lutDescriptor, false).length === 3 && (lut.elements[TAG.lutData]?.length ?? 0) > 0 ? lut : null;
}

function modality(values: Float64Array, of: DataSet, form: PixelFormat): Float64Array {
  const lut = tableOf(of, TAG.modalityLuts);
  if (lut) return throughTable(values, lut, form);
  const slope = decimal(of, TAG.slope), intercept = decimal(of, TAG.intercept);
  return slope === null || intercept === null ? values : values.map((v) => v * slope + intercept);
}

function valueOfInterest(values: Float64Array, of: DataSet, form: PixelFormat): Float64Array {
  const lut = tableOf(of, TAG.voiLuts);
  if (lut) return throughTable(values, lut, form);
  const centre = decimal(of, TAG.windowCenter), width = decimal(of, TAG.windowWidth);
  if (centre === null || width === null) return values;
  return throughWindow(values, centre, width, of, form);
}

/** Samples below and beyond a table get its first and its last entry. */
function throughTable(values: Float64Array, lut: DataSet, form: PixelFormat): Float64Array {
  const [count = 0, first = 0] = words(lut, TAG.lutDescriptor, form.signed);
  const entries = (count < 0 ? count + 65536 : count) || 65536;
  const table = Array.from({ length: entries }, (_, i) => lut.uint16(TAG.lutData, i) ?? 0);
  return values.map((v) => table[clip(Math.trunc(v - first), 0, entries - 1)]!);
}

function throughWindow(values: Float64Array, centre: number, width: number, of: DataSet, form: PixelFormat): Float64Array {
  const kind = (of.string(TAG.voiFunction) ?? "LINEAR").trim().toUpperCase();
  let [low, high] = stored(form);
  const lut = tableOf(of, TAG.modalityLuts);
  if (lut) [low, high] = [0, 2 ** (words(lut, TAG.lutDescriptor, false)[2] ?? 8) - 1];
  const slope = decimal(of, TAG.slope), intercept = decimal(of, TAG.intercept);
  if (slope !== null && intercept !== null) [low, high] = [low * slope + intercept, high * slope + intercept];
  if (kind === "SIGMOID") {
    if (!(width > 0)) throw new Unreadable("invalid_dicom");
    return values.map((v) => (high - low) / (1 + Math.exp((-4 * (v - centre)) / width)) + low);
  }
  if (kind !== "LINEAR" && kind !== "LINEAR_EXACT") throw new Unreadable("invalid_dicom");
  if (kind === "LINEAR" ? width < 1 : width <= 0) throw new Unreadable("invalid_dicom");
  const [c, w] = kind === "LINEAR" ? [centre - 0.5, width - 1] : [centre, width];
  return values.map((v) => (v <= c - w / 2 ? low : v > c + w / 2 ? high : ((v - c) / w + 0.5) * (high - low) + low));
}

const stored = ({ stored: bits, signed }: PixelFormat): [number, number] =>
  (signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]);

/** The range that a VOI transformation maps to: that of the stored bits after rescaling. */
function outputRange(of: DataSet, form: PixelFormat): [number, number] {
  const lut = tableOf(of, TAG.voiLuts);
  if (lut) return [0, 2 ** (words(lut, TAG.lutDescriptor, false)[2] ?? 8) - 1];
  const slope = decimal(of, TAG.slope) ?? 1, intercept = decimal(of, TAG.intercept) ?? 0;
  const [low, high] = stored(form).map((v) => v * slope + intercept) as [number, number];
  return low < high ? [low, high] : [high, low];
}
