import type { JSX } from "preact";
import type { Result, Study } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import { useMe } from "../shell/session";

interface Props { study: Study; result: Result | null; editable: boolean; blind: boolean; start: () => void; end: () => void }

/** Another person has read the case: a second reader may read it without sight of the first reading. */
export function Blind({ study, result, editable, blind, start, end }: Props): JSX.Element | null {
  const me = useMe();
  if (blind) {
    return <p class="banner info" role="status">{t("blind.on")} <button type="button" onClick={end}>{t("blind.end")}</button></p>;
  }
  const own = study.results.some((one) => one.origin === "review" && one.author === me.subject);
  const byOther = result?.reviewed_by && result.reviewed_by !== (me.name ?? me.subject) && study.results.some((one) => one.origin !== "review");
  if (!editable || own || !byOther) return null;
  return <p class="banner info">{t("blind.offer")} <button type="button" onClick={start}>{t("blind.start")}</button></p>;
}
