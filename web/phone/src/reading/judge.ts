import type { AbstentionCode, Calibration, FrameReading, Keypoint, Measurement, PixelSize, Structure } from "@fada/shared/api/types";
import { date, measureHead, pixelSize } from "@fada/shared/measurement/biometry";
import { type Point, bounds, ellipseOf, axisEnds, resample } from "@fada/shared/measurement/geometry";
import { count, fill } from "@fada/shared/measurement/mask";
import { type Interpretation, WITHHELD_FLAG, withMeasuredAge, withholdFetalSex } from "./answers";
import type { Manifest, Thresholds } from "./manifest";
import { plattProbability, softmax } from "./manifest";
import { mapPlane } from "./mapping";
import { outline } from "./outline";
import { round } from "./round";

/** The release's raw output for one image, before any judgement. */
export interface RawReading {
  plane: Float32Array;
  scope: number;
  quality: number;
  masks: Float32Array; // masks x side/2 x side/2
  boxes: Float32Array; // boxes x 5
  keypoints: Float32Array; // keypoints x 3
}

interface FrameInfo { seriesUid: string; sopUid: string; frame: number; width: number; height: number }

const HEAD = "fetal_head", ABDOMEN = "abdomen", FEMUR = "femur";
const METHOD_ABDOMEN = "ellipse with the moments of the abdomen's outline";
const METHOD_SHAFT = "bar with the moments of the shaft's outline";
const rounded = (p: Point): Point => [round(p[0], 2), round(p[1], 2)];

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
    classification: null, mapping: null, structures: [], keypoints: [], measurements: [], datings: [], centiles: [], abstentions, flags: [],
  };
  if (abstentions.length > 0) return base;
  const interpretation = withholdFetalSex(texts);
  const flags = Object.keys(texts).some((name) => interpretation[name] !== texts[name]) ? [WITHHELD_FLAG] : [];
  const mapping = mapPlane(plane.label);
  const wanted = new Set([...(labels.structures_by_plane[plane.label] ?? []), ...mapping.structures]);
  const detected = detectStructures(raw, info, wanted, manifest, abstentions);
  const measurements = measureFrame(plane.label, detected.outlines, calibration, rules);
  if (measurements[0] && measurements[0].mm === null) abstentions.push(["not_calibrated", measurements[0].name]);
  const [datings, centiles] = date(measurements, null);
  if (measurements.some((m) => m.name === "HC" && m.mm !== null) && datings.length === 0) abstentions.push(["out_of_range", "gestational_age"]);
  return {
    ...base, plane, interpretation: withMeasuredAge(interpretation, datings), classification: plane.label, mapping,
    structures: detected.structures, measurements, datings, centiles, flags,
    keypoints: keypoints(raw, info, (labels.keypoints_by_plane ?? { head: labels.keypoints })[plane.label] ?? [], manifest),
  };
}

function keypoints(raw: RawReading, info: FrameInfo, own: readonly string[], manifest: Manifest): Keypoint[] {
  return manifest.labels.keypoints.flatMap((label, i) => own.includes(label) ? [{
    label, x: round(raw.keypoints[i * 3]! * info.width, 2), y: round(raw.keypoints[i * 3 + 1]! * info.height, 2),
    confidence: round(plattProbability(manifest.calibration.structure_platt?.[label], raw.keypoints[i * 3 + 2]!), 4),
  }] : []);
}

function detectStructures(raw: RawReading, info: FrameInfo, wanted: ReadonlySet<string>, manifest: Manifest, abstentions: [AbstentionCode, string][]): { structures: Structure[]; outlines: Map<string, Point[]> } {
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
      const points = traced.map(([x, y]) => [x * width, y * height] as const);
      outlines.set(label, points);
      size = count(fill(points, width, height));
      box = bounds(points).map((v) => round(v, 2)) as unknown as Structure["box"];
      polygon = resample(points).map(rounded);
    }
    structures.push({ label, confidence: round(confidence, 4), box, polygon, mask: null, area_px: size });
  });
  return { structures, outlines };
}

/** What is measured in each plane (services/reading/measures.py): never a circumference of a head in labour. */
function measureFrame(plane: string, outlines: ReadonlyMap<string, Point[]>, calibration: Calibration | null, rules: Thresholds): Measurement[] {
  const head = outlines.get(HEAD), abdomen = outlines.get(ABDOMEN), femur = outlines.get(FEMUR);
  if (plane === "head" && head) return scaled(head, calibration, rules, (size) => measureHead(head, { regions: [], spacing: size }));
  if (plane === "abdomen" && abdomen) {
    return scaled(abdomen, calibration, rules, (size) => {
      const around = measureHead(abdomen, { regions: [], spacing: size })[0];
      return around ? [{ ...around, name: "AC", method: METHOD_ABDOMEN }] : [];
    });
  }
  if (plane === "femur" && femur) return scaled(femur, calibration, rules, (size) => measureFemur(femur, size));
  return [];
}

/** FL: a bar's long semi-axis by moments is its length over the root of 3, whatever its width. */
function measureFemur(shaft: readonly Point[], size: PixelSize | null): Measurement[] {
  const shape = ellipseOf(shaft);
  if (shape === null) return [];
  const inMm = size && ellipseOf(shaft.map(([x, y]) => [x * size.mm_x, y * size.mm_y] as const));
  const half = Math.sqrt(3) * shape.a / 2, ux = Math.cos(shape.angle) * half, uy = Math.sin(shape.angle) * half;
  return [{
    name: "FL", px: Math.sqrt(3) * shape.a, mm: inMm ? Math.sqrt(3) * inMm.a : null, mm_low: null, mm_high: null,
    calibration: size?.source ?? "not_calibrated", method: METHOD_SHAFT,
    points: [[shape.cx - ux, shape.cy - uy], [shape.cx + ux, shape.cy + uy]],
  }];
}

/** Measurements at the scale that holds for an outline, rounded, each with its interval. */
function scaled(outline: readonly Point[], calibration: Calibration | null, rules: Thresholds, by: (size: PixelSize | null) => Measurement[]): Measurement[] {
  const shape = ellipseOf(outline);
  // The scale is looked up at the points as the report will have them.
  const spacing = shape && pixelSize(calibration, axisEnds(shape).map(rounded));
  return by(spacing).map((m) => {
    const interval = rules.intervals?.[m.name] ?? (m.name === "HC" ? rules.hc_interval : null) ?? null;
    const half = m.mm !== null && interval ? interval[0] + interval[1] * m.mm : null;
    return {
      ...m, px: round(m.px, 2), mm: m.mm === null ? null : round(m.mm, 1), points: m.points.map(rounded),
      mm_low: half === null ? null : round(Math.max(m.mm! - half, 0), 1), mm_high: half === null ? null : round(m.mm! + half, 1),
    };
  });
}
