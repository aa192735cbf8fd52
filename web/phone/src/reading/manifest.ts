import type { FindingWords } from "./findings";

/** What the phone reads of a release's manifest (services/reading/releases/manifest.py has the whole). */
export interface Manifest {
  format: number;
  name: string;
  version: string;
  prompts: { interpret?: string; interpret_plane?: string; template?: string };
  labels: { planes: string[]; masks: string[]; boxes: string[]; keypoints: string[]; classes: string[]; structures_by_plane: Record<string, string[]>; keypoints_by_plane?: Record<string, string[]>; subplanes?: string[] };
  preprocessing: { side: number; text_side?: number };
  /** Where the text model reads what the heads found, and no image. */
  text_model?: { input: string; words: FindingWords };
  calibration: Thresholds;
  sentences?: Record<string, Record<string, unknown>>;
  files: Record<string, { size: number; sha256: string }>;
  signature: { algorithm: string; key: string; value: string };
  [more: string]: unknown;
}

/** A release whose signature and every hash were checked; its files by their names in the manifest. */
export interface Release { manifest: Manifest; sha256: string; files: Record<string, Blob> }

/** The structures that the release looks for; null where `manifest` is not the one of the release that read. */
export function lookedFor(manifest: Manifest | null, read: { name: string; version: string }): string[] | null {
  return manifest?.name === read.name && manifest.version === read.version ? manifest.labels.boxes : null;
}

type Platt = [number, number];

export interface Thresholds {
  plane_temperature?: number;
  plane?: number;
  subplane_temperature?: number;
  subplane?: number;
  scope_platt?: Platt;
  scope?: number;
  quality_platt?: Platt;
  quality?: number;
  structure_platt?: Record<string, Platt>;
  structure?: Record<string, number>;
  mask_level?: Record<string, number>;
  filling?: Record<string, number>;
  ellipses?: Record<string, string[]>;
  elongation?: Record<string, number>;
  hc_interval?: [number, number] | null;
  intervals?: Record<string, [number, number]>;
}

/** A logit as a calibrated probability (Platt scaling); uncalibrated without parameters. */
export const plattProbability = (platt: Platt | undefined, logit: number): number =>
  1 / (1 + Math.exp(-((platt?.[0] ?? 1) * logit + (platt?.[1] ?? 0))));

/** Logits as probabilities that sum to 1, at `temperature`. */
export const softmax = (logits: Float32Array, temperature: number): number[] => {
  const scaled = Array.from(logits, (v) => v / temperature), most = Math.max(...scaled);
  const e = scaled.map((v) => Math.exp(v - most)), sum = e.reduce((s, v) => s + v, 0);
  return e.map((v) => v / sum);
};

/** Which of two versions is newer: above 0 when `a` is. */
export function compareVersions(a: string, b: string): number {
  const p = a.split(".").map(Number), q = b.split(".").map(Number);
  return p[0]! - q[0]! || p[1]! - q[1]! || p[2]! - q[2]!;
}
