import { type FindingWords, borneOut, findingsOf, lineOf, wordsOf } from "../src/reading/findings";
import type { Manifest } from "../src/reading/manifest";

type RawBytes = Record<"plane" | "masks" | "boxes" | "keypoints", Uint8Array> & { scope: number; quality: number };
type Words = Record<string, string>;

/** The line of findings of one image's tensors, their own words, and what of `said` they bear out. */
export function lineAndWords(raw: RawBytes, manifest: Manifest, words: FindingWords, said: Words): [string, Words, Words] {
  const f = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);
  const { scope, quality } = raw;
  const findings = findingsOf({ plane: f(raw.plane), scope, quality, masks: f(raw.masks), boxes: f(raw.boxes), keypoints: f(raw.keypoints) }, manifest, words);
  return [lineOf(findings), wordsOf(findings, words), borneOut(said, findings, words)];
}
