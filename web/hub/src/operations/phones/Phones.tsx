import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call, post, remove } from "../../api/client";
import { t } from "@fada/shared/i18n";
import { toastError } from "../../shell/toasts";
import { dateTime } from "../../shell/format";
import { usePolling } from "../usePolling";
import { PhoneSettings } from "./PhoneSettings";
import { QrCode } from "./QrCode";

interface Status { waiting: number; storage_used: number; storage_quota: number; clock_drift_s: number }
interface Device { id: string; name: string; enrolled_at: string; last_seen_at: string | null; release: string; revoked_at: string | null; status: Status | null; erase_at: string | null; group: string }
interface Code { code: string; expires_in: number; url: string }

const SILENT_MS = 3 * 86_400_000, DRIFT_S = 120;
const isSilent = (d: Device): boolean => !d.revoked_at && Date.now() - Date.parse(d.last_seen_at ?? d.enrolled_at) > SILENT_MS;

/** How a phone fares by its own word at its last contact. */
function Fares({ device: { status } }: { device: Device }): JSX.Element {
  if (!status) return <td>–</td>;
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);
  return (
    <td>
      {t("phones.waiting", { n: status.waiting })} · {t("phones.storage", { used: mb(status.storage_used), quota: mb(status.storage_quota) })}
      {" · "}{Math.abs(status.clock_drift_s) > DRIFT_S ? <b class="bad">{t("phones.drift", { n: Math.round(status.clock_drift_s / 60) })}</b> : t("phones.clock_right")}
    </td>
  );
}

interface Choice { names: readonly string[]; value: string; set: (name: string) => void; label?: string }

const GroupSelect = ({ names, value, set, label }: Choice): JSX.Element => (
  <select aria-label={label} value={value} onChange={(e) => set(e.currentTarget.value)}>
    <option value="">–</option>
    {names.map((name) => <option key={name} value={name}>{name}</option>)}
  </select>
);

/** Phones, their last contact and how they fare; what the programme sets on them; a lost one is shut out or erased here. */
export function Phones(): JSX.Element {
  const [devices, reload] = usePolling<{ items: Device[] }>("/api/devices", 20);
  const [groups, reloadGroups] = usePolling<{ items: string[] }>("/api/devices/groups", 60);
  const [group, setGroup] = useState("");
  const [enrol, setEnrol] = useState<Code | null>(null);
  const names = groups?.items ?? [];
  return (
    <>
      <p><button type="button" class="main" onClick={() => void post<Code>(`/api/devices/codes?group=${encodeURIComponent(group)}`).then(setEnrol, toastError)}>{t("phones.code")}</button>
        {names.length > 0 && <label> {t("phones.group")} <GroupSelect names={names} value={group} set={setGroup} /></label>}</p>
      {enrol && (
        <div class="enrol panel">
          <QrCode text={new URL(enrol.url, location.href).href} />
          <div><p>{t("phones.hint")}</p><p class="code">{enrol.code}</p><p class="muted">{t("phones.ends", { n: Math.round(enrol.expires_in / 60) })}</p></div>
        </div>
      )}
      <PhoneSettings groups={groups?.items ?? []} changed={() => void reloadGroups()} />
      {devices?.items.length === 0 && <p class="muted">{t("phones.none")}</p>}
      {devices && devices.items.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.phones")}><table class="wide-table">
        <thead><tr><th scope="col">{t("phones.name")}</th>{names.length > 0 && <th scope="col">{t("phones.group")}</th>}<th scope="col">{t("phones.seen")}</th><th scope="col">{t("provenance.release")}</th><th scope="col">{t("phones.fares")}</th><th scope="col">{t("phones.enrolled")}</th><td /></tr></thead>
        <tbody>{devices.items.map((d) => (
          <tr key={d.id} class={d.revoked_at ? "off" : ""}>
            <td>{d.name}</td>{names.length > 0 && <td><GroupSelect names={names} value={d.group} label={`${t("phones.group")}: ${d.name}`}
              set={(name) => void call("PUT", `/api/devices/${d.id}/group?group=${encodeURIComponent(name)}`).then(reload, toastError)} /></td>}<td>{dateTime(d.last_seen_at) || "–"}{isSilent(d) && <b class="bad"> {t("phones.silent")}</b>}</td><td>{d.release || "–"}</td><Fares device={d} /><td>{dateTime(d.enrolled_at)}</td>
            <td>{d.revoked_at ? t("keys.revoked") : <button type="button" onClick={() => { if (confirm(t("phones.sure", { name: d.name }))) void remove(`/api/devices/${d.id}`).then(reload, toastError); }}>{t("keys.revoke")}</button>} {!d.revoked_at && (d.erase_at
              ? <span class="muted">{t("phones.erasing")}</span>
              : <button type="button" onClick={() => { if (confirm(t("phones.erase_sure", { name: d.name }))) void post(`/api/devices/${d.id}/erase`).then(reload, toastError); }}>{t("phones.erase")}</button>)}</td>
          </tr>
        ))}</tbody>
      </table></div>}
    </>
  );
}
