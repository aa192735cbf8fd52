import { filling } from "@fada/shared/measurement/geometry";
import type { Interpretation } from "./answers";
import type { RawReading } from "./judge";
import { type Manifest, plattProbability, softmax } from "./manifest";
import { outline } from "./outline";

/** The heads' findings as one line, and the words that they bear out, by the hub's rules
 * (services/reading/text/findings.py, finding_words.py). */

/** A release's words of one plane. */
interface PlaneWords {
  plane: string; measurable: string; looked_at: string; advice: string;
  shown?: string; main?: string; expected?: string[]; listed?: Record<string, string>;
  axis?: string[]; front?: string[]; back?: string[];
}

/** `text_model.words` of a manifest. */
export interface FindingWords {
  names: Record<string, string>;
  levels: [number, string][];
  unclear: number;
  planes: Record<string, PlaneWords>;
}

/** What the heads found; probabilities in tenths, 0 to 9. */
export interface Findings {
  plane: string; sure: number; level: string; image: number;
  found: [string, number][]; unclear: string[]; cut: string[]; missing: string[];
  axis: number | null; face: "left" | "right" | null;
}

const EDGE = 0.01; // of the square's side: a box that comes nearer is cut off by the image's border
const SEEN = 0.5; // probability from which the end of an axis is taken as seen

const NO_MEASUREMENT = "No measurement in this plane.";

const tenths = (share: number): number => Math.min(9, Math.max(0, Math.floor(share * 10)));

/** The findings of one image. @throws where the release has no words for the plane. */
export function findingsOf(raw: RawReading, manifest: Manifest, words: FindingWords): Findings {
  const { labels, calibration: rules } = manifest;
  const chances = softmax(raw.plane, rules.plane_temperature ?? 1);
  const best = chances.indexOf(Math.max(...chances)), plane = labels.planes[best]!;
  const about = planeWords(words, plane);
  const detected: [string, number][] = [], cut: string[] = [], places = new Map<string, number>();
  for (const label of labels.structures_by_plane[plane] ?? []) {
    const at = labels.boxes.indexOf(label) * 5;
    const [cx, cy, w, h, logit] = raw.boxes.slice(at, at + 5) as unknown as [number, number, number, number, number];
    const sure = plattProbability(rules.structure_platt?.[label], logit);
    if (sure < (rules.structure?.[label] ?? 0.5) || hasLeaked(label, raw, manifest)) continue;
    detected.push([label, tenths(sure)]);
    places.set(label, cx);
    if (Math.min(cx - w / 2, cy - h / 2, 1 - cx - w / 2, 1 - cy - h / 2) < EDGE) cut.push(label);
  }
  const image = tenths(plattProbability(rules.quality_platt, raw.quality));
  const level = words.levels.find(([least]) => image >= least) ?? words.levels.at(-1)!;
  return {
    plane, sure: tenths(chances[best]!), level: level[1], image, found: detected, cut,
    unclear: detected.filter(([label, sure]) => sure < words.unclear && !cut.includes(label)).map(([label]) => label),
    missing: (about.expected ?? []).filter((label) => labels.boxes.includes(label) && !places.has(label)),
    axis: axisOf(about.axis ?? [], raw, manifest), face: faceOf(about.front ?? [], about.back ?? [], places),
  };
}

/** The canonical line; what is empty is left out. */
export function lineOf(findings: Findings): string {
  const parts = {
    found: findings.found.map(([label]) => label).join(","), sure: findings.found.map(([, sure]) => sure).join(" "),
    unclear: findings.unclear.join(","), cut: findings.cut.join(","), missing: findings.missing.join(","),
    axis: findings.axis === null ? "" : `${axisWord(findings.axis)} ${findings.axis}`, face: findings.face ?? "",
  };
  return [
    `plane ${findings.plane} ${findings.sure}`, `image ${findings.level} ${findings.image}`,
    ...Object.entries(parts).filter(([, said]) => said !== "").map(([name, said]) => `${name} ${said}`),
  ].join(";");
}

/** The fields of `interpretation` that say what the findings say; the others are left out. */
export function borneOut(interpretation: Interpretation, findings: Findings, words: FindingWords): Interpretation {
  const own = wordsOf(findings, words);
  return Object.fromEntries(Object.entries(interpretation).filter(([name, text]) => own[name] === text));
}

/** The eight fields. @throws where the release has no words for a plane or a structure. */
export function wordsOf(findings: Findings, words: FindingWords): Interpretation {
  const about = planeWords(words, findings.plane), main = about.main ?? "";
  const name = (label: string): string => {
    const known = words.names[label];
    if (known === undefined) throw new Error("invalid_model_output");
    return known;
  };
  const missing = findings.missing.includes(main), whole = !missing && !findings.cut.includes(main);
  const known = main === "" || missing || findings.found.some(([label]) => label === main); // else the release does not look for it
  const listed = findings.found.map(([label]) => about.listed?.[label] ?? name(label)).join(", ");
  const remarks = ([["Unclear", findings.unclear], ["Cut off", findings.cut], ["Not found", findings.missing]] as const)
    .filter(([, some]) => some.length > 0).map(([word, some]) => `${word}: ${some.map(name).join(", ")}.`);
  return {
    anatomical_structures: listed ? sentence(listed) : known ? about.shown || "No structure found." : "",
    fetal_orientation: orientation(findings),
    imaging_plane: about.plane,
    biometric_measurements: known && !missing ? about.measurable : "None.",
    gestational_age: "Not stated: needs a calibrated measurement.",
    image_quality: [sentence(findings.level), ...remarks].join(" "),
    normality_assessment: `Not assessed. Looked at: ${about.looked_at}.`,
    clinical_recommendations: `${whole ? known ? about.advice : NO_MEASUREMENT : `Repeat with the whole ${words.names[main] ?? ""} in view.`} Review by a trained person.`,
  };
}

function planeWords(words: FindingWords, plane: string): PlaneWords {
  const about = words.planes[plane];
  if (!about) throw new Error("invalid_model_output");
  return about;
}

function hasLeaked(label: string, raw: RawReading, manifest: Manifest): boolean {
  const rules = manifest.calibration, mask = manifest.labels.masks.indexOf(label), least = rules.filling?.[label] ?? 0;
  if (!least || mask < 0) return false;
  const cells = manifest.preprocessing.side / 2;
  const traced = outline(raw.masks.slice(mask * cells * cells, (mask + 1) * cells * cells), cells, cells, rules.mask_level?.[label] ?? 0);
  return traced !== null && filling(traced) < least;
}

function axisOf(ends: readonly string[], raw: RawReading, { labels, calibration }: Manifest): number | null {
  const places = ends.map((end) => labels.keypoints.indexOf(end));
  if (places.length !== 2 || places.includes(-1)) return null;
  const points = places.map((at) => Array.from(raw.keypoints.slice(at * 3, at * 3 + 3)));
  if (points.some((point, i) => plattProbability(calibration.structure_platt?.[ends[i]!], point[2]!) < SEEN)) return null;
  const across = Math.abs(points[1]![0]! - points[0]![0]!), down = Math.abs(points[1]![1]! - points[0]![1]!);
  return Math.floor((Math.atan2(down, across) * 180) / Math.PI / 10) * 10;
}

function faceOf(front: readonly string[], back: readonly string[], places: ReadonlyMap<string, number>): "left" | "right" | null {
  const middle = (labels: readonly string[]): number | null => {
    const seen = labels.flatMap((label) => places.get(label) ?? []);
    return seen.length > 0 ? seen.reduce((sum, x) => sum + x, 0) / seen.length : null;
  };
  const face = middle(front), neck = middle(back);
  return face === null || neck === null ? null : face < neck ? "left" : "right";
}

const axisWord = (axis: number): string => (axis < 30 ? "horizontal" : axis < 60 ? "oblique" : "vertical");

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

function orientation({ axis, face }: Findings): string {
  if (axis !== null) return `Long axis of the head ${axisWord(axis)} in the image.`;
  return face === null ? "Not determined." : `Face towards the ${face} of the image.`;
}
