import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client";
import { t } from "@fada/shared/i18n";
import { errorText, toast } from "../shell/toasts";

const SHORTEST = 10;

/** A new password in place of the present one; other browsers are signed out. */
export function PasswordForm(): JSX.Element {
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState("");
  const change = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (fresh !== again) return setProblem(t("invitation.differ"));
    setProblem("");
    try {
      await post("/api/me/password", { current, new: fresh });
      for (const set of [setCurrent, setFresh, setAgain]) set("");
      toast("account.changed");
    } catch (reason) {
      setProblem(errorText(reason));
    }
  };
  return (
    <section>
      <h2>{t("account.change")}</h2>
      <p class="muted">{t("account.change_hint")}</p>
      <form onSubmit={(e) => void change(e)}>
        {problem && <p class="bad" role="alert">{problem}</p>}
        <label>{t("account.current")}<input type="password" required autocomplete="current-password" value={current} onInput={(e) => setCurrent(e.currentTarget.value)} /></label>
        <label>{t("invitation.password")}<input type="password" required minLength={SHORTEST} autocomplete="new-password" value={fresh} onInput={(e) => setFresh(e.currentTarget.value)} /></label>
        <label>{t("invitation.again")}<input type="password" required minLength={SHORTEST} autocomplete="new-password" value={again} onInput={(e) => setAgain(e.currentTarget.value)} /></label>
        <button type="submit">{t("account.change")}</button>
      </form>
    </section>
  );
}
