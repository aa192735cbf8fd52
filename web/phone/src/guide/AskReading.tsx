import type { JSX } from "preact";
import type { FrameReading } from "@fada/shared/api/types";
import { Ask, type Told } from "@fada/shared/ask/Ask";
import { answer } from "@fada/shared/ask/answer";
import { understand } from "@fada/shared/ask/question";
import { catalogue, language } from "@fada/shared/i18n";

/** Questions about the image on the screen, answered here from what was found in it: offline, and nothing is run again.
 * `known` are the labels that the release looks for; null where they are not known here. */
export function AskReading({ reading, known }: { reading: FrameReading; known: readonly string[] | null }): JSX.Element {
  const ask = (question: string): Promise<Told> => Promise.resolve({ answer: answer(understand(question), reading, known, language(), catalogue()), phases: [] });
  return <Ask key={`${reading.sop_uid}/${reading.frame}`} ask={ask} />;
}
