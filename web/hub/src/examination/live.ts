import { datePregnancy } from "@fada/shared/examination/pregnancy";
import { framesOf, lettersOf, summariseSeveral, unassignedOf } from "@fada/shared/examination/fetuses";
import { type ExaminationSummary, summarise } from "@fada/shared/examination/summary";
import type { FrameReading } from "@fada/shared/api/types";
import type { EarlierExamination, Examination, Facts } from "../api/examination";
import { dayOf } from "./series";

/** The examination as it stands on the page: of one fetus, or of several, each by its letter. */
export interface Live { whole: ExaminationSummary; fetuses: readonly { fetus: string; summary: ExaminationSummary }[] }

/** The summary of the frames as they stand on the page, unsaved changes in them; what the hub alone knows (the
 * pregnancy's dating, earlier examinations) is taken from its answer. */
export function liveSummary(examination: Examination, frames: readonly FrameReading[], facts: Facts, studyPeriod: string | null): Live {
  const { summary, earlier } = examination;
  const { day, chart } = summary;
  const letters = lettersOf(facts.fetuses ?? examination.pregnancy?.fetuses), images = facts.fetus_images ?? {};
  let dating = summary.dating;
  if (day !== null && (dating === null || dating.scan_day === day)) { // it rests on these very frames
    const own = summarise(letters.length > 0 ? [] : frames, { day: null });
    const scan = own.composite ?? own.measures.find((one) => one.measure === "HC")?.dating;
    dating = datePregnancy(facts.last_period ?? examination.pregnancy?.last_period ?? studyPeriod, scan ? [{ day, ga_days: scan.days, equation: scan.equation }] : []);
  }
  const of = (letter: string, shown: readonly FrameReading[]): ExaminationSummary =>
    summarise(shown, { day, dating, past: earlier.map((one) => pastOf(one, letter)), chart, chosen: facts.chosen ?? {} });
  if (letters.length === 0) return { whole: of("", frames), fetuses: [] };
  return {
    whole: summariseSeveral(frames, unassignedOf(letters, frames, images), { day, dating, chart }),
    fetuses: letters.map((fetus) => ({ fetus, summary: of(fetus, framesOf(fetus, frames, images)) })),
  };
}

const pastOf = (one: EarlierExamination, letter: string) => {
  const of = letter ? one.fetuses?.[letter] : one;
  return { day: dayOf(one), mm: of?.mm ?? {}, grams: of?.grams ?? (letter ? null : one.summary?.weight?.grams ?? null) };
};
