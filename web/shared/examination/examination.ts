/** One examination beside its pregnancy, as the hub reads it (services/examinations.py): dated, and of several fetuses
 * each alone. */
import type { FrameReading } from "../api/types";
import { daysByPeriod } from "../measurement/biometry";
import { type FetusOfImage, framesOf, lettersOf, summariseSeveral, unassignedOf } from "./fetuses";
import { type PregnancyDating, datePregnancy } from "./pregnancy";
import { type ExaminationSummary, type PastExamination, type SummaryInput, ageByScan, summarise } from "./summary";

/** Of one fetus, or of several together and each by its letter. */
export interface WholeExamination { whole: ExaminationSummary; fetuses: readonly { fetus: string; summary: ExaminationSummary }[] }

export interface ExaminationInput {
  /** The day of the examination: of its images, not of their capture. */
  day: string | null;
  lastPeriod: string | null;
  /** The pregnancy's, where it is known to rest on more than this examination. */
  dating?: PregnancyDating | null;
  fetuses?: number | null;
  ofImage?: FetusOfImage;
  /** Earlier examinations of one fetus; of a single one the letter is "". */
  past?: (letter: string) => readonly PastExamination[];
  chart?: string;
  chosen?: SummaryInput["chosen"];
}

/** The examination from the readings of all its frames. A dating that rests on these very frames is made anew; of
 * several fetuses none dates the pregnancy. */
export function examinationOf(frames: readonly FrameReading[], input: ExaminationInput): WholeExamination {
  const { day, fetuses, ofImage = {}, past = () => [] } = input;
  const letters = lettersOf(fetuses);
  let dating = input.dating ?? null;
  if (day !== null && (dating === null || dating.scan_day === day)) dating = ownDating(letters.length > 0 ? [] : frames, day, input);
  else if (dating === null) dating = datePregnancy(input.lastPeriod, []);
  const more = { ...(input.chart === undefined ? {} : { chart: input.chart }), ...(input.chosen === undefined ? {} : { chosen: input.chosen }) };
  const of = (letter: string, shown: readonly FrameReading[]): ExaminationSummary => summarise(shown, { day, dating, past: past(letter), ...more });
  if (letters.length === 0) return { whole: of("", frames), fetuses: [] };
  return {
    whole: summariseSeveral(frames, unassignedOf(letters, frames, ofImage), { day, dating, ...more }),
    fetuses: letters.map((fetus) => ({ fetus, summary: of(fetus, framesOf(fetus, frames, ofImage)) })),
  };
}

/** By the last period, where it can be one of this pregnancy, and by what these frames measure. */
function ownDating(frames: readonly FrameReading[], day: string, { lastPeriod, chosen = {} }: ExaminationInput): PregnancyDating | null {
  const own = summarise(frames, { day: null, chosen });
  const scan = ageByScan(own.measures, own.composite);
  const period = daysByPeriod(lastPeriod, day) === null ? null : lastPeriod;
  return datePregnancy(period, scan ? [{ day, ga_days: scan.days, equation: scan.equation }] : []);
}
