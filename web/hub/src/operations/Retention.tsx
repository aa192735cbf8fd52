import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, get } from "../api/client";
import { code, t } from "@fada/shared/i18n";
import { toast, toastError } from "../shell/toasts";
import { dateTime } from "../shell/format";
import { Certificate, type Erasure, type Signed } from "./Certificate";
import { Quota } from "./Quota";
import { usePolling } from "./usePolling";

interface Kept {
  reviewed_days: number | null; withdrawn_days: number | null; warn_share: number; refuse_share: number;
  disks: { place: string; size: number; free: number }[];
}
const RULES = ["reviewed_days", "withdrawn_days"] as const;

/** How long the site keeps examinations, how full the disks are, and what was erased. */
export function Retention(): JSX.Element {
  const [kept, reload] = usePolling<Kept>("/api/retention", 60);
  return (
    <>
      {kept && <Disks kept={kept} />}
      <Quota />
      {kept && <Rules kept={kept} saved={reload} />}
      <Erasures />
    </>
  );
}

function Disks({ kept }: { kept: Kept }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="disks-title">
      <h2 id="disks-title">{t("retention.disks")}</h2>
      <div class="tiles">{kept.disks.map((disk) => {
        const used = 1 - disk.free / disk.size;
        return <div key={disk.place} class={used > kept.warn_share ? "tile bad" : "tile"}><b>{Math.round(used * 100)} %</b>{code("disk", disk.place)}</div>;
      })}</div>
      <p class="muted small">{t("retention.watermarks", { warn: Math.round(kept.warn_share * 100), refuse: Math.round(kept.refuse_share * 100) })}</p>
    </section>
  );
}

function Rules({ kept, saved }: { kept: Kept; saved: () => void }): JSX.Element {
  const [days, setDays] = useState<Record<string, string>>({});
  useEffect(() => setDays(Object.fromEntries(RULES.map((name) => [name, String(kept[name] ?? "")]))), [kept.reviewed_days, kept.withdrawn_days]);
  const save = (event: Event): void => {
    event.preventDefault();
    const body = Object.fromEntries(RULES.map((name) => [name, days[name] ? Number(days[name]) : null]));
    call("PUT", "/api/retention", body).then(() => { toast("retention.saved"); saved(); }, toastError);
  };
  return (
    <section class="panel" aria-labelledby="rules-title">
      <h2 id="rules-title">{t("retention.title")}</h2>
      <form class="stacked" onSubmit={save}>
        {RULES.map((name) => (
          <label key={name}>{t(`retention.${name}`)}
            <input type="number" min={1} max={36500} placeholder={t("retention.never")} value={days[name] ?? ""} onInput={(e) => setDays({ ...days, [name]: e.currentTarget.value })} />
          </label>
        ))}
        <p class="muted small">{t("retention.hint")}</p>
        <p class="buttons"><button type="submit" class="main">{t("record.save")}</button></p>
      </form>
    </section>
  );
}

function Erasures(): JSX.Element {
  const [erasures] = usePolling<{ items: Erasure[] }>("/api/erasures", 10);
  const [shown, setShown] = useState<Signed | null>(null);
  const show = (id: string): void => void get<Signed>(`/api/erasures/${id}/certificate`).then(setShown, toastError);
  return (
    <section class="panel" aria-labelledby="erased-title">
      <h2 id="erased-title">{t("erase.title")}</h2>
      {erasures?.items.length === 0 && <p class="muted">{t("erase.none")}</p>}
      {erasures && erasures.items.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("erase.title")}><table class="wide-table">
        <thead><tr><th scope="col">{t("erase.asked")}</th><th scope="col">{t("audit.action")}</th><th scope="col">{t("record.reason")}</th><th scope="col">{t("erase.finished")}</th><td /></tr></thead>
        <tbody>{erasures.items.map((one) => (
          <tr key={one.id}><td>{dateTime(one.asked_at)}</td><td>{code("erasure", one.kind)}</td><td>{one.reason}</td>
            <td>{one.finished_at ? dateTime(one.finished_at) : t("erase.waiting", { n: one.objects.waiting })}</td>
            <td><button type="button" onClick={() => show(one.id)}>{t("erase.certificate")}</button></td></tr>
        ))}</tbody>
      </table></div>}
      {shown && <Certificate signed={shown} close={() => setShown(null)} />}
    </section>
  );
}
