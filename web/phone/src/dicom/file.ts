import dicomParser, { type DataSet, type Element } from "dicom-parser";
import type { Calibration } from "@fada/shared/api/types";
import { calibration } from "./calibration";
import { CODED, unpackCoded } from "./codecs";
import { displayPixels } from "./display";
import { unpackJpeg } from "./jpeg";
import { unpackRle } from "./rle";
import { MAX_PIXELS, type PixelFormat, type Samples, pixelFormat, frameBits, nativeSamples, fromBytePlanes } from "./samples";
import { TAG } from "./tags";
import { Unreadable } from "./unreadable";
import { Clip } from "./video";

/** One frame ready to be looked at: grey (H, W), and RGB beside it where the object has colours. */
export interface Frame { width: number; height: number; gray: Uint8Array; rgb: Uint8Array | null }

const BIG = "1.2.840.10008.1.2.2", DEFLATED = "1.2.840.10008.1.2.1.99", RLE = "1.2.840.10008.1.2.5";
const NATIVE = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", BIG, DEFLATED];
const JPEG = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"];
/** Video streams (PS3.5 8.2.5 to 8.2.13); those in an MP4 file are decoded here, the others by the hub. */
const VIDEO = Array.from({ length: 9 }, (_, n) => `1.2.840.10008.1.2.4.${100 + n}`).flatMap((uid) => [uid, `${uid}.1`]);
const IMAGES = ["6.1", "6", "3.1", "3", "7", "7.1", "7.2", "7.3", "7.4"].map((n) => `1.2.840.10008.5.1.4.1.1.${n}`);
const UID = /^\d+(\.\d+)+$/; // components with leading zeros, too: machines write them
const MAX_FRAME_SAMPLES = 2 ** 26, MAX_FRAMES = 3000, MAX_INFLATED = 2 ** 28;

/** Whether a file's first 132 bytes are those of DICOM Part 10. */
export const isDicom = (head: Uint8Array): boolean => String.fromCharCode(...head.subarray(128, 132)) === "DICM";

/** An ultrasound object. What can be asked of it is what the phone needs; its patient is not part of that. */
export class DicomFile {
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sopUid: string;
  /** The day of the examination, `2026-01-31`; "" where it names none. */
  readonly studyDay: string;
  readonly count: number;
  readonly calibration: Calibration;
  /** Whether this browser has a decoder for its pixels. */
  readonly decodable: boolean;
  private readonly set: DataSet;
  private readonly form: PixelFormat;
  private readonly syntax: string;
  private readonly pixels: Element;
  private readonly clip: Clip | null;

  constructor(set: DataSet, syntax: string, clip: Clip | null = null) {
    this.clip = clip;
    [this.set, this.syntax, this.form] = [set, syntax, pixelFormat(set)];
    [this.studyUid, this.seriesUid, this.sopUid] = [uid(set, TAG.studyUid), uid(set, TAG.seriesUid), uid(set, TAG.sopUid, TAG.metaSopUid)];
    this.studyDay = dayOf(set.string(TAG.studyDate) ?? "");
    if (!IMAGES.includes(uid(set, TAG.sopClass, TAG.metaSopClass))) throw new Unreadable("unsupported_object");
    const frames = set.string(TAG.frames);
    this.count = Number(frames?.trim() || 1) || (Number(frames) === 0 ? 1 : NaN); // some stills say 0
    this.pixels = set.elements[TAG.pixels] ?? missing();
    this.check();
    this.calibration = calibration(set);
    const { rows, columns } = this.form;
    this.decodable = rows * columns <= MAX_PIXELS && (clip?.decodable || NATIVE.includes(syntax) || syntax === RLE || CODED.includes(syntax) || (JPEG.includes(syntax) && this.form.allocated === 8 && this.form.stored === 8));
  }

  private check(): void {
    const { rows, columns, samples, allocated } = this.form;
    if (!Number.isInteger(this.count) || this.count < 1 || rows < 1 || columns < 1) throw new Unreadable("invalid_dicom");
    if (![1, 3].includes(samples) || ![1, 8, 16, 32].includes(allocated)) throw new Unreadable("invalid_dicom");
    if (rows * columns * samples > MAX_FRAME_SAMPLES || this.count > MAX_FRAMES) throw new Unreadable("too_large");
    if (NATIVE.includes(this.syntax)) {
      if (this.pixels.length < Math.ceil((frameBits(this.form) * this.count) / 8)) throw new Unreadable("incomplete_body");
    } else if (VIDEO.includes(this.syntax)) {
      if (!this.pixels.fragments?.length) throw new Unreadable("incomplete_body");
    } else if ((this.pixels.fragments?.length ?? 0) < this.count) throw new Unreadable("incomplete_body");
  }

  /** Frame `number`, counted from 1. @throws Unreadable. */
  async frame(number: number): Promise<Frame> {
    if (!this.decodable) throw new Unreadable("unread_here");
    if (this.clip) {
      const { width, height, gray, rgb } = await this.clip.frame(number);
      return { width, height, gray, rgb: rgb() };
    }
    const { rows, columns, samples, photometric } = this.form;
    const jpeg = JPEG.includes(this.syntax);
    const values: Samples = jpeg ? await unpackJpeg(this.stream(number - 1), rows, columns, samples, photometric)
      : CODED.includes(this.syntax) ? await unpackCoded(this.stream(number - 1), this.syntax, this.form)
      : this.syntax === RLE ? fromBytePlanes(unpackRle(this.stream(number - 1), (samples * this.form.allocated) / 8, rows * columns), this.form)
        : nativeSamples(this.nativeBytes, number - 1, this.form, this.syntax === BIG);
    const { pixels, colour } = displayPixels(values, this.set, this.form, jpeg);
    return { width: columns, height: rows, gray: colour ? luma(pixels) : pixels, rgb: colour ? pixels : null };
  }

  private get nativeBytes(): Uint8Array {
    const { dataOffset, length, vr } = this.pixels;
    const bytes = this.set.byteArray.subarray(dataOffset, dataOffset + length);
    if (this.syntax !== BIG || vr !== "OW" || this.form.allocated !== 8) return bytes;
    return bytes.map((_, i, all) => all[i ^ 1] ?? 0); // bytes that lie in words of the other order
  }

  /** The compressed stream of a frame: one fragment, or those that an offset table or JPEG's own ends bind together. */
  private stream(index: number): Uint8Array {
    const { fragments = [], basicOffsetTable: table = [] } = this.pixels;
    try {
      if (this.count === 1) return dicomParser.readEncapsulatedPixelDataFromFragments(this.set, this.pixels, 0, fragments.length);
      if (fragments.length === this.count) return dicomParser.readEncapsulatedPixelDataFromFragments(this.set, this.pixels, index);
      const offsets = table.length > 0 ? table : dicomParser.createJPEGBasicOffsetTable(this.set, this.pixels);
      return dicomParser.readEncapsulatedImageFrame(this.set, this.pixels, index, offsets);
    } catch {
      throw new Unreadable("invalid_dicom");
    }
  }
}

/** Read a Part 10 file. Pixels are decoded when a frame is asked for. @throws Unreadable. */
export async function openDicom(file: Uint8Array): Promise<DicomFile> {
  if (file.byteLength < 160 || !isDicom(file)) throw new Unreadable("invalid_dicom");
  const meta = parsed(() => dicomParser.readPart10Header(file));
  const syntax = (meta.string(TAG.syntax) ?? "").trim();
  if (![...NATIVE, RLE, ...JPEG, ...CODED, ...VIDEO].includes(syntax)) throw new Unreadable("unsupported_object");
  const inflated = syntax === DEFLATED ? await inflate(file.subarray((meta as DataSet & { position: number }).position)) : null;
  const inflater = (_: unknown, position: number): Uint8Array => {
    const whole = new Uint8Array(position + inflated!.byteLength);
    whole.set(file.subarray(0, position));
    whole.set(inflated!, position);
    return whole;
  };
  const set = parsed(() => dicomParser.parseDicom(file, inflated ? { inflater } : {}));
  return new DicomFile(set, syntax, VIDEO.includes(syntax) ? await clipOf(set) : null);
}

/** The stream of a video object; null where it is none that this browser can open. */
async function clipOf(set: DataSet): Promise<Clip | null> {
  const pixels = set.elements[TAG.pixels], fragments = pixels?.fragments ?? [];
  if (!pixels || fragments.length === 0) return null;
  return Clip.open(dicomParser.readEncapsulatedPixelDataFromFragments(set, pixels, 0, fragments.length)).catch(() => null);
}

/** What the parser throws may hold the data set: none of it goes further. */
function parsed<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw new Unreadable("invalid_dicom");
  }
}

async function inflate(packed: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  try {
    const stream = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    for (const reader = stream.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      if ((total += value.byteLength) > MAX_INFLATED) throw new Unreadable("too_large");
    }
  } catch (reason) {
    throw reason instanceof Unreadable ? reason : new Unreadable("invalid_dicom");
  }
  const whole = new Uint8Array(total);
  pieces.reduce((at, piece) => (whole.set(piece, at), at + piece.byteLength), 0);
  return whole;
}

/** A UID; where the data set has none, as some handheld probes write it, that of the file's own head (`inHead`), as on the hub. */
function uid(set: DataSet, tag: string, inHead = tag): string {
  const text = (set.string(tag) || set.string(inHead) || "").trim();
  if (text.length > 64 || !UID.test(text)) throw new Unreadable("invalid_dicom");
  return text;
}

/** The first value of a DA (PS3.5 6.2), as the hub reads it (services/domain/dicom/values.py); "" where it is none. */
function dayOf(text: string): string {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(text.split("\\")[0]!.trim());
  if (!parts) return "";
  const day = parts.slice(1).join("-"), at = new Date(`${day}T00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day) ? day : "";
}

function missing(): never {
  throw new Unreadable("incomplete_body");
}

/** ITU-R 601 in integers, as everywhere (services/reading/images/picture.py). */
export function luma(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3);
  for (let i = 0, j = 0; i < gray.length; i++, j += 3) gray[i] = Math.floor((rgb[j]! * 299 + rgb[j + 1]! * 587 + rgb[j + 2]! * 114 + 500) / 1000);
  return gray;
}
