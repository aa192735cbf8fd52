import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call } from "../api/client";
import { t } from "@fada/shared/i18n";
import { hasRole, useMe } from "../shell/session";
import { toast, toastError } from "../shell/toasts";
import { usePolling } from "./usePolling";

interface SiteQuota {
  stored_bytes: number | null; daily_studies: number | null; state: "room" | "warning" | "full";
  used: { stored_bytes: number; daily_studies: number };
}
const GB = 1e9;
const size = (bytes: number): string => (bytes / GB).toLocaleString(undefined, { maximumSignificantDigits: 3 });

/** What the site may store and send, and how much of it is used. An administrator sets it. */
export function Quota(): JSX.Element {
  const [kept, reload] = usePolling<SiteQuota>("/api/quota", 30);
  return (
    <section class="panel" aria-labelledby="quota-title">
      <h2 id="quota-title">{t("quota.title")}</h2>
      {kept && <Used kept={kept} />}
      {kept && <Bounds kept={kept} saved={reload} />}
      <p class="muted small">{t("quota.hint")}</p>
    </section>
  );
}

function Used({ kept }: { kept: SiteQuota }): JSX.Element {
  const { used } = kept;
  const of = (most: string | null): string => (most === null ? "" : ` / ${most}`);
  const tile = kept.state === "room" ? "tile" : "tile bad";
  return (
    <>
      <div class="tiles">
        <div class={tile}><b>{size(used.stored_bytes)}{of(kept.stored_bytes === null ? null : size(kept.stored_bytes))} GB</b>{t("quota.stored")}</div>
        <div class={tile}><b>{used.daily_studies}{of(kept.daily_studies === null ? null : String(kept.daily_studies))}</b>{t("quota.studies")}</div>
      </div>
      {kept.state !== "room" && <p class="bad" role="status">{t(kept.state === "full" ? "quota.full" : "quota.warning")}</p>}
    </>
  );
}

function Bounds({ kept, saved }: { kept: SiteQuota; saved: () => void }): JSX.Element | null {
  const me = useMe();
  const [gigabytes, setGigabytes] = useState("");
  const [studies, setStudies] = useState("");
  useEffect(() => {
    setGigabytes(kept.stored_bytes === null ? "" : String(kept.stored_bytes / GB));
    setStudies(String(kept.daily_studies ?? ""));
  }, [kept.stored_bytes, kept.daily_studies]);
  if (!hasRole(me, "admin")) return null;
  const save = (event: Event): void => {
    event.preventDefault();
    const body = { stored_bytes: gigabytes ? Math.max(1, Math.round(Number(gigabytes) * GB)) : null, daily_studies: studies ? Number(studies) : null };
    call("PUT", "/api/quota", body).then(() => { toast("retention.saved"); saved(); }, toastError);
  };
  return (
    <form class="stacked" onSubmit={save}>
      <label>{t("quota.bytes")}<input type="number" min={0} step="any" placeholder={t("quota.none")} value={gigabytes} onInput={(e) => setGigabytes(e.currentTarget.value)} /></label>
      <label>{t("quota.daily")}<input type="number" min={1} max={1000000} placeholder={t("quota.none")} value={studies} onInput={(e) => setStudies(e.currentTarget.value)} /></label>
      <p class="buttons"><button type="submit" class="main">{t("record.save")}</button></p>
    </form>
  );
}
