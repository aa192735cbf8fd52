import type { JSX } from "preact";
import { call } from "../api/client";
import type { StudyRow } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import { dateTime } from "../shell/format";
import { useMe } from "../shell/session";
import { toastError } from "../shell/toasts";

interface Props { study: StudyRow; editable: boolean; changed: () => void }

/** Who reads the case now; it locks nobody out. Nothing where the hub does not keep it. */
export function Claim({ study, editable, changed }: Props): JSX.Element | null {
  const me = useMe();
  const { claim } = study;
  if (claim === undefined) return null;
  const mine = claim !== null && claim.by === me.subject;
  const send = (method: "POST" | "DELETE"): void => void call(method, `/api/studies/${study.id}/claim`).then(changed, toastError);
  return (
    <span class="claim">
      {claim && <span class="tag" title={dateTime(claim.since)}>{mine ? t("claim.mine") : t("claim.by", { who: claim.name })}</span>}
      {editable && <button type="button" class="quiet" onClick={() => send(mine ? "DELETE" : "POST")}>{t(mine ? "claim.release" : "claim.take")}</button>}
    </span>
  );
}
