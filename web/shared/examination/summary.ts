/** The summary of an examination, the same as the hub's (services/domain/examination/summary.py): one pure function
 * of its frames, what people chose, and the past. What no image shows and no person entered is not assessed. No
 * centile is ever taken at an age that the same measure gave. */
import type { Centile, Dating, FrameReading, Measurement } from "../api/types";
import { hadlockCrl, hadlockHc, hadlockWeeks, hadlockWeeksByAll, weeksAndDays } from "../measurement/biometry";
import { round } from "../measurement/round";
import { INTERGROWTH, sizeCentile } from "./charts";
import { type PregnancyDating, ageOn, daysBetween } from "./pregnancy";
import { type Sizes, type Weight, estimateWeight, weightCentile } from "./weight";

/** The measures of a report, in its order. */
export const MEASURES: readonly string[] = ["BPD", "HC", "OFD", "AC", "FL", "CRL", "NT"];
const MOST_IMAGES = 3; // the value that counts is the mean of up to so many
const SUFFICIENT_QUALITY = 0.5;

/** One accepted value of a measure, in mm, with the frame that it was taken on. */
export interface Candidate {
  measure: string;
  mm: number;
  mm_low: number | null;
  mm_high: number | null;
  series_uid: string;
  sop_uid: string;
  frame: number;
  quality: number;
  by_person: boolean;
  calibration: string;
}

/** A measure over all images: the candidates, those that count, and what follows from them. */
export interface MeasureSummary {
  measure: string;
  mm: number;
  mm_low: number | null;
  mm_high: number | null;
  counted: Candidate[];
  candidates: Candidate[];
  dating: Dating | null;
  centile: Centile | null;
}

/** What an earlier examination of the same pregnancy found: mm by measure, weight in grams. */
export interface PastExamination { day: string; mm: Sizes; grams: number | null }

/** What a measure grew since the examination before; `per_week` in mm (EFW: grams). */
export interface Growth { measure: string; before: number; now: number; days: number; per_week: number }

/** One examination. `discordance_days` is age by scan less age by the pregnancy's dating. */
export interface ExaminationSummary {
  day: string | null;
  ga_days: number | null;
  dating: PregnancyDating | null;
  chart: string;
  measures: MeasureSummary[];
  not_assessed: string[];
  composite: Dating | null;
  discordance_days: number | null;
  weight: Weight | null;
  ratios: Record<string, number>;
  growth: Growth[];
  /** Of several fetuses together: no measure then, for none is averaged over two. */
  several: boolean;
  /** The values of images of which nobody has said which of several fetuses they show. */
  unassigned: Candidate[];
}

export interface SummaryInput {
  day: string | null;
  /** Of the pregnancy, where it is known; centiles are taken at its age alone. */
  dating?: PregnancyDating | null;
  /** Earlier examinations of this pregnancy, any order. */
  past?: readonly PastExamination[];
  chart?: string;
  /** The image that counts for a measure, where a person chose it. */
  chosen?: Readonly<Record<string, { sop_uid: string; frame: number }>>;
}

/** The summary of one examination from the readings of all its frames, people's corrections in them. */
export function summarise(frames: readonly FrameReading[], { day, dating = null, past = [], chart = INTERGROWTH, chosen = {} }: SummaryInput): ExaminationSummary {
  const gaDays = dating && day !== null ? ageOn(dating, day) : null;
  // An age that rests on this very examination places nothing that it was taken from.
  const placing = dating && dating.scan_day === day ? null : gaDays;
  const candidates = frames.flatMap(accepted);
  const measures = MEASURES.flatMap((name) => {
    const mine = candidates.filter((one) => one.measure === name);
    return mine.length > 0 ? [measureOf(name, mine, chosen[name], chart, placing)] : [];
  });
  const mm = Object.fromEntries(measures.map((one) => [one.measure, one.mm]));
  const composite = compositeAge(measures), weight = weightOf(mm, chart, placing);
  return {
    day, ga_days: gaDays, dating, chart, measures, composite, weight,
    not_assessed: MEASURES.filter((name) => !(name in mm)),
    discordance_days: discordance(measures, composite, placing),
    ratios: ratiosOf(mm),
    growth: growthOf(mm, weight, day, past),
    several: false, unassigned: [],
  };
}

/** Whether its millimetres rest on a scale that a person gave. */
export const scaledByHand = (one: { calibration: string }): boolean => HAND_SCALES.includes(one.calibration);
const HAND_SCALES: readonly string[] = ["scale_bar"];

/** Calipers that a person set, or an outline that a person drew or pulled. */
const byPerson = (one: Measurement): boolean => one.method.startsWith("caliper") || one.method.endsWith(DRAWN);
/** How the method of a measurement on such an outline ends. */
const DRAWN = "drawn by a person";

/** Values in mm of a frame that is in scope, and whatever a person measured. */
export const accepted = (frame: FrameReading): Candidate[] => frame.measurements.flatMap((one) =>
  MEASURES.includes(one.name) && one.mm !== null && (frame.in_scope || byPerson(one)) ? [{
    measure: one.name, mm: one.mm, mm_low: one.mm_low, mm_high: one.mm_high, series_uid: frame.series_uid, sop_uid: frame.sop_uid,
    frame: frame.frame, quality: frame.quality, by_person: byPerson(one), calibration: one.calibration,
  }] : []);

/** A person's choice counts alone; else what people measured; else the best images of the model. */
function counted(candidates: readonly Candidate[], chosen: { sop_uid: string; frame: number } | undefined): Candidate[] {
  const picked = candidates.filter((one) => chosen && one.sop_uid === chosen.sop_uid && one.frame === chosen.frame);
  if (picked.length > 0) return picked;
  const best = [candidates.filter((one) => one.by_person), candidates.filter((one) => one.quality >= SUFFICIENT_QUALITY), candidates].find((some) => some.length > 0)!;
  return [...best].sort((a, b) => b.quality - a.quality || (a.sop_uid < b.sop_uid ? -1 : a.sop_uid > b.sop_uid ? 1 : a.frame - b.frame)).slice(0, MOST_IMAGES);
}

/** With the age that it gives, and the centile at the pregnancy's own age. */
function measureOf(measure: string, candidates: Candidate[], chosen: { sop_uid: string; frame: number } | undefined, chart: string, gaDays: number | null): MeasureSummary {
  const picked = counted(candidates, chosen), mm = mean(picked.map((one) => one.mm));
  const lows = picked.flatMap((one) => one.mm_low ?? []), highs = picked.flatMap((one) => one.mm_high ?? []);
  const known = lows.length === picked.length && highs.length === picked.length;
  return {
    measure, mm, mm_low: known ? mean(lows) : null, mm_high: known ? mean(highs) : null, counted: picked, candidates,
    dating: dateBy(measure, mm), centile: gaDays === null ? null : sizeCentile(chart, measure, mm, gaDays),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const DATING_RANGE: Readonly<Record<string, readonly [number, number]>> = { BPD: [17, 100], AC: [50, 380], FL: [7, 80] };

/** Age by one measure in mm (Hadlock 1984, CRL 1992); null where no equation holds, or outside its range. */
export function dateBy(measure: string, mm: number): Dating | null {
  if (measure === "HC") return hadlockHc(mm);
  if (measure === "CRL") return hadlockCrl(mm);
  const range = DATING_RANGE[measure], weeks = range && mm >= range[0] && mm <= range[1] ? hadlockWeeks(measure, mm) : null;
  if (weeks === null || !(weeks >= 12 && weeks <= 42)) return null;
  return withoutInterval(`Hadlock 1984 (${measure})`, measure, weeks * 7);
}

const withoutInterval = (equation: string, measurement: string, days: number): Dating =>
  ({ equation, measurement, days, low_days: null, high_days: null, text: weeksAndDays(days) });

/** Age by all four measures together (Hadlock 1984); null outside the range of any one of them. */
function compositeAge(measures: readonly MeasureSummary[]): Dating | null {
  const { BPD, HC, AC, FL }: Sizes = Object.fromEntries(measures.filter((one) => one.dating !== null).map((one) => [one.measure, one.mm]));
  if (BPD === undefined || HC === undefined || AC === undefined || FL === undefined) return null;
  return withoutInterval("Hadlock 1984 (BPD, HC, AC, FL)", "BPD, HC, AC, FL", 7 * hadlockWeeksByAll(BPD, HC, AC, FL));
}

/** The age that an examination gives by itself: by CRL, else by all four measures, else by the head. */
export function ageByScan(measures: readonly MeasureSummary[], composite: Dating | null): Dating | null {
  const by = (name: string): Dating | null => measures.find((one) => one.measure === name)?.dating ?? null;
  return by("CRL") ?? composite ?? by("HC");
}

/** Age by scan less the pregnancy's age, in days. */
function discordance(measures: readonly MeasureSummary[], composite: Dating | null, gaDays: number | null): number | null {
  const byScan = ageByScan(measures, composite);
  return byScan === null || gaDays === null ? null : round(byScan.days, 0) - gaDays;
}

function weightOf(mm: Sizes, chart: string, gaDays: number | null): Weight | null {
  const weight = estimateWeight(mm);
  return weight === null || gaDays === null ? weight : { ...weight, centile: weightCentile(chart, weight.grams, gaDays) };
}

const RATIOS: readonly (readonly [string, string, string, number])[] =
  [["HC/AC", "HC", "AC", 1], ["FL/AC", "FL", "AC", 100], ["FL/BPD", "FL", "BPD", 100], ["CI", "BPD", "OFD", 100]];

/** HC/AC, FL/AC, FL/BPD and the cephalic index (BPD/OFD), in percent where that is the custom. */
const ratiosOf = (mm: Sizes): Record<string, number> => Object.fromEntries(RATIOS.flatMap(([name, over, under, factor]) => {
  const above = mm[over], below = mm[under];
  return above === undefined || below === undefined ? [] : [[name, (factor * above) / below]];
}));

/** Since the last earlier examination that has the measure, however many lie between. */
function growthOf(mm: Sizes, weight: Weight | null, day: string | null, past: readonly PastExamination[]): Growth[] {
  if (day === null) return [];
  const now = { ...mm, ...(weight ? { EFW: weight.grams } : {}) };
  return Object.entries(now).flatMap(([measure, value]) => {
    const earlier = past.flatMap((one) => {
      const before = measure === "EFW" ? one.grams : one.mm[measure] ?? null;
      return one.day < day && before !== null ? [{ day: one.day, before }] : [];
    }).sort((a, b) => (a.day < b.day ? 1 : a.day > b.day ? -1 : b.before - a.before));
    const last = earlier[0];
    if (!last) return [];
    const days = daysBetween(last.day, day);
    return [{ measure, before: last.before, now: value, days, per_week: (7 * (value - last.before)) / days }];
  });
}
