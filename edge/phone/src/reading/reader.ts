import type { Calibration, Report } from "@hub/api/types";
import { studyUid, sopUid } from "../store/ids";
import type { Case } from "../store/cases";
import type { Opened } from "../store/releases";
import { decode, png, resize } from "./image";
import { type Raw, judge } from "./judge";
import { Words } from "./text";

export type Phase = "load" | "detect" | "interpret" | "judge";
type Answer = { id: number; raw?: Raw; error?: string };

/** A loaded release: the same phases and judgement as on the hub. Loading costs seconds, so keep one. */
export class Reader {
  private readonly worker = new Worker(new URL("./vision.worker.ts", import.meta.url), { type: "module" });
  private readonly open = new Map<number, (answer: Answer) => void>();
  private readonly release: Opened;
  private words: Words | null = null;
  private asked = 0;

  private constructor(release: Opened) {
    this.release = release;
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.open.get(data.id)?.(data);
      this.open.delete(data.id);
    };
  }

  static async load(release: Opened): Promise<Reader> {
    const reader = new Reader(release);
    await reader.ask({ graph: await release.files["vision.onnx"]!.arrayBuffer() });
    const { "text.gguf": text, "mmproj.gguf": mmproj } = release.files;
    if (text && mmproj) reader.words = await Words.load(release.manifest, text, mmproj);
    return reader;
  }

  get id(): string {
    return `${this.release.manifest.name}-${this.release.manifest.version}`;
  }

  /** The report of a case; without `pixelMm` everything stays in pixels. */
  async read(found: Case, pictures: Blob[], tell: (phase: Phase) => void): Promise<Report> {
    const { manifest, sha256 } = this.release;
    const seconds: Record<string, number> = {};
    const timed = async <T>(phase: Phase, work: () => Promise<T>): Promise<T> => {
      tell(phase);
      const began = performance.now();
      const answer = await work();
      seconds[phase] = Math.round(((seconds[phase] ?? 0) + (performance.now() - began) / 1000) * 1000) / 1000;
      return answer;
    };
    const frames = [];
    for (const [index, picture] of pictures.entries()) {
      const gray = await timed("load", () => decode(picture));
      const square = resize(gray, manifest.preprocessing.side, manifest.preprocessing.side);
      const raw = (await timed("detect", () => this.ask({ pixels: square.pixels, side: square.width }))).raw!;
      const best = raw.plane.indexOf(Math.max(...raw.plane));
      const side = manifest.preprocessing.text_side;
      const told = this.words
        ? await timed("interpret", async () => this.words!.interpret(await png(resize(square, side, side)), manifest.labels.planes[best]!).catch((reason: unknown) => {
          console.warn("no interpretation:", String(reason)); // the picture's own figures stand without it
          return {};
        }))
        : {};
      const where = { seriesUid: "", sopUid: await sopUid(found.id, found.pictures[index]!.sha256), frame: 1, width: gray.width, height: gray.height };
      frames.push(await timed("judge", () => Promise.resolve(judge(raw, told, where, manifest, calibration(found.pixelMm)))));
    }
    return {
      study_uid: studyUid(found.id), origin: "phone", release: { name: manifest.name, version: manifest.version, sha256 },
      created_at: new Date().toISOString(), frames, seconds, format: "1.0", reviewed_by: null, reviewed_at: null, comment: "", skipped: [],
    };
  }

  private async ask(message: { graph: ArrayBuffer } | { pixels: Uint8Array; side: number }): Promise<Answer> {
    const id = ++this.asked;
    const answer = await new Promise<Answer>((done) => {
      this.open.set(id, done);
      this.worker.postMessage({ id, ...message });
    });
    if (answer.error) throw new Error(answer.error);
    return answer;
  }
}

/** The scale that a person set on the picture, marked as such. */
export const calibration = (pixelMm: [number, number] | null): Calibration =>
  ({ regions: [], spacing: pixelMm && { mm_x: pixelMm[0], mm_y: pixelMm[1], source: "scale_bar" } });
