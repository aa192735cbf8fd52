import type { AbstentionCode, Calibration, FrameReading, Keypoint, Scored, Structure } from "@fada/shared/api/types";
import { date } from "@fada/shared/measurement/biometry";
import { type Point, asEllipse, bounds, filling, resample } from "@fada/shared/measurement/geometry";
import { count, fill } from "@fada/shared/measurement/mask";
import { type Interpretation, WITHHELD_FLAG, withMeasured, withholdFetalSex } from "./answers";
import type { Manifest } from "./manifest";
import { plattProbability, softmax } from "./manifest";
import { mapPlane } from "./mapping";
import { measureAngles, measureFrame, rounded } from "./measures";
import { outline } from "./outline";
import { round } from "@fada/shared/measurement/round";

/** The release's raw output for one image, before any judgement. */
export interface RawReading {
  plane: Float32Array;
  scope: number;
  quality: number;
  masks: Float32Array; // masks x side/2 x side/2
  boxes: Float32Array; // boxes x 5
  keypoints: Float32Array; // keypoints x 3
  subplane?: Float32Array | null; // of releases that read the level of a head
}

interface FrameInfo { seriesUid: string; sopUid: string; frame: number; width: number; height: number }

/** From the release's raw output to a reading that FADA stands for, by the hub's rules (services/reading/judge.py). */
export function judge(raw: RawReading, texts: Interpretation, info: FrameInfo, manifest: Manifest, calibration: Calibration | null): FrameReading {
  const rules = manifest.calibration, { labels } = manifest;
  const scope = plattProbability(rules.scope_platt, raw.scope), quality = plattProbability(rules.quality_platt, raw.quality);
  const planes = softmax(raw.plane, rules.plane_temperature ?? 1)
    .map((confidence, i) => ({ label: labels.planes[i]!, confidence }))
    .sort((a, b) => b.confidence - a.confidence)
    .map(({ label, confidence }) => ({ label, confidence: round(confidence, 4) }));
  const plane = planes[0]!;
  const abstentions: [AbstentionCode, string][] = [];
  const inScope = scope >= (rules.scope ?? 0.5);
  if (!inScope) abstentions.push(["out_of_scope", "image"]);
  else if (quality < (rules.quality ?? 0.2)) abstentions.push(["too_poor", "image"]);
  else if (plane.confidence < (rules.plane ?? 0.5)) abstentions.push(["unknown_plane", "plane"]);
  const base: FrameReading = {
    series_uid: info.seriesUid, sop_uid: info.sopUid, frame: info.frame, width: info.width, height: info.height,
    in_scope: inScope, scope_confidence: round(scope, 4), quality: round(quality, 4), planes, plane: null, interpretation: {},
    classification: null, mapping: null, structures: [], keypoints: [], measurements: [], datings: [], centiles: [], abstentions, flags: [], subplane: null, angles: [],
  };
  if (abstentions.length > 0) return base;
  const interpretation = withholdFetalSex(texts);
  const flags = Object.keys(texts).some((name) => interpretation[name] !== texts[name]) ? [WITHHELD_FLAG] : [];
  const mapping = mapPlane(plane.label);
  const wanted = new Set([...(labels.structures_by_plane[plane.label] ?? []), ...mapping.structures]);
  const detected = detectStructures(raw, info, plane.label, wanted, manifest, abstentions);
  const subplane = levelOfHead(raw, plane.label, manifest, abstentions);
  const points = keypoints(raw, info, (labels.keypoints_by_plane ?? { head: labels.keypoints })[plane.label] ?? [], manifest);
  const measurements = measureFrame(plane.label, detected.outlines, points, calibration, rules);
  if (measurements[0] && measurements[0].mm === null) abstentions.push(["not_calibrated", measurements[0].name]);
  const [datings, centiles] = date(measurements, null);
  if (measurements.some((m) => m.name === "HC" && m.mm !== null) && datings.length === 0) abstentions.push(["out_of_range", "gestational_age"]);
  return {
    ...base, plane, interpretation: withMeasured(interpretation, measurements, datings), classification: plane.label, mapping,
    structures: detected.structures, measurements, datings, centiles, flags, keypoints: points,
    // An angle whose error the release does not know is not reported.
    subplane, angles: measureAngles(plane.label, detected.outlines, calibration, rules).filter((angle) => rules.intervals?.[angle.name]),
  };
}

/** The level at which a head is cut; null for other planes and for releases that do not read it. */
function levelOfHead(raw: RawReading, plane: string, manifest: Manifest, abstentions: [AbstentionCode, string][]): Scored | null {
  const rules = manifest.calibration, names = manifest.labels.subplanes ?? [];
  if (plane !== "head" || names.length === 0 || !raw.subplane) return null;
  const chances = softmax(raw.subplane, rules.subplane_temperature ?? 1);
  const best = chances.indexOf(Math.max(...chances));
  if (chances[best]! < (rules.subplane ?? 0.5)) {
    abstentions.push(["unknown_subplane", "subplane"]);
    return null;
  }
  return { label: names[best]!, confidence: round(chances[best]!, 4) };
}

function keypoints(raw: RawReading, info: FrameInfo, own: readonly string[], manifest: Manifest): Keypoint[] {
  return manifest.labels.keypoints.flatMap((label, i) => own.includes(label) ? [{
    label, x: round(raw.keypoints[i * 3]! * info.width, 2), y: round(raw.keypoints[i * 3 + 1]! * info.height, 2),
    confidence: round(plattProbability(manifest.calibration.structure_platt?.[label], raw.keypoints[i * 3 + 2]!), 4),
  }] : []);
}

function detectStructures(raw: RawReading, info: FrameInfo, plane: string, wanted: ReadonlySet<string>, manifest: Manifest, abstentions: [AbstentionCode, string][]): { structures: Structure[]; outlines: Map<string, Point[]> } {
  const rules = manifest.calibration, { boxes, masks } = manifest.labels;
  const cells = manifest.preprocessing.side / 2;
  const { width, height } = info;
  const structures: Structure[] = [], outlines = new Map<string, Point[]>();
  boxes.forEach((label, index) => {
    if (!wanted.has(label)) return;
    const [cx, cy, w, h, logit] = raw.boxes.slice(index * 5, index * 5 + 5) as unknown as [number, number, number, number, number];
    const confidence = plattProbability(rules.structure_platt?.[label], logit);
    if (confidence < (rules.structure?.[label] ?? 0.5)) return void abstentions.push(["low_confidence", label]);
    const edge = (v: number, size: number): number => round(Math.min(1, Math.max(0, v)) * size, 2);
    let box: Structure["box"] = [edge(cx - w / 2, width), edge(cy - h / 2, height), edge(cx + w / 2, width), edge(cy + h / 2, height)];
    let polygon: Point[] = [], size: number | null = null;
    const mask = masks.indexOf(label);
    const traced = mask < 0 ? null : outline(raw.masks.slice(mask * cells * cells, (mask + 1) * cells * cells), cells, cells, rules.mask_level?.[label] ?? 0);
    if (traced) {
      const contour = traced.map(([x, y]) => [x * width, y * height] as const);
      if (filling(contour) < (rules.filling?.[label] ?? 0)) return void abstentions.push(["low_confidence", label]);
      outlines.set(label, contour);
      const points = rules.ellipses?.[plane]?.includes(label) ? asEllipse(contour, width, height) : contour;
      size = count(fill(points, width, height));
      box = bounds(points).map((v) => round(v, 2)) as unknown as Structure["box"];
      polygon = resample(points).map(rounded);
    }
    structures.push({ label, confidence: round(confidence, 4), box, polygon, mask: null, area_px: size });
  });
  return { structures, outlines };
}
