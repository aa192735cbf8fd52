import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client";
import { t } from "@fada/shared/i18n";
import { toastError } from "../shell/toasts";
import { dateTime } from "../shell/format";
import { SecretOnce } from "./SecretOnce";
import { usePolling } from "./usePolling";

interface Webhook { id: string; url: string; events: string[]; created_at: string; disabled?: boolean; secret?: string }

/** Addresses that the hub calls at its events; each has a secret that signs them. */
export function Webhooks(): JSX.Element {
  const [webhooks, reload] = usePolling<{ items: Webhook[] }>("/api/webhooks");
  const [url, setUrl] = useState("");
  const [made, setMade] = useState("");
  const make = (event: Event): void => {
    event.preventDefault();
    post<Webhook>("/api/webhooks", { url, events: [] }).then((hook) => { setMade(hook.secret ?? ""); setUrl(""); reload(); }, toastError);
  };
  return (
    <>
      <form class="filters" onSubmit={make}>
        <label class="long">URL<input type="url" required value={url} placeholder="https://" onInput={(e) => setUrl(e.currentTarget.value)} /></label>
        <button type="submit" class="main">{t("webhooks.make")}</button>
      </form>
      {made && <SecretOnce secret={made} />}
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
