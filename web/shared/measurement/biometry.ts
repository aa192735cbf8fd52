/** Age and growth, the same formulae as the hub (services/domain/biometry.py and calibration.py).
 *
 * Sources: Hadlock, Radiology 1984;152:497-501, and 1992;182:501 (CRL) · INTERGROWTH-21st: Papageorghiou, UOG 2016;48:719
 * (dating), Lancet 2014;384:869 (head circumference). Outside their range they refuse. */
import type { Calibration, Centile, Dating, Measurement, PixelSize, Region } from "../api/types";
import { type Point, distance, ellipseOf, axisEnds } from "./geometry";

/** Names of equations and charts, as the hub writes them. */
export const HADLOCK_HC = "Hadlock 1984 (HC)";
export const HADLOCK_CRL = "Hadlock 1992 (CRL)";
export const INTERGROWTH_HC = "INTERGROWTH-21st 2016 (HC)";
export const INTERGROWTH_HC_CHART = "INTERGROWTH-21st 2014 (HC)";
const METHOD_ELLIPSE = "ellipse with the moments of the head's outline";

// Two standard deviations in weeks, by HC up to and including the first number in mm.
const TWO_SD: readonly [number, number][] = [[144, 1.19], [219, 1.48], [280, 2.06], [325, 2.98], [360, 3.2]];

/** Whole days, rounded half to even as the hub does: `143.4` becomes `20w 3d`. */
export function weeksAndDays(days: number): string {
  const floor = Math.floor(days);
  const rest = days - floor;
  const whole = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return `${Math.floor(whole / 7)}w ${whole % 7}d`;
}

/** Weeks by one measure in cm (Hadlock 1984). */
const HADLOCK_CM: Readonly<Record<string, (cm: number) => number>> = {
  BPD: (b) => 9.54 + 1.482 * b + 0.1676 * b ** 2,
  HC: (h) => 8.96 + 0.54 * h + 0.0003 * h ** 3,
  AC: (a) => 8.14 + 0.753 * a + 0.0036 * a ** 2,
  FL: (f) => 10.35 + 2.46 * f + 0.17 * f ** 2,
};

/** Weeks by one measure in mm; null where Hadlock 1984 has no equation for it. */
export const hadlockWeeks = (measure: string, mm: number): number | null => HADLOCK_CM[measure]?.(mm / 10) ?? null;

/** Weeks by all four measures in mm (Hadlock 1984). */
export const hadlockWeeksByAll = (bpd: number, hc: number, ac: number, fl: number): number =>
  10.85 + 0.06 * (hc / 10) * (fl / 10) + 0.67 * (bpd / 10) + 0.168 * (ac / 10);

/** Age by HC in mm with two standard deviations; null outside 68 to 360 mm. */
export function hadlockHc(hcMm: number): Dating | null {
  if (!(hcMm >= 68 && hcMm <= 360)) return null;
  const sd = TWO_SD.find(([upper]) => hcMm <= upper)![1];
  const days = hadlockWeeks("HC", hcMm)! * 7;
  return {
    equation: HADLOCK_HC, measurement: "HC", days, low_days: days - sd * 7, high_days: days + sd * 7,
    text: weeksAndDays(days),
  };
}

/** Age by crown-rump length in mm; null outside 5 to 84 mm, after which the head dates better. */
export function hadlockCrl(crlMm: number): Dating | null {
  if (!(crlMm >= 5 && crlMm <= 84)) return null;
  const c = crlMm / 10;
  const days = Math.exp(1.684969 + 0.315646 * c - 0.049306 * c ** 2 + 0.004057 * c ** 3 - 0.000120456 * c ** 4) * 7;
  return { equation: HADLOCK_CRL, measurement: "CRL", days, low_days: null, high_days: null, text: weeksAndDays(days) };
}

/** Days by HC in mm (INTERGROWTH-21st 2016). */
export const intergrowthDays = (hcMm: number): number =>
  Math.exp(0.0597 * Math.log(hcMm) ** 2 + 6.409e-9 * hcMm ** 3 + 3.3258);

/** Age by HC in mm; null outside 68 to 360 mm or 98 to 280 days. No interval is published. */
export function intergrowthHc(hcMm: number): Dating | null {
  if (!(hcMm >= 68 && hcMm <= 360)) return null;
  const days = intergrowthDays(hcMm);
  if (!(days >= 98 && days <= 280)) return null;
  return {
    equation: INTERGROWTH_HC, measurement: "HC", days, low_days: null, high_days: null,
    text: weeksAndDays(days),
  };
}

/** Mean and standard deviation of HC in mm at 14 to 40 exact weeks; null outside the chart. */
export function intergrowthMeanSd(weeks: number): [number, number] | null {
  if (!(weeks >= 14 && weeks <= 40)) return null;
  const ln = Math.log(weeks);
  return [
    -28.2849 + 1.69267 * weeks ** 2 - 0.397485 * weeks ** 2 * ln,
    1.98735 + 0.0136772 * weeks ** 3 - 0.00726264 * weeks ** 3 * ln + 0.000976253 * weeks ** 3 * ln ** 2,
  ];
}

/** Where HC stands at an age known by other means than this HC; null outside the chart. */
export function intergrowthCentile(hcMm: number, days: number): Centile | null {
  const at = intergrowthMeanSd(days / 7);
  if (at === null) return null;
  const z = (hcMm - at[0]) / at[1];
  return { chart: INTERGROWTH_HC_CHART, measurement: "HC", centile: 100 * normal(z), z, at_days: days };
}

/** Distribution function of the standard normal (Marsaglia 2004, series; exact to double precision). */
export function normal(z: number): number {
  if (z < -8) return 0;
  if (z > 8) return 1;
  let sum = z, term = z;
  for (let i = 3; sum + term !== sum; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * z * z - 0.9189385332046727);
}

/** Perimeter of an ellipse with semi-axes `a` and `b` (Ramanujan's second approximation). */
export function perimeter(a: number, b: number): number {
  if (a <= 0 || b <= 0) return 0;
  const h = ((a - b) / (a + b)) ** 2;
  return Math.PI * (a + b) * (1 + (3 * h) / (10 + Math.sqrt(4 - 3 * h)));
}

/** Equal but for rounding, as the hub compares: a colour box states the image's scale again. */
const sameScale = (a: Region, b: Region): boolean => close(a.mm_x, b.mm_x) && close(a.mm_y, b.mm_y);
const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-4 * Math.max(a, b);

/** The one pixel size that holds for all points, or null: never a guess. */
export function pixelSize(calibration: Calibration | null, points: readonly Point[]): PixelSize | null {
  if (calibration === null) return null;
  if (calibration.regions.length === 0) return calibration.spacing;
  const holding = calibration.regions.filter((r) =>
    points.every(([x, y]) => r.x0 <= x && x <= r.x1 && r.y0 <= y && y <= r.y1));
  const region = holding[0];
  if (region === undefined || !holding.every((r) => sameScale(r, region))) return null;
  return { mm_x: region.mm_x, mm_y: region.mm_y, source: region.source ?? "ultrasound_region" };
}

/** HC, BPD (outer to outer) and OFD from a head's outline. An interval belongs to the model's own
 * outline, not to a person's: there is none here. */
export function measureHead(outline: readonly Point[], calibration: Calibration | null): Measurement[] {
  const shape = ellipseOf(outline);
  if (shape === null) return [];
  const tips = axisEnds(shape);
  const size = pixelSize(calibration, tips);
  const inMm = size && ellipseOf(outline.map(([x, y]) => [x * size.mm_x, y * size.mm_y] as const));
  const make = (name: string, px: number, mm: number | null, points: Point[]): Measurement => ({
    name, px, mm, mm_low: null, mm_high: null, calibration: size?.source ?? "not_calibrated",
    method: METHOD_ELLIPSE, points,
  });
  return [
    make("HC", perimeter(shape.a, shape.b), inMm ? perimeter(inMm.a, inMm.b) : null, [...tips]),
    make("BPD", 2 * shape.b, inMm ? 2 * inMm.b : null, [tips[2], tips[3]]),
    make("OFD", 2 * shape.a, inMm ? 2 * inMm.a : null, [tips[0], tips[1]]),
  ];
}

/** The structure that a plane's measures are taken from (services/reading/measures.py). */
export const MEASURED: Readonly<Record<string, string>> = { head: "fetal_head", abdomen: "abdomen", femur: "femur" };

/** What a plane's own structure measures from its outline: HC, BPD and OFD, or AC, or FL. */
export function measureOutline(plane: string, outline: readonly Point[], calibration: Calibration | null): Measurement[] {
  const around = measureHead(outline, calibration), [circumference, , length] = around;
  if (plane === "abdomen" && circumference) return [{ ...circumference, name: "AC" }];
  if (plane !== "femur" || !length) return plane === "head" ? around : [];
  // A bar's long semi-axis by moments is its length over the root of 3, whatever its width.
  const grow = Math.sqrt(3) / 2, [p, q] = length.points as [Point, Point];
  const cx = (p[0] + q[0]) / 2, cy = (p[1] + q[1]) / 2;
  const ends = [p, q].map(([x, y]) => [cx + (x - cx) * grow, cy + (y - cy) * grow] as const);
  return [{ ...length, name: "FL", px: length.px * grow, mm: length.mm === null ? null : length.mm * grow, points: ends }];
}

/** A length between two points set by hand; with four points, the ellipse over two crossed axes. */
export function measureCaliper(name: string, points: readonly Point[], calibration: Calibration | null): Measurement {
  const size = pixelSize(calibration, points);
  const scaled = size && points.map(([x, y]) => [x * size.mm_x, y * size.mm_y] as const);
  const value = (p: readonly Point[]): number =>
    p.length === 4 ? perimeter(distance(p[0]!, p[1]!) / 2, distance(p[2]!, p[3]!) / 2) : distance(p[0]!, p[1]!);
  return {
    name, px: value(points), mm: scaled ? value(scaled) : null, mm_low: null, mm_high: null,
    calibration: size?.source ?? "not_calibrated", method: "calipers", points: [...points],
  };
}

/** Age by each equation that holds, and the centile where the age is known by last period. */
export function date(measurements: readonly Measurement[], periodDays: number | null): [Dating[], Centile[]] {
  const hc = measurements.find((m) => m.name === "HC" && m.mm !== null)?.mm ?? null;
  if (hc === null) return [[], []];
  const datings = [hadlockHc(hc), intergrowthHc(hc)].filter((d) => d !== null);
  const centile = periodDays === null ? null : intergrowthCentile(hc, periodDays);
  return [datings, centile ? [centile] : []];
}

// No pregnancy lasts longer (services/domain/biometry.py).
const LONGEST_PREGNANCY_DAYS = 45 * 7;

/** Days from the last period to the scan, both `2026-01-31`; null when a date is missing or the age is not within 1 to 315 days. */
export function daysByPeriod(lastPeriod: string | null, scan: string): number | null {
  const from = lastPeriod ? Date.parse(`${lastPeriod}T00:00Z`) : NaN;
  const days = Math.round((Date.parse(`${scan}T00:00Z`) - from) / 86_400_000);
  return days > 0 && days <= LONGEST_PREGNANCY_DAYS ? days : null;
}
