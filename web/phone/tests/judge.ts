import type { Calibration, FrameReading } from "@fada/shared/api/types";
import { parseInterpretation } from "../src/reading/answers";
import { judge } from "../src/reading/judge";
import { hasBurnedInText, flagBurnedInText } from "../src/reading/burnedInText";
import { bestFrames } from "../src/reading/clip/bestFrames";
import type { Manifest, Thresholds } from "../src/reading/manifest";

interface RawBytes { plane: Uint8Array; scope: number; quality: number; masks: Uint8Array; boxes: Uint8Array; keypoints: Uint8Array; subplane: Uint8Array | null }
interface GlanceBytes { plane: Uint8Array; scope: number; quality: number }

export const chosen = (numbers: number[], glances: GlanceBytes[], rules: Thresholds, limit: number): number[] =>
  bestFrames(numbers, glances.map((g) => ({ ...g, plane: new Float32Array(g.plane.slice().buffer) })), rules, limit);

interface GrayFrame { width: number; height: number; gray: Uint8Array }

/** The whole judgement of one picture, burned-in text included, as the phone's reader does it. */
export function read(raw: RawBytes, texts: Record<string, string>, { width, height, gray }: GrayFrame, manifest: Manifest, scale: Calibration | null): FrameReading {
  const f = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);
  const tensors = { plane: f(raw.plane), scope: raw.scope, quality: raw.quality, masks: f(raw.masks), boxes: f(raw.boxes), keypoints: f(raw.keypoints), subplane: raw.subplane && f(raw.subplane) };
  const where = { seriesUid: "1.2", sopUid: "1.2.3", frame: 1, width, height };
  return flagBurnedInText(judge(tensors, texts, where, manifest, scale), { width, height, pixels: gray });
}

export const lettered = (width: number, height: number, pixels: Uint8Array): boolean => hasBurnedInText({ width, height, pixels });

export const parsed = (text: string): Record<string, string> | null => {
  try {
    return parseInterpretation(text);
  } catch {
    return null;
  }
};
