import type { JSX } from "preact";
import { post } from "../api/client";
import type { Examination } from "../api/examination";
import { t } from "@fada/shared/i18n";
import { dateTime } from "../shell/format";
import { toast, toastError } from "../shell/toasts";

interface Props { study: string; state: NonNullable<Examination["state"]>; editable: boolean; changed: () => void }

/** The hub waits for further images: until when, and a way to say that there are no more. */
export function Arrival({ study, state, editable, changed }: Props): JSX.Element | null {
  if (state.complete || state.reading || !state.quiet_until || Date.parse(state.quiet_until) < Date.now()) return null;
  return (
    <p class="banner info" role="status">
      {t("arrival.waits", { at: dateTime(state.quiet_until) })}{" "}
      {editable && <button type="button" onClick={() => void post(`/api/studies/${study}/complete`).then(() => { toast("arrival.done"); changed(); }, toastError)}>{t("arrival.complete")}</button>}
    </p>
  );
}
