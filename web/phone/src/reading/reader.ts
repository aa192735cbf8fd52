import type { Calibration, FrameReading, Report } from "@fada/shared/api/types";
import { Unreadable } from "../dicom/unreadable";
import { seriesUid, sopUid, studyUid as studyUidOf } from "../case/ids";
import type { CasePictures, Picture } from "../case/picture";
import { resize } from "./image";
import { type Glance, bestFrames, surveySide } from "./clip/bestFrames";
import { hasLittleMemory, isOutOfMemory } from "./device";
import { judge } from "./judge";
import type { Manifest, Release } from "./manifest";
import { flagBurnedInText } from "./burnedInText";
import { type ImageFile, keyFrames, openImageFile } from "./imageFile";
import { TextModel } from "./textModel";
import { type Runs, Vision } from "./vision/vision";

const MOST_PLANES = 8; // frames of a clip, one for each plane that it shows

export type Phase = "choose" | "load" | "detect" | "interpret" | "judge";
/** `note`: which picture of how many, or how many of a clip's frames were looked at. */
export type OnPhase = (phase: Phase, note: string) => void;
export interface Read { report: Report; reads: number[][] }

/** A loaded release: the same phases and judgement as on the hub. Loading costs seconds, so keep one. */
export class Reader {
  private readonly vision: Vision;
  private readonly release: Release;
  private textModel: TextModel | null = null;
  /** There was no memory for the text model: what is read has no words. */
  lacksText = false;
  private last: Promise<unknown> = Promise.resolve();
  private stopped = false;

  private constructor(release: Release, vision: Vision) {
    [this.release, this.vision] = [release, vision];
  }

  static async load(release: Release): Promise<Reader> {
    const reader = new Reader(release, await Vision.start(await release.files["vision.onnx"]!.arrayBuffer()));
    const { "text.gguf": text, "mmproj.gguf": mmproj } = release.files;
    await reader.answers();
    const readsFindings = release.manifest.text_model?.input === "findings";
    if (text && (readsFindings || mmproj) && !hasLittleMemory()) {
      try {
        reader.textModel = await TextModel.load(release.manifest, text, readsFindings ? null : mmproj!);
      } catch (reason) { // a reading without its words is worth more than none
        if (!isOutOfMemory(reason)) throw reason;
        reader.lacksText = true;
      }
    }
    return reader;
  }

  /** The release's self-test: an empty picture gives tensors of the size that its labels ask for. */
  private async answers(): Promise<void> {
    const { labels, preprocessing: { side } } = this.release.manifest;
    const raw = await this.vision.run(new Uint8Array(side * side), side);
    const sizes = [raw.plane.length, raw.masks.length, raw.boxes.length, raw.keypoints.length];
    const wanted = [labels.planes.length, labels.masks.length * (side / 2) ** 2, labels.boxes.length * 5, labels.keypoints.length * 3];
    if (raw.subplane) {
      sizes.push(raw.subplane.length);
      wanted.push(labels.subplanes?.length ?? 0);
    }
    if (sizes.join() !== wanted.join()) throw new Error("invalid_model_output");
  }

  /** What its vision graph runs on. */
  get runs(): Runs {
    return this.vision.runs;
  }

  get manifest(): Manifest {
    return this.release.manifest;
  }

  get id(): string {
    return `${this.release.manifest.name}-${this.release.manifest.version}`;
  }

  /** Once it reads: tries what may be faster on this phone. Back when that is decided. */
  tryFaster = async (): Promise<void> => this.vision.tryGpu(await this.release.files["vision.onnx"]!.arrayBuffer(), this.release.manifest.preprocessing.side);

  /** The report of a case, and which frames of each picture stand in it. What `before` says of pictures that did
   * not change stays, when it is by this release. */
  read(record: CasePictures, files: readonly Blob[], before: Report | null, onPhase: OnPhase): Promise<Read> {
    const work = this.readAll(record, files, before, onPhase);
    this.last = work;
    return work;
  }

  /** Look at no further frame of the clip that is looked through now: the best of those seen are read. */
  stopLooking(): void {
    this.stopped = true;
  }

  /** Give its memory back, after what it reads now. */
  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    this.vision.close();
    await this.textModel?.close();
  }

  private async readAll(record: CasePictures, files: readonly Blob[], before: Report | null, onPhase: OnPhase): Promise<Read> {
    const { manifest, sha256 } = this.release;
    const timer = new PhaseTimer(onPhase);
    const reusable = before?.release.sha256 === sha256 ? readingsByPicture(record, before) : null;
    const frames: FrameReading[] = [], skipped: [string, string][] = [], reads: number[][] = [];
    let studyUid = studyUidOf(record.id);
    for (const [index, picture] of record.pictures.entries()) {
      timer.note = record.pictures.length > 1 ? `${index + 1} / ${record.pictures.length}` : "";
      const opened = await openImageFile(files[index]!);
      const names = opened.names ?? { studyUid: "", seriesUid: await seriesUid(record.id), sopUid: await sopUid(record.id, picture.sha256) };
      studyUid = names.studyUid || studyUid;
      const old = picture.fresh ? reusable?.filter((earlier) => earlier.picture === index) ?? [] : [];
      if (old.length > 0) frames.push(...old.map((earlier) => earlier.reading));
      else if (!opened.decodable) skipped.push([names.sopUid, "unread_here"]);
      else try {
        const numbers = picture.frames ?? await timer.of("choose", () => this.chooseFrames(opened, (part) => onPhase("choose", `${Math.round(part * 100)} %`)));
        for (const number of numbers) {
          frames.push(await this.readFrame(opened, picture, { seriesUid: names.seriesUid, sopUid: names.sopUid, frame: number }, timer));
        }
      } catch (reason) { // one damaged picture does not keep the others back
        if (!(reason instanceof Unreadable)) throw reason;
        skipped.push([names.sopUid, reason.code]);
      }
      reads.push(frames.filter((f) => f.sop_uid === names.sopUid).map((f) => f.frame));
    }
    const report: Report = {
      study_uid: studyUid, origin: "phone", release: { name: manifest.name, version: manifest.version, sha256 },
      created_at: new Date().toISOString(), frames, seconds: timer.seconds, format: "1.0", reviewed_by: null, reviewed_at: null, comment: "", skipped,
    };
    return { report, reads };
  }

  /** The frames of a clip to read: the best of each plane; where the release cannot glance, the good ones that differ. */
  private async chooseFrames(from: ImageFile, onProgress: (part: number) => void): Promise<number[]> {
    const { manifest } = this.release, side = surveySide(manifest.preprocessing.side);
    let able = from.count > 1;
    const numbers: number[] = [], glances: Glance[] = [];
    this.stopped = false;
    const looked = await keyFrames(from, onProgress, async (number, gray) => {
      if (!able) return;
      const seen = await this.vision.glance(resize(gray, side, side).pixels, side);
      able = seen !== null;
      if (!seen) return;
      numbers.push(number);
      glances.push(seen);
    }, () => this.stopped);
    const best = able ? bestFrames(numbers, glances, manifest.calibration, MOST_PLANES) : [];
    return best.length > 0 ? best : looked;
  }

  private async readFrame(from: ImageFile, picture: Picture, name: { seriesUid: string; sopUid: string; frame: number }, timer: PhaseTimer): Promise<FrameReading> {
    const { manifest } = this.release;
    const gray = await timer.of("load", () => from.frame(name.frame));
    const square = resize(gray, manifest.preprocessing.side, manifest.preprocessing.side);
    const raw = await timer.of("detect", () => this.vision.run(square.pixels, square.width));
    const best = raw.plane.indexOf(Math.max(...raw.plane));
    const texts = this.textModel
      ? await timer.of("interpret", async () => this.textModel!.interpret(square, manifest.labels.planes[best]!, raw).catch((reason: unknown) => {
        console.warn("no interpretation:", reason instanceof Error ? reason.name : "error"); // the picture's own figures stand without it
        return {};
      }))
      : {};
    const where = { ...name, width: gray.width, height: gray.height };
    const scale = from.calibration ?? byHand(picture.pixelMm);
    return timer.of("judge", () => Promise.resolve(flagBurnedInText(judge(raw, texts, where, manifest, scale), gray)));
  }
}

/** Seconds of each phase; the page is notified when one begins. */
class PhaseTimer {
  readonly seconds: Record<string, number> = {};
  note = "";
  private readonly onPhase: OnPhase;

  constructor(onPhase: OnPhase) {
    this.onPhase = onPhase;
  }

  async of<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    this.onPhase(phase, this.note);
    const began = performance.now();
    const answer = await work();
    this.seconds[phase] = Math.round(((this.seconds[phase] ?? 0) + (performance.now() - began) / 1000) * 1000) / 1000;
    return answer;
  }
}

/** The scale that a person set on the picture, marked as such. */
const byHand = (pixelMm: [number, number] | null): Calibration =>
  ({ regions: [], spacing: pixelMm && { mm_x: pixelMm[0], mm_y: pixelMm[1], source: "scale_bar" } });

/** The readings of a report with the place of their picture in the case. */
export function readingsByPicture(record: CasePictures, report: Report): { picture: number; reading: FrameReading }[] {
  const places = record.pictures.flatMap((p, index) => p.reads.map(() => index));
  return report.frames.flatMap((reading, i) => (places[i] === undefined ? [] : [{ picture: places[i], reading }]));
}
