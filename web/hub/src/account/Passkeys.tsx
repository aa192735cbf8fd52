import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client";
import { t } from "@fada/shared/i18n";
import { usePolling } from "../operations/usePolling";
import { dateTime } from "../shell/format";
import { useMe } from "../shell/session";
import { errorText, toast, toastError } from "../shell/toasts";
import { type Asked, hasPasskeys, makePasskey } from "./webauthn";

interface Passkey { id: string; name: string; created_at: string; last_used_at: string | null }

/** One's passkeys: listed, made with the password, removed. */
export function Passkeys(): JSX.Element {
  const me = useMe();
  const [passkeys, reload] = usePolling<{ items: Passkey[] }>("/api/me/passkeys");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState("");
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    setProblem("");
    try {
      const asked = await post<Asked>("/api/me/passkeys/options", { password });
      await post("/api/me/passkeys", { ticket: asked.ticket, name: name.trim(), credential: await makePasskey(asked) });
      setName("");
      setPassword("");
      toast("passkeys.added");
      reload();
    } catch (reason) {
      setProblem(errorText(reason));
    }
  };
  const drop = (one: Passkey): void => {
    if (confirm(t("passkeys.sure", { name: one.name }))) void remove(`/api/me/passkeys/${one.id}`).then(reload, toastError);
  };
  return (
    <section>
      <h2>{t("passkeys.title")}</h2>
      <p class="muted">{t("passkeys.hint")}</p>
      {me.account?.needs_passkey && passkeys?.items.length === 0 && <p class="bad" role="alert">{t("passkeys.needed")}</p>}
      {passkeys && passkeys.items.length > 0 && <ul class="passkeys">
        {passkeys.items.map((one) => (
          <li key={one.id}>
            <span><b>{one.name}</b><small class="muted">{t("keys.made")} {dateTime(one.created_at)} · {t("keys.used")} {dateTime(one.last_used_at) || "–"}</small></span>
            <button type="button" onClick={() => drop(one)}>{t("passkeys.remove")}</button>
          </li>
        ))}
      </ul>}
      {!me.account?.passkeys || !hasPasskeys() ? <p class="muted">{t("passkeys.cannot")}</p> : (
        <form onSubmit={(e) => void add(e)}>
          {problem && <p class="bad" role="alert">{problem}</p>}
          <label>{t("passkeys.name")}<input required maxLength={80} autocomplete="off" placeholder={t("passkeys.example")} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
          <label>{t("signin.password")}<input type="password" required autocomplete="current-password" value={password} onInput={(e) => setPassword(e.currentTarget.value)} /></label>
          <button type="submit" class="main">{t("passkeys.add")}</button>
        </form>
      )}
    </section>
  );
}
