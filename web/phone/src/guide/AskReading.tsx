import type { JSX } from "preact";
import type { FrameReading } from "@fada/shared/api/types";
import { Ask, type Told } from "@fada/shared/ask/Ask";
import { answer } from "@fada/shared/ask/answer";
import { understand } from "@fada/shared/ask/question";
import { catalogue, language } from "@fada/shared/i18n";

/** Questions about the image on the screen, answered here from what was found in it: offline, and nothing is run again. */
export function AskReading({ reading }: { reading: FrameReading }): JSX.Element {
  const looked = [...reading.structures.map((s) => s.label), ...reading.abstentions.filter(([why]) => why === "low_confidence").map(([, what]) => what)];
  const ask = (question: string): Promise<Told> => Promise.resolve({ answer: answer(understand(question), reading, looked, language(), catalogue()), phases: [] });
  return <Ask key={`${reading.sop_uid}/${reading.frame}`} ask={ask} />;
}
