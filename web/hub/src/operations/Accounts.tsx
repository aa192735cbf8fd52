import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { patch, post, remove } from "../api/client";
import type { Role } from "@fada/shared/api/types";
import { type Key, t } from "@fada/shared/i18n";
import { dateTime } from "../shell/format";
import { toastError } from "../shell/toasts";
import { SecretOnce } from "./SecretOnce";
import { usePolling } from "./usePolling";

interface Account { id: string; login: string; name: string; role: Role; sign_on: boolean; invited: boolean; disabled_at: string | null; locked_until: string | null; url?: string }
interface PageSession { id: string; name: string; role: Role; address: string; browser: string; created_at: string; this: boolean }

const ROLES = ["reader", "sonographer", "manager", "admin"] as const;

/** The people of the site, and where they are signed in. */
export function Accounts(): JSX.Element {
  const [accounts, reload] = usePolling<{ items: Account[] }>("/api/accounts");
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("sonographer");
  const [link, setLink] = useState("");
  const invite = (event: Event): void => {
    event.preventDefault();
    post<Account>("/api/accounts", { login: login.trim(), name: name.trim(), role }).then((made) => {
      setLink(made.url ?? "");
      setLogin("");
      setName("");
      reload();
    }, toastError);
  };
  const again = (account: Account): void => void post<{ url: string }>(`/api/accounts/${account.id}/invitations`).then((made) => setLink(made.url), toastError);
  const change = (account: Account, what: Partial<{ role: Role; disabled: boolean }>): void => void patch(`/api/accounts/${account.id}`, what).then(reload, toastError);
  return (
    <>
      <form class="filters" onSubmit={invite}>
        <label>{t("accounts.login")}<input required minLength={3} maxLength={120} pattern="\S+" autocomplete="off" value={login} onInput={(e) => setLogin(e.currentTarget.value)} /></label>
        <label>{t("keys.name")}<input required maxLength={80} autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
        <label>{t("keys.role")}<select value={role} onChange={(e) => setRole(e.currentTarget.value as Role)}>{ROLES.map((r) => <option key={r} value={r}>{t(`role.${r}` as Key)}</option>)}</select></label>
        <button type="submit" class="main">{t("accounts.invite")}</button>
      </form>
      {link && <><p class="muted">{t("accounts.link")}</p><SecretOnce secret={link} /></>}
      {accounts?.items.length === 0 && <p class="muted">{t("accounts.none")}</p>}
      {accounts && accounts.items.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.accounts")}><table class="wide-table">
        <thead><tr><th scope="col">{t("keys.name")}</th><th scope="col">{t("accounts.login")}</th><th scope="col">{t("keys.role")}</th><th scope="col">{t("accounts.state")}</th><td /></tr></thead>
        <tbody>{accounts.items.map((a) => (
          <tr key={a.id} class={a.disabled_at ? "off" : ""}>
            <td>{a.name}</td><td>{a.login || <span class="muted">{t("accounts.sign_on")}</span>}</td>
            <td><select aria-label={t("keys.role")} value={a.role} disabled={a.disabled_at !== null || a.sign_on} onChange={(e) => change(a, { role: e.currentTarget.value as Role })}>{ROLES.map((r) => <option key={r} value={r}>{t(`role.${r}` as Key)}</option>)}</select></td>
            <td>{stateOf(a)}</td>
            <td>
              {!a.sign_on && <button type="button" onClick={() => again(a)}>{t(a.invited ? "accounts.again" : "accounts.reset")}</button>}{" "}
              <button type="button" onClick={() => { if (a.disabled_at || confirm(t("accounts.sure", { name: a.name }))) change(a, { disabled: !a.disabled_at }); }}>{t(a.disabled_at ? "accounts.enable" : "accounts.disable")}</button>
            </td>
          </tr>
        ))}</tbody>
      </table></div>}
      <Sessions />
    </>
  );
}

function stateOf(account: Account): string {
  if (account.disabled_at) return t("accounts.disabled");
  if (account.locked_until && new Date(account.locked_until) > new Date()) return t("accounts.locked", { at: dateTime(account.locked_until) });
  return t(account.invited ? "accounts.invited" : "accounts.active");
}

/** "Chrome, Linux": what a person recognises of a browser's long name of itself. */
function shortOf(browser: string): string {
  const name = /Firefox|Edg|OPR|Chrome|Safari/.exec(browser)?.[0] ?? browser.slice(0, 20);
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(browser)?.[0];
  return system ? `${name}, ${system}` : name;
}

/** Browsers that are signed in now. */
function Sessions(): JSX.Element {
  const [sessions, reload] = usePolling<{ items: PageSession[] }>("/api/sessions?everyone=true", 20);
  return (
    <section>
      <h2>{t("sessions.title")}</h2>
      {sessions && <div class="scroll" tabIndex={0} role="region" aria-label={t("sessions.title")}><table class="wide-table">
        <thead><tr><th scope="col">{t("keys.name")}</th><th scope="col">{t("sessions.since")}</th><th scope="col">{t("sessions.address")}</th><th scope="col">{t("sessions.browser")}</th><td /></tr></thead>
        <tbody>{sessions.items.map((s) => (
          <tr key={s.id}><td>{s.name}</td><td>{dateTime(s.created_at)}</td><td>{s.address}</td><td title={s.browser}>{shortOf(s.browser)}</td>
            <td>{s.this ? t("sessions.this") : <button type="button" onClick={() => void remove(`/api/sessions/${s.id}`).then(reload, toastError)}>{t("sessions.end")}</button>}</td></tr>
        ))}</tbody>
      </table></div>}
    </section>
  );
}
