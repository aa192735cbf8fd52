import type { Angle, Calibration, Keypoint, Measurement, PixelSize } from "@fada/shared/api/types";
import { progression } from "@fada/shared/measurement/angle";
import { measureHead, pixelSize } from "@fada/shared/measurement/biometry";
import { type Ellipse, type Point, axisEnds, diameter, distance, ellipseOf } from "@fada/shared/measurement/geometry";
import type { Thresholds } from "./manifest";
import { round } from "@fada/shared/measurement/round";

const HEAD = "fetal_head", ABDOMEN = "abdomen", FEMUR = "femur", SYMPHYSIS = "pubic_symphysis";
const METHOD_ABDOMEN = "ellipse with the moments of the abdomen's outline";
const METHOD_SHAFT = "bar with the moments of the shaft's outline";
const METHOD_DIAMETER = "diameter of the abdomen's ellipse along the two keypoints";
const METHOD_LEVEL = "axis of the shaft's outline to the horizontal of the image";
const METHOD_TANGENT = "symphysis axis to the tangent of the head's outline (Barbera 2009)";
const KEYPOINT_PAIRS = { TAD: "tad", APAD: "apad" };

type Outlines = ReadonlyMap<string, Point[]>;
export const rounded = (p: Point): Point => [round(p[0], 2), round(p[1], 2)];

/** What is measured in each plane (services/reading/measures.py): never a circumference of a head in labour. */
export function measureFrame(plane: string, outlines: Outlines, keypoints: readonly Keypoint[], calibration: Calibration | null, rules: Thresholds): Measurement[] {
  const head = outlines.get(HEAD), abdomen = outlines.get(ABDOMEN), femur = outlines.get(FEMUR);
  if (plane === "head" && head) return scaled(head, calibration, rules, (size) => measureHead(head, { regions: [], spacing: size }));
  if (plane === "abdomen" && abdomen) {
    const around = scaled(abdomen, calibration, rules, (size) => {
      const ellipse = measureHead(abdomen, { regions: [], spacing: size })[0];
      return ellipse ? [{ ...ellipse, name: "AC", method: METHOD_ABDOMEN }] : [];
    });
    return [...around, ...diameters(abdomen, keypoints, calibration, rules)];
  }
  if (plane === "femur" && femur) return scaled(femur, calibration, rules, (size) => measureFemur(femur, size));
  return [];
}

/** The angle of progression of an intrapartum view, and how a femur lies, in pixels that are as wide as high. */
export function measureAngles(plane: string, outlines: Outlines, calibration: Calibration | null, rules: Thresholds): Angle[] {
  const symphysis = outlines.get(SYMPHYSIS), head = outlines.get(HEAD), femur = outlines.get(FEMUR);
  if (plane === "femur" && femur) return femurAngle(femur, calibration, rules);
  if (plane !== "intrapartum" || !symphysis || !head) return [];
  const axis = ellipseOf(symphysis);
  const size = axis && pixelSize(calibration, axisEnds(axis).map(rounded));
  const sx = size?.mm_x ?? 1, sy = size?.mm_y ?? 1;
  const bone = symphysis.map(([x, y]) => [x * sx, y * sy] as const), shape = ellipseOf(bone);
  const angle = progression(bone, head.map(([x, y]) => [x * sx, y * sy] as const));
  // A symphysis that is rounder than the release allows has no axis to measure from.
  if (angle === null || shape === null || shape.a < (rules.elongation?.[SYMPHYSIS] ?? 1) * shape.b) return [];
  return [angleOf("AoP", angle.degrees, rules, METHOD_TANGENT, angle.points.map(([x, y]) => [x / sx, y / sy] as const))];
}

/** Degrees between the shaft's axis and the horizontal of the image, 0 to 90. */
function femurAngle(shaft: readonly Point[], calibration: Calibration | null, rules: Thresholds): Angle[] {
  const shape = ellipseOf(shaft), size = shape && pixelSize(calibration, axisEnds(shape).map(rounded));
  const axis = size ? ellipseOf(shaft.map(([x, y]) => [x * size.mm_x, y * size.mm_y] as const)) : shape;
  if (shape === null || axis === null || axis.a < (rules.elongation?.[FEMUR] ?? 1) * axis.b) return [];
  const degrees = (Math.atan2(Math.abs(Math.sin(axis.angle)), Math.abs(Math.cos(axis.angle))) * 180) / Math.PI;
  return [angleOf("FemurAngle", degrees, rules, METHOD_LEVEL, shaftEnds(shape), 90)];
}

function angleOf(name: string, degrees: number, rules: Thresholds, method: string, points: readonly Point[], most = Infinity): Angle {
  const interval = rules.intervals?.[name], half = interval ? interval[0] + interval[1] * degrees : null;
  return {
    name, degrees: round(degrees, 1), low: half === null ? null : round(Math.max(degrees - half, 0), 1),
    high: half === null ? null : round(Math.min(degrees + half, most), 1), method, points: points.map(rounded),
  };
}

/** TAD and APAD: diameters of the abdomen's ellipse along keypoints that are both certain enough, where their error is known. */
function diameters(abdomen: readonly Point[], keypoints: readonly Keypoint[], calibration: Calibration | null, rules: Thresholds): Measurement[] {
  const shape = ellipseOf(abdomen);
  if (shape === null) return [];
  const sure = new Map(keypoints.filter((k) => k.confidence >= (rules.structure?.[k.label] ?? 0.5)).map((k) => [k.label, [k.x, k.y] as const]));
  return Object.entries(KEYPOINT_PAIRS).flatMap(([name, pair]) => {
    const from = sure.get(`${pair}_a`), to = sure.get(`${pair}_b`);
    if (!from || !to || !rules.intervals?.[name]) return [];
    const [a, b] = diameter(shape, from, to).map(rounded) as [Point, Point];
    const size = pixelSize(calibration, [a, b]);
    const mm = size ? distance([a[0] * size.mm_x, a[1] * size.mm_y], [b[0] * size.mm_x, b[1] * size.mm_y]) : null;
    const one: Measurement = {
      name, px: distance(a, b), mm, mm_low: null, mm_high: null, calibration: size?.source ?? "not_calibrated", method: METHOD_DIAMETER, points: [a, b],
    };
    return [withInterval(one, rules)];
  });
}

/** FL: a bar's long semi-axis by moments is its length over the root of 3, whatever its width. */
function measureFemur(shaft: readonly Point[], size: PixelSize | null): Measurement[] {
  const shape = ellipseOf(shaft);
  if (shape === null) return [];
  const inMm = size && ellipseOf(shaft.map(([x, y]) => [x * size.mm_x, y * size.mm_y] as const));
  return [{
    name: "FL", px: Math.sqrt(3) * shape.a, mm: inMm ? Math.sqrt(3) * inMm.a : null, mm_low: null, mm_high: null,
    calibration: size?.source ?? "not_calibrated", method: METHOD_SHAFT,
    points: shaftEnds(shape),
  }];
}

/** The ends of the bar with these moments. */
function shaftEnds(shape: Ellipse): [Point, Point] {
  const half = Math.sqrt(3) * shape.a / 2, ux = Math.cos(shape.angle) * half, uy = Math.sin(shape.angle) * half;
  return [[shape.cx - ux, shape.cy - uy], [shape.cx + ux, shape.cy + uy]];
}

/** Measurements at the scale that holds for an outline, rounded, each with its interval. */
function scaled(outline: readonly Point[], calibration: Calibration | null, rules: Thresholds, by: (size: PixelSize | null) => Measurement[]): Measurement[] {
  const shape = ellipseOf(outline);
  // The scale is looked up at the points as the report will have them.
  const spacing = shape && pixelSize(calibration, axisEnds(shape).map(rounded));
  return by(spacing).map((m) => withInterval(m, rules));
}

function withInterval(m: Measurement, rules: Thresholds): Measurement {
  const interval = rules.intervals?.[m.name] ?? (m.name === "HC" ? rules.hc_interval : null) ?? null;
  const half = m.mm !== null && interval ? interval[0] + interval[1] * m.mm : null;
  return {
    ...m, px: round(m.px, 2), mm: m.mm === null ? null : round(m.mm, 1), points: m.points.map(rounded),
    mm_low: half === null ? null : round(Math.max(m.mm! - half, 0), 1), mm_high: half === null ? null : round(m.mm! + half, 1),
  };
}
