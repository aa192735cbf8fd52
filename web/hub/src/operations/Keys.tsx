import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client";
import type { Role } from "@fada/shared/api/types";
import { type Key, t } from "@fada/shared/i18n";
import { toastError } from "../shell/toasts";
import { dateTime } from "../shell/format";
import { SecretOnce } from "./SecretOnce";
import { usePolling } from "./usePolling";

interface ApiKey { id: string; name: string; role: Role; created_at: string; revoked_at: string | null; last_used_at: string | null; key?: string }

/** API keys: who may do what, when each was last used; made and revoked here. */
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
      {made && <SecretOnce secret={made} />}
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
