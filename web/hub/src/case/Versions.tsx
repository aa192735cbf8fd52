import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, Problem } from "../api/client";
import type { Result, Scores, Study } from "@fada/shared/api/types";
import { language } from "@fada/shared/i18n";
import { ConflictDialog } from "../review/ConflictDialog";
import { type Action, SignDialog } from "../review/SignDialog";
import { edits } from "../review/draft";
import { toast, toastError } from "../shell/toasts";
import type { CaseData } from "./useCase";
import type { Reading } from "./useReading";

interface Props {
  data: CaseData;
  study: Study;
  result: Result;
  reading: Reading;
  /** An older version is taken up again: all of it goes into the new one. */
  takenUp: boolean;
  lastPeriod: string | null;
  blind: boolean;
  action: Action | null;
  close: () => void;
}

/** Makes a further version of what stands on the page, and shows two that were made from one start. */
export function Versions({ data, study, reading, takenUp, lastPeriod, blind, action, close }: Props): JSX.Element {
  const [scores, setScores] = useState<Scores>({});
  const [conflict, setConflict] = useState<{ mine: number; other: number; latest: number } | null>(null);
  const send = async (comment: string): Promise<void> => {
    const { draft } = reading;
    try {
      const made = await post<Result>(`/api/studies/${study.id}/reviews`, {
        based_on: data.base, action, comment, ...(Object.keys(scores).length > 0 ? { scores } : {}),
        last_period: lastPeriod, language: language(), frames: await edits(draft, takenUp),
      });
      reading.forget();
      close();
      toast(`action.${action!}_done`, { n: made.version });
      await data.reload();
    } catch (reason) {
      close();
      if (reason instanceof Problem && reason.code === "stale_version") {
        reading.forget();
        const { version, latest: other, conflicting } = reason.body as unknown as { version: number; latest: number; conflicting?: number[] };
        setConflict({ mine: version, latest: other, other: conflicting?.at(-1) ?? other });
      } else toastError(reason);
    }
  };
  return (
    <>
      {action && <SignDialog action={action} changed={reading.history.changed || takenUp} scores={scores} setScores={setScores} send={send} close={close} />}
      {conflict && <ConflictDialog study={study} mine={conflict.mine} other={conflict.other} blind={blind} close={() => { setConflict(null); void data.reload(); }}
        choose={(version) => { setConflict(null); void data.show(version, conflict.latest); }} />}
    </>
  );
}
