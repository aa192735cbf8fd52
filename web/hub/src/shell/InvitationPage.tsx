import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, post } from "../api/client";
import type { Me } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import { navigate } from "./router";
import { errorText } from "./toasts";

const SHORTEST = 10;

/** Where an invitation's link leads: the person chooses a password and is signed in. */
export function InvitationPage({ signedIn }: { signedIn: (me: Me) => void }): JSX.Element {
  const [secret] = useState(location.hash.slice(1));
  const [whose, setWhose] = useState<{ login: string; name: string } | null>(null);
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState("");
  useEffect(() => {
    document.title = `${t("invitation.title")} · FADA`;
    history.replaceState({}, "", location.pathname); // the secret stays in no history
    post<{ login: string; name: string }>("/api/invitations/look", { secret }).then(setWhose, (reason) => setProblem(errorText(reason)));
  }, []);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (password !== again) return setProblem(t("invitation.differ"));
    setProblem("");
    try {
      await post("/api/invitations/accept", { secret, password });
      const me = await get<Me>("/api/me");
      signedIn(me);
      navigate(me.account?.needs_passkey ? "/account" : "/", true);
    } catch (reason) {
      setProblem(errorText(reason));
    }
  };
  return (
    <main class="signin" id="main">
      <div class="card">
        <p class="brand"><img src="/icon.svg" alt="" width="40" height="40" /> FADA</p>
        <h1>{t("invitation.title")}</h1>
        {problem && <p class="bad" role="alert">{problem}</p>}
        {whose && (
          <form onSubmit={(e) => void send(e)}>
            <p>{t("invitation.hint", { name: whose.name })}</p>
            <label>{t("signin.login")}<input name="login" autocomplete="username" readOnly value={whose.login} /></label>
            <label>{t("invitation.password")}
              <input type="password" name="password" autocomplete="new-password" required minLength={SHORTEST} autofocus
                value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
            </label>
            <label>{t("invitation.again")}
              <input type="password" name="again" autocomplete="new-password" required minLength={SHORTEST}
                value={again} onInput={(e) => setAgain(e.currentTarget.value)} />
            </label>
            <button type="submit" class="main">{t("invitation.go")}</button>
          </form>
        )}
      </div>
    </main>
  );
}
