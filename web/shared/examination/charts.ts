/** Fetal size by gestational age, the same charts as the hub's (services/domain/examination/charts.py).
 *
 * Sources: INTERGROWTH-21st, Papageorghiou, Lancet 2014;384:869 (14 to 40 weeks, mm); Hadlock, Radiology
 * 1984;152:497 (HC by its dating equation and two standard deviations; BPD, AC and FL by the footnotes of its table III,
 * 14 to 42 weeks: predicted sizes and one standard deviation). */
import type { Centile } from "../api/types";
import { hadlockHc, intergrowthMeanSd, normal } from "../measurement/biometry";

export const INTERGROWTH = "INTERGROWTH-21st";
export const HADLOCK = "Hadlock";
/** The charts that a person can choose. */
export const CHARTS: readonly string[] = [INTERGROWTH, HADLOCK];
const INTERGROWTH_SIZE = "INTERGROWTH-21st 2014", HADLOCK_SIZE = "Hadlock 1984";
const LAST_WEEK: Readonly<Record<string, number>> = { [INTERGROWTH]: 40, [HADLOCK]: 42 }, FIRST_WEEK = 14;

/** Mean and standard deviation of a measure in mm, at exact weeks. */
export interface SizeChart { mean: (weeks: number) => number; sd: (weeks: number) => number }

/** INTERGROWTH-21st's curves by measure; they hold from 14 to 40 weeks. */
export const INTERGROWTH_SIZES: Readonly<Record<string, SizeChart>> = {
  HC: { mean: (w) => intergrowthMeanSd(w)![0], sd: (w) => intergrowthMeanSd(w)![1] },
  BPD: {
    mean: (w) => 5.60878 + 0.158369 * w ** 2 - 0.00256379 * w ** 3,
    sd: (w) => Math.exp(0.101242 + 0.00150557 * w ** 3 - 0.000771535 * w ** 3 * Math.log(w) + 0.0000999638 * w ** 3 * Math.log(w) ** 2),
  },
  OFD: {
    mean: (w) => -12.4097 + 0.626342 * w ** 2 - 0.148075 * w ** 2 * Math.log(w),
    sd: (w) => Math.exp(-0.880034 + 0.0631165 * w ** 2 - 0.0317136 * w ** 2 * Math.log(w) + 0.00408302 * w ** 2 * Math.log(w) ** 2),
  },
  AC: {
    mean: (w) => -81.3243 + 11.6772 * w - 0.000561865 * w ** 3,
    sd: (w) => -4.36302 + 0.121445 * w ** 2 - 0.0130256 * w ** 3 + 0.00282143 * w ** 3 * Math.log(w),
  },
  FL: {
    mean: (w) => -39.9616 + 4.32298 * w - 0.0380156 * w ** 2,
    sd: (w) => Math.exp(0.605843 - 42.0014 / w ** 2 + 0.00000917972 * w ** 3),
  },
};

/** Hadlock's, from 14 to 42 weeks. */
const HADLOCK_SIZES: Readonly<Record<string, SizeChart>> = {
  BPD: { mean: (w) => -30.8 + 4.1 * w - 0.00061 * w ** 3, sd: () => 3 },
  AC: { mean: (w) => -133 + 16.1 * w - 0.0998 * w ** 2, sd: () => 13.4 },
  FL: { mean: (w) => -39.1 + 4.27 * w - 0.034 * w ** 2, sd: () => 3 },
};

/** Where a size in mm stands at an age in days that is known by other means than this measure; null where the chart
 * does not hold the measure or the age. */
export function sizeCentile(chart: string, measure: string, mm: number, gaDays: number): Centile | null {
  if (chart === HADLOCK && measure === "HC") return hadlockHcCentile(mm, gaDays);
  const weeks = gaDays / 7, [name, sizes] = chart === HADLOCK ? [HADLOCK_SIZE, HADLOCK_SIZES] : [INTERGROWTH_SIZE, INTERGROWTH_SIZES];
  const curve = sizes[measure];
  if (!curve || !(weeks >= FIRST_WEEK && weeks <= LAST_WEEK[chart]!)) return null;
  return centileAt(`${name} (${measure})`, measure, (mm - curve.mean(weeks)) / curve.sd(weeks), gaDays);
}

/** Hadlock gives the spread of ages at a size: z is the age's distance in its deviations. */
function hadlockHcCentile(mm: number, gaDays: number): Centile | null {
  const dating = hadlockHc(mm);
  if (dating === null || dating.high_days === null) return null;
  return centileAt(`${HADLOCK_SIZE} (HC)`, "HC", (dating.days - gaDays) / ((dating.high_days - dating.days) / 2), gaDays);
}

/** A centile from its z-score. */
export const centileAt = (chart: string, measurement: string, z: number, at_days: number): Centile =>
  ({ chart, measurement, centile: 100 * normal(z), z, at_days });
