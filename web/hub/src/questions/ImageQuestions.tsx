import type { JSX } from "preact";
import { post } from "../api/client";
import type { ReleaseId } from "@fada/shared/api/types";
import { Ask, type Told } from "@fada/shared/ask/Ask";
import { HeatSwitches } from "@fada/shared/heat/Heat";
import { language } from "@fada/shared/i18n";
import { errorText } from "../shell/toasts";
import type { Frame } from "../study/frames";

interface Props { study: string; frame: Frame; release: ReleaseId; setHeat: (src: string | null) => void }

/** What can be asked of the image on the screen, and where its findings come from. */
export function ImageQuestions({ study, frame, release, setHeat }: Props): JSX.Element {
  const { sopUid, reading } = frame;
  const ask = (question: string): Promise<Told> =>
    post<Told>(`/api/studies/${study}/ask`, { question, sop_uid: sopUid, frame: frame.frame, language: language() })
      .catch((reason: unknown) => { throw new Error(errorText(reason)); });
  const load = async (of: string): Promise<{ picture: Blob; release: string }> => {
    const answer = await fetch(`/api/studies/${study}/frames/${sopUid}/${frame.frame}/heatmap?of=${of}`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    return { picture: await answer.blob(), release: answer.headers.get("Fada-Release") ?? "" };
  };
  const key = `${sopUid}/${frame.frame}`;
  return (
    <>
      <Ask key={key} ask={ask} />
      <HeatSwitches frame={key} structures={reading?.structures.map((s) => s.label) ?? []} hasPlane={!!reading?.plane} load={load}
        readBy={`${release.name} ${release.version} ${release.sha256}`} show={setHeat} />
    </>
  );
}
