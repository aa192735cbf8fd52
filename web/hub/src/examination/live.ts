import { type WholeExamination, examinationOf } from "@fada/shared/examination/examination";
import type { PastExamination } from "@fada/shared/examination/summary";
import type { FrameReading } from "@fada/shared/api/types";
import type { EarlierExamination, Examination, Facts } from "../api/examination";
import { dayOf } from "./series";

/** The examination as it stands on the page: of one fetus, or of several, each by its letter. */
export type Live = WholeExamination;

/** The summary of the frames as they stand on the page, unsaved changes in them; what the hub alone knows (the
 * pregnancy's dating, earlier examinations) is taken from its answer. */
export function liveSummary({ summary, earlier, pregnancy }: Examination, frames: readonly FrameReading[], facts: Facts, studyPeriod: string | null): Live {
  const { day, chart, dating } = summary;
  return examinationOf(frames, {
    day, chart, dating, lastPeriod: facts.last_period ?? pregnancy?.last_period ?? studyPeriod, fetuses: facts.fetuses ?? pregnancy?.fetuses ?? null,
    ofImage: facts.fetus_images ?? {}, past: (letter) => earlier.map((one) => pastOf(one, letter)), chosen: facts.chosen ?? {},
  });
}

const pastOf = (one: EarlierExamination, letter: string): PastExamination => {
  const of = letter ? one.fetuses?.[letter] : one;
  return { day: dayOf(one), mm: of?.mm ?? {}, grams: of?.grams ?? (letter ? null : one.summary?.weight?.grams ?? null) };
};
