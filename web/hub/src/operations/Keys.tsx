import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client";
import type { Role } from "@fada/shared/api/types";
import { type Key, t } from "@fada/shared/i18n";
import { toastError } from "../shell/toasts";
import { dateTime } from "../shell/format";
import { usePolling } from "./usePolling";

interface ApiKey { id: string; name: string; role: Role; created_at: string; revoked_at: string | null; last_used_at: string | null; key?: string }
interface Hook { id: string; url: string; events: string[]; created_at: string; disabled?: boolean; secret?: string }

/** A secret that is shown this one time. */
function Once({ secret }: { secret: string }): JSX.Element {
  return <p class="note"><label>{t("keys.once")}<input type="text" readOnly value={secret} onFocus={(e) => e.currentTarget.select()} /></label></p>;
}

export function Keys(): JSX.Element {
  const [keys, reload] = usePolling<{ items: ApiKey[] }>("/api/keys");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("sonographer");
  const [made, setMade] = useState("");
  const make = (event: Event): void => {
    event.preventDefault();
    post<ApiKey>("/api/keys", { name, role }).then((key) => { setMade(key.key ?? ""); setName(""); reload(); }, toastError);
  };
  return (
    <>
      <form class="filters" onSubmit={make}>
        <label>{t("keys.name")}<input required maxLength={80} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
        <label>{t("keys.role")}<select value={role} onChange={(e) => setRole(e.currentTarget.value as Role)}>{(["device", "reader", "sonographer", "manager", "admin"] as const).map((r) => <option key={r} value={r}>{t(`role.${r}` as Key)}</option>)}</select></label>
        <button type="submit" class="main">{t("keys.make")}</button>
      </form>
      {made && <Once secret={made} />}
      {keys && <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.keys")}><table class="wide-table">
        <thead><tr><th scope="col">{t("keys.name")}</th><th scope="col">{t("keys.role")}</th><th scope="col">{t("keys.made")}</th><th scope="col">{t("keys.used")}</th><td /></tr></thead>
        <tbody>{keys.items.map((k) => (
          <tr key={k.id} class={k.revoked_at ? "off" : ""}><td>{k.name}</td><td>{t(`role.${k.role}` as Key)}</td><td>{dateTime(k.created_at)}</td><td>{dateTime(k.last_used_at) || "–"}</td>
            <td>{k.revoked_at ? t("keys.revoked") : <button type="button" onClick={() => { if (confirm(t("keys.sure", { name: k.name }))) void remove(`/api/keys/${k.id}`).then(reload, toastError); }}>{t("keys.revoke")}</button>}</td></tr>
        ))}</tbody>
      </table></div>}
    </>
  );
}

export function Webhooks(): JSX.Element {
  const [webhooks, reload] = usePolling<{ items: Hook[] }>("/api/webhooks");
  const [url, setUrl] = useState("");
  const [made, setMade] = useState("");
  const make = (event: Event): void => {
    event.preventDefault();
    post<Hook>("/api/webhooks", { url, events: [] }).then((hook) => { setMade(hook.secret ?? ""); setUrl(""); reload(); }, toastError);
  };
  return (
    <>
      <form class="filters" onSubmit={make}>
        <label class="long">URL<input type="url" required value={url} placeholder="https://" onInput={(e) => setUrl(e.currentTarget.value)} /></label>
        <button type="submit" class="main">{t("webhooks.make")}</button>
      </form>
      {made && <Once secret={made} />}
      {webhooks?.items.length === 0 && <p class="muted">{t("webhooks.none")}</p>}
      {webhooks && webhooks.items.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.webhooks")}><table class="wide-table">
        <thead><tr><th scope="col">URL</th><th scope="col">{t("webhooks.events")}</th><th scope="col">{t("keys.made")}</th><td /></tr></thead>
        <tbody>{webhooks.items.map((h) => (
          <tr key={h.id} class={h.disabled ? "off" : ""}><td>{h.url}</td><td>{h.events.join(", ") || t("webhooks.all")}</td><td>{dateTime(h.created_at)}</td>
            <td><button type="button" onClick={() => void remove(`/api/webhooks/${h.id}`).then(reload, toastError)}>{t("editor.delete")}</button></td></tr>
        ))}</tbody>
      </table></div>}
    </>
  );
}
