import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, post } from "../api/client";
import type { Me } from "@fada/shared/api/types";
import { LANGUAGES, type Language, choose, language, t } from "@fada/shared/i18n";
import { errorText } from "./toasts";

/** An API key (or an OIDC token) becomes a session cookie; the key itself is kept nowhere. */
export function SignIn({ signedIn }: { signedIn: (me: Me) => void }): JSX.Element {
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => { document.title = `${t("signin.title")} · FADA`; }, []);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      await post("/login", { key: key.trim() });
      setKey("");
      signedIn(await get<Me>("/api/me"));
    } catch (reason) {
      setProblem(errorText(reason));
      setBusy(false);
    }
  };
  return (
    <main class="signin" id="main">
      <form onSubmit={(e) => void send(e)}>
        <p class="brand"><img src="/icon.svg" alt="" width="40" height="40" /> FADA</p>
        <h1>{t("signin.title")}</h1>
        <label>
          {t("signin.key")}
          <input type="password" name="key" autocomplete="current-password" required value={key} autofocus
            placeholder="fada_…" onInput={(e) => setKey(e.currentTarget.value)} aria-describedby="signin-hint" />
        </label>
        <p id="signin-hint" class="muted">{t("signin.hint")}</p>
        {problem && <p class="bad" role="alert">{problem}</p>}
        <button type="submit" class="main" disabled={busy || !key.trim()}>{t("signin.go")}</button>
        <label class="languages">
          <span class="hidden">{t("nav.language")}</span>
          <select value={language()} onChange={(e) => void choose(e.currentTarget.value as Language)}>
            {Object.entries(LANGUAGES).map(([value, name]) => <option key={value} value={value}>{name}</option>)}
          </select>
        </label>
        <p class="muted small">{t("label.purpose")}</p>
      </form>
    </main>
  );
}
