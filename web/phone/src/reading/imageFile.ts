import type { Calibration } from "@fada/shared/api/types";
import { type DicomFile, isDicom, openDicom } from "../dicom/file";
import { Unreadable } from "../dicom/unreadable";
import { Clip } from "../dicom/video";
import { type Gray, decode, png } from "./image";
import { smallJpeg } from "./thumbnail";
import { type FrameScore, candidates, choose, scoreFrame } from "./clip/keyframes";

/** The media type of a DICOM file. */
export const DICOM = "application/dicom";
const MAX_BYTES = 256 * 2 ** 20, MAX_IMAGE_BYTES = 64 * 2 ** 20;
/** Each frame costs seconds on a phone. The hub reads more of a long clip, these among them. */
const KEY_FRAMES = 3;

/** A file of a case as a series of pictures: one of a PNG or JPEG, one or many of a DICOM file. */
export interface ImageFile {
  /** Null for a picture without names of its own. */
  names: { studyUid: string; seriesUid: string; sopUid: string } | null;
  count: number;
  /** What the file itself says; null when a person may set the scale. */
  calibration: Calibration | null;
  decodable: boolean;
  frame(number: number): Promise<Gray>;
  shown(number: number): Promise<Blob>;
}

/** Open a stored file. @throws Unreadable. */
export async function openImageFile(file: Blob): Promise<ImageFile> {
  if (file.type === DICOM) return ofDicom(await openDicom(new Uint8Array(await file.arrayBuffer())));
  return file.type.startsWith("video/") ? ofClip(await Clip.open(new Uint8Array(await file.arrayBuffer()))) : ofImage(file);
}

function ofImage(file: Blob): ImageFile {
  return { names: null, count: 1, calibration: null, decodable: true, frame: () => decode(file), shown: () => Promise.resolve(file) };
}

function ofClip(clip: Clip): ImageFile {
  return {
    names: null, count: clip.count, calibration: null, decodable: clip.decodable,
    frame: async (number) => {
      const { width, height, gray } = await clip.frame(number);
      return { width, height, pixels: gray };
    },
    shown: async (number) => {
      const { width, height, gray, rgb } = await clip.frame(number);
      return png({ width, height, pixels: gray }, rgb());
    },
  };
}

function ofDicom(dicom: DicomFile): ImageFile {
  const { studyUid, seriesUid, sopUid, count, calibration, decodable } = dicom;
  const calibrated = calibration.regions.length > 0 || calibration.spacing !== null;
  return {
    names: { studyUid, seriesUid, sopUid }, count, calibration: calibrated ? calibration : null, decodable,
    frame: async (number) => {
      const { width, height, gray } = await dicom.frame(number);
      return { width, height, pixels: gray };
    },
    shown: async (number) => {
      const { width, height, gray, rgb } = await dicom.frame(number);
      return png({ width, height, pixels: gray }, rgb);
    },
  };
}

const THUMB_SIDE = 128, THUMB_BYTES = 8192;

/** The first picture of a file for a list; null where this phone cannot show it. */
const thumbnail = async (file: ImageFile): Promise<Blob | null> =>
  file.decodable ? file.shown(1).then((picture) => smallJpeg(picture, THUMB_SIDE, THUMB_BYTES)).catch(() => null) : null;

/** What kind of file it is, by content and never by name, and whether it can be taken at all. @throws Unreadable. */
export async function identify(file: Blob): Promise<{ media_type: string; studyUid: string; day: string; thumb: Blob | null }> {
  if (file.size > MAX_BYTES) throw new Unreadable("too_large");
  const head = new Uint8Array(await file.slice(0, 132).arrayBuffer());
  if (isDicom(head)) {
    const opened = await openDicom(new Uint8Array(await file.arrayBuffer()));
    return { media_type: DICOM, studyUid: opened.studyUid, day: opened.studyDay, thumb: await thumbnail(ofDicom(opened)) };
  }
  const clip = clipType(head);
  if (clip) {
    const opened = await Clip.open(new Uint8Array(await file.arrayBuffer()));
    return { media_type: clip, studyUid: "", day: "", thumb: await thumbnail(ofClip(opened)) };
  }
  const media_type = head[0] === 0x89 && String.fromCharCode(...head.subarray(1, 4)) === "PNG" ? "image/png"
    : head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff ? "image/jpeg" : null;
  if (media_type === null) throw new Unreadable("unsupported_media");
  if (file.size > MAX_IMAGE_BYTES) throw new Unreadable("too_large");
  await decode(file);
  return { media_type, studyUid: "", day: "", thumb: await thumbnail(ofImage(file)) };
}

const STILLS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif"];
const BOXES = ["moov", "mdat", "wide", "free", "skip", "pnot"];

/** The media type of an MP4 or MOV clip, "" for anything else (services/domain/dicom/file_kind.py). @throws Unreadable: a HEIC photo. */
function clipType(head: Uint8Array): string {
  const [box, brand] = [String.fromCharCode(...head.subarray(4, 8)), String.fromCharCode(...head.subarray(8, 12))];
  if (box !== "ftyp") return BOXES.includes(box) ? "video/quicktime" : "";
  if (STILLS.includes(brand)) throw new Unreadable("heic_photo");
  return brand === "qt  " ? "video/quicktime" : "video/mp4";
}

/** The frames to read of a clip: the best that differ from each other; `onFrame` sees each of them as it is decoded.
 * `stopped` ends the looking early: what was seen until then counts. */
export async function keyFrames(
  from: ImageFile, onProgress: (part: number) => void, onFrame: (number: number, gray: Gray) => Promise<void> = () => Promise.resolve(), stopped: () => boolean = () => false,
): Promise<number[]> {
  if (from.count === 1) return [1];
  const scores: FrameScore[] = [], numbers = candidates(from.count);
  for (const number of numbers) {
    const gray = await from.frame(number), { pixels, width, height } = gray;
    await onFrame(number, gray);
    scores.push(scoreFrame(number, pixels, width, height));
    onProgress(scores.length / numbers.length);
    if (stopped()) break;
  }
  return choose(scores, KEY_FRAMES);
}
