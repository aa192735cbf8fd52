import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client";
import { t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { navigate } from "../shell/router";
import { toast, toastError } from "../shell/toasts";

/** `number`: of a woman, typed once more so that no other is erased; null: one examination. */
interface Props { path: string; number: string | null; close: () => void }

/** Erases for good, after a reason and, for a woman, her number. */
export function EraseDialog({ path, number, close }: Props): JSX.Element {
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const sure = reason.trim() !== "" && (number === null || typed.trim() === number);
  const erase = (event: Event): void => {
    event.preventDefault();
    const body = { reason: reason.trim(), ...(number === null ? {} : { number: typed.trim() }) };
    post(path, body).then(() => { toast("erase.done"); close(); navigate("/operations/retention"); }, toastError);
  };
  const title = t(number === null ? "erase.study" : "erase.woman");
  return (
    <Dialog title={title} close={close}>
      <form class="stacked" onSubmit={erase}>
        <p class="banner bad">{t(number === null ? "erase.hint_study" : "erase.hint_woman")}</p>
        {number !== null && <label>{t("erase.number")}<input type="text" required autofocus autocomplete="off" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} /></label>}
        <label>{t("erase.reason")}<input type="text" required maxLength={400} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
        <p class="buttons"><button type="submit" class="main" disabled={!sure}>{title}</button><button type="button" onClick={close}>{t("cancel")}</button></p>
      </form>
    </Dialog>
  );
}
