/** Several fetuses, as on the hub (services/domain/examination/fetuses.py): an image shows the one that a person says,
 * and nothing is averaged over two of them. */
import type { FrameReading } from "../api/types";
import { type ExaminationSummary, MEASURES, type SummaryInput, accepted, summarise } from "./summary";

/** Which fetus an image shows: SOP Instance UID → letter. */
export type FetusOfImage = Readonly<Record<string, string>>;

/** The letters of all of them where there are several, else none. */
export const lettersOf = (count: number | null | undefined): readonly string[] => (count && count > 1 ? [..."ABCDEFGHI"].slice(0, count) : []);

/** The frames that show this fetus. */
export const framesOf = (letter: string, frames: readonly FrameReading[], ofImage: FetusOfImage): FrameReading[] => frames.filter((one) => ofImage[one.sop_uid] === letter);

/** The frames of which nobody has said which fetus they show. */
export const unassignedOf = (letters: readonly string[], frames: readonly FrameReading[], ofImage: FetusOfImage): FrameReading[] =>
  frames.filter((one) => letters.length > 0 && !letters.includes(ofImage[one.sop_uid] ?? ""));

/** Of several fetuses together: the pregnancy's age, and no measure. */
export function summariseSeveral(frames: readonly FrameReading[], unassigned: readonly FrameReading[], { day, dating, chart }: SummaryInput): ExaminationSummary {
  const shown = new Set(frames.flatMap(accepted).map((one) => one.measure));
  return {
    ...summarise([], { day, ...(dating === undefined ? {} : { dating }), ...(chart === undefined ? {} : { chart }) }),
    not_assessed: MEASURES.filter((name) => !shown.has(name)), several: true, unassigned: unassigned.flatMap(accepted),
  };
}
