import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client";
import { t } from "@fada/shared/i18n";
import { toastError } from "../shell/toasts";
import { dateTime } from "../shell/format";
import { usePolling } from "./usePolling";
import { QrCode } from "./QrCode";

interface Device { id: string; name: string; enrolled_at: string; last_seen_at: string | null; release: string; revoked_at: string | null }
interface Code { code: string; expires_in: number; url: string }

/** Phones and their last contact; a lost one is shut out here. */
export function Phones(): JSX.Element {
  const [devices, reload] = usePolling<{ items: Device[] }>("/api/devices", 20);
  const [enrol, setEnrol] = useState<Code | null>(null);
  return (
    <>
      <p><button type="button" class="main" onClick={() => void post<Code>("/api/devices/codes").then(setEnrol, toastError)}>{t("phones.code")}</button></p>
      {enrol && (
        <div class="enrol panel">
          <QrCode text={new URL(enrol.url, location.href).href} />
          <div><p>{t("phones.hint")}</p><p class="code">{enrol.code}</p><p class="muted">{t("phones.ends", { n: Math.round(enrol.expires_in / 60) })}</p></div>
        </div>
      )}
      {devices?.items.length === 0 && <p class="muted">{t("phones.none")}</p>}
      {devices && devices.items.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.phones")}><table class="wide-table">
        <thead><tr><th scope="col">{t("phones.name")}</th><th scope="col">{t("phones.seen")}</th><th scope="col">{t("provenance.release")}</th><th scope="col">{t("phones.enrolled")}</th><td /></tr></thead>
        <tbody>{devices.items.map((d) => (
          <tr key={d.id} class={d.revoked_at ? "off" : ""}>
            <td>{d.name}</td><td>{dateTime(d.last_seen_at) || "–"}</td><td>{d.release || "–"}</td><td>{dateTime(d.enrolled_at)}</td>
            <td>{d.revoked_at ? t("keys.revoked") : <button type="button" onClick={() => { if (confirm(t("phones.sure", { name: d.name }))) void remove(`/api/devices/${d.id}`).then(reload, toastError); }}>{t("keys.revoke")}</button>}</td>
          </tr>
        ))}</tbody>
      </table></div>}
    </>
  );
}
