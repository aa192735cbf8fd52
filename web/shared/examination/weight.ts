/** Estimated fetal weight, the same equations as the hub's (services/domain/examination/weight.py).
 *
 * Sources: Hadlock, Am J Obstet Gynecol 1985;151:333 (equations); Hadlock, Radiology 1991;181:129 (weight by age);
 * INTERGROWTH-21st, Stirnemann, UOG 2017;49:478 (equation) and UOG 2020 (weight by age, 22 to 40 weeks). */
import type { Centile } from "../api/types";
import { HADLOCK, centileAt } from "./charts";

/** Sizes by measure, in mm. */
export type Sizes = Readonly<Record<string, number>>;

/** Grams with two standard deviations; `measures` are what the equation used. */
export interface Weight {
  equation: string;
  measures: string[];
  grams: number;
  low_grams: number;
  high_grams: number;
  centile: Centile | null;
}

const TWO_SD = 0.15; // share of the weight, of either author's equations
const HADLOCK_SD = 0.127; // share of the median, all ages

type Equation = readonly [measures: readonly string[], log10Grams: (cm: Record<string, number>) => number];

// The first that the measures allow is used.
const HADLOCK_1985: readonly Equation[] = [
  [["BPD", "HC", "AC", "FL"], ({ BPD: b, HC: h, AC: a, FL: f }) =>
    1.3596 - 0.00386 * a! * f! + 0.0064 * h! + 0.00061 * b! * a! + 0.0424 * a! + 0.174 * f!],
  [["HC", "AC", "FL"], ({ HC: h, AC: a, FL: f }) => 1.326 - 0.00326 * a! * f! + 0.0107 * h! + 0.0438 * a! + 0.158 * f!],
  [["BPD", "AC", "FL"], ({ BPD: b, AC: a, FL: f }) => 1.335 - 0.0034 * a! * f! + 0.0316 * b! + 0.0457 * a! + 0.1623 * f!],
  [["AC", "FL"], ({ AC: a, FL: f }) => 1.304 + 0.05281 * a! + 0.1938 * f! - 0.004 * a! * f!],
];

/** The weight by the best equation that the measures allow; null without AC and FL or HC. */
export function estimateWeight(mm: Sizes): Weight | null {
  const cm = Object.fromEntries(Object.entries(mm).map(([name, value]) => [name, value / 10]));
  for (const [measures, log10Grams] of HADLOCK_1985) {
    if (measures.every((name) => name in cm)) return weight(`Hadlock 1985 (${measures.join(", ")})`, measures, 10 ** log10Grams(cm));
  }
  const { AC: ac, HC: hc } = mm;
  return ac === undefined || hc === undefined ? null : weight("INTERGROWTH-21st 2017 (AC, HC)", ["AC", "HC"], intergrowthGrams(ac / 1000, hc / 1000));
}

const intergrowthGrams = (a: number, h: number): number =>
  Math.exp(5.08482 - 54.06633 * a ** 3 - 95.80076 * a ** 3 * Math.log(a) + 3.13637 * h);

const weight = (equation: string, measures: readonly string[], grams: number): Weight =>
  ({ equation, measures: [...measures], grams, low_grams: grams * (1 - TWO_SD), high_grams: grams * (1 + TWO_SD), centile: null });

/** Where a weight stands at an age in days known by other means; null outside the chart's ages. */
export function weightCentile(chart: string, grams: number, gaDays: number): Centile | null {
  const weeks = gaDays / 7;
  if (!(weeks >= (chart === HADLOCK ? 10 : 22) && weeks <= 40)) return null;
  if (chart !== HADLOCK) return centileAt("INTERGROWTH-21st 2020 (weight)", "EFW", intergrowthZ(grams, weeks), gaDays);
  const median = Math.exp(0.578 + 0.332 * weeks - 0.00354 * weeks ** 2);
  return centileAt("Hadlock 1991 (weight)", "EFW", (grams - median) / (HADLOCK_SD * median), gaDays);
}

function intergrowthZ(grams: number, weeks: number): number {
  const ln = Math.log(weeks);
  const power = -4.257629 - 2162.234 / weeks ** 2 + 0.0002301829 * weeks ** 3;
  const middle = 4.956737 + 0.0005019687 * weeks ** 3 - 0.0001227065 * weeks ** 3 * ln;
  const spread = 1e-4 * (-6.997171 + 0.057559 * weeks ** 3 - 0.01493946 * weeks ** 3 * ln);
  return ((Math.log(grams) / middle) ** power - 1) / (spread * power);
}
