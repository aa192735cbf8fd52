import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Result, Study } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import { useMe } from "../shell/session";
import { keepDraft, keptDraft } from "./keptDrafts";

interface Props { study: Study; result: Result; editable: boolean; takeUp: (version: number) => void }

/** Unsaved changes from an earlier visit belong to another version than the one on the screen: they are offered. */
export function OlderDraft({ study, result, editable, takeUp }: Props): JSX.Element | null {
  const me = useMe();
  const [kept, setKept] = useState(() => (editable ? keptDraft(me.subject, study.id) : null));
  if (!kept || kept.version === result.version || !editable) return null;
  const discard = (): void => {
    keepDraft(me.subject, study.id, kept.version, null);
    setKept(null);
  };
  return (
    <p class="banner info" role="status">{t("draft.older", { n: kept.version })}{" "}
      <button type="button" onClick={() => takeUp(kept.version)}>{t("draft.take_up")}</button>{" "}
      <button type="button" onClick={discard}>{t("draft.discard")}</button>
    </p>
  );
}
