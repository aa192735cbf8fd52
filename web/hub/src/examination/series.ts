import { daysBetween } from "@fada/shared/examination/pregnancy";
import type { ExaminationSummary } from "@fada/shared/examination/summary";
import type { EarlierExamination } from "../api/examination";
import { isoDate } from "../shell/format";

/** One examination among the woman's others: `gaDays` by the pregnancy's agreed dating; mm, EFW in grams. */
export interface Point { study: string | null; day: string; gaDays: number | null; values: Readonly<Record<string, number>> }

/** The day of an earlier examination. */
export const dayOf = (one: EarlierExamination): string => one.day ?? isoDate(one.study?.study_date ?? "");

/** All examinations of the pregnancy (of one fetus of several), this one last; what it says is what stands on the page. */
export function series(summary: ExaminationSummary, earlier: readonly EarlierExamination[], fetus = ""): Point[] {
  const zero = summary.dating?.zero ?? null;
  const age = (day: string): number | null => (zero && day ? daysBetween(zero, day) : null);
  const past = earlier.map((one) => {
    const day = dayOf(one), of = fetus ? one.fetuses?.[fetus] : one;
    const weight = of?.grams ?? (fetus ? null : one.summary?.weight?.grams);
    return { study: one.study?.id ?? null, day, gaDays: age(day), values: { ...of?.mm, ...(weight ? { EFW: weight } : {}) } };
  });
  const values = Object.fromEntries(summary.measures.map((one) => [one.measure, one.mm]));
  const now = { study: null, day: summary.day ?? "", gaDays: summary.ga_days, values: { ...values, ...(summary.weight ? { EFW: summary.weight.grams } : {}) } };
  return [...past.sort((a, b) => (a.day < b.day ? -1 : 1)), now];
}

/** The measures that any of the examinations has, in the order of a report. */
export const measuresOf = (points: readonly Point[]): string[] =>
  ["BPD", "HC", "OFD", "AC", "FL", "CRL", "NT", "EFW"].filter((name) => points.some((one) => name in one.values));

/** A value with its unit: grams whole, millimetres to a tenth. */
export const valueText = (measure: string, value: number): string => (measure === "EFW" ? `${value.toFixed(0)} g` : `${value.toFixed(1)} mm`);
