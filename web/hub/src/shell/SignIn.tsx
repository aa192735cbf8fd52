import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem, get, post } from "../api/client";
import type { Me } from "@fada/shared/api/types";
import { type Key, LANGUAGES, type Language, choose, language, t } from "@fada/shared/i18n";
import { type Asked, hasPasskeys, showPasskey } from "../account/webauthn";
import { errorText } from "./toasts";

/** Ways to sign in beside password and key, by the gateway's settings. */
interface Options { sign_on: { name: string } | null; passkeys: boolean }

/** Why somebody came back from the sign-on service without a session. */
const REFUSALS = ["sign_on_over", "sign_on_refused", "no_role", "unavailable"] as const;

/** Sign-on elsewhere, name and password, or an API key become a session cookie; none is kept in the browser. */
export function SignIn({ signedIn }: { signedIn: (me: Me) => void }): JSX.Element {
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState(refusal);
  const [busy, setBusy] = useState(false);
  const [options, setOptions] = useState<Options>({ sign_on: null, passkeys: false });
  useEffect(() => {
    get<Options>("/login/options").then(setOptions, () => undefined);
    if (refusal()) history.replaceState({}, "", location.pathname);
  }, []);
  useEffect(() => { document.title = `${t("signin.title")} · FADA`; }, []);
  const enter = async (way: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      await way();
      setPassword("");
      setKey("");
      signedIn(await get<Me>("/api/me"));
    } catch (reason) {
      setProblem(errorText(reason));
      setBusy(false);
    }
  };
  const send = (event: Event, path: string, body: Record<string, string>): void => {
    event.preventDefault();
    void enter(() => post(path, body).catch(secondFactor));
  };
  return (
    <main class="signin" id="main">
      <div class="card">
        <p class="brand"><img src="/icon.svg" alt="" width="40" height="40" /> FADA</p>
        <h1>{t("signin.title")}</h1>
        {problem && <p class="bad" role="alert">{problem}</p>}
        {options.sign_on && (
          <>
            <a class="button main sign-on" href={`/login/oidc?back=${encodeURIComponent(location.pathname + location.search)}`}>
              {t("signin.with", { name: options.sign_on.name })}
            </a>
            <p class="or muted"><span>{t("signin.or")}</span></p>
          </>
        )}
        <form onSubmit={(e) => send(e, "/login/password", { login: login.trim(), password })}>
          <label>{t("signin.login")}
            <input name="login" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus
              value={login} onInput={(e) => setLogin(e.currentTarget.value)} />
          </label>
          <label>{t("signin.password")}
            <input type="password" name="password" autocomplete="current-password" required
              value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
          </label>
          <button type="submit" class={options.sign_on ? "" : "main"} disabled={busy || !login.trim() || !password}>{t("signin.go")}</button>
        </form>
        {options.passkeys && hasPasskeys() && (
          <button type="button" disabled={busy} onClick={() => void enter(async () => byPasskey(await post<Asked>("/login/passkey/options")))}>
            {t("signin.passkey")}
          </button>
        )}
        <details class="with-key">
          <summary>{t("signin.with_key")}</summary>
          <form onSubmit={(e) => send(e, "/login", { key: key.trim() })}>
            <label>{t("signin.key")}
              <input type="password" name="key" autocomplete="off" required value={key}
                placeholder="fada_…" onInput={(e) => setKey(e.currentTarget.value)} aria-describedby="signin-hint" />
            </label>
            <p id="signin-hint" class="muted">{t("signin.hint")}</p>
            <button type="submit" disabled={busy || !key.trim()}>{t("signin.go")}</button>
          </form>
        </details>
        <label class="languages">
          <span class="hidden">{t("nav.language")}</span>
          <select value={language()} onChange={(e) => void choose(e.currentTarget.value as Language)}>
            {Object.entries(LANGUAGES).map(([value, name]) => <option key={value} value={value}>{name}</option>)}
          </select>
        </label>
        <p class="muted small">{t("label.purpose")}</p>
      </div>
    </main>
  );
}

function refusal(): string {
  const given = new URLSearchParams(location.search).get("sign_on");
  if (given === null) return "";
  return t(`signin.${REFUSALS.find((known) => known === given) ?? "sign_on_refused"}` as Key);
}

/** A passkey's answer opens the session. */
async function byPasskey(asked: Asked): Promise<void> {
  await post("/login/passkey", { ticket: asked.ticket, credential: await showPasskey(asked) });
}

/** Where a password is one factor of two, the hub asks for the other. */
async function secondFactor(reason: unknown): Promise<void> {
  if (!(reason instanceof Problem) || reason.code !== "passkey_needed") throw reason;
  await byPasskey(reason.body as unknown as Asked);
}
