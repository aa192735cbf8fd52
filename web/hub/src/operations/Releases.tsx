import type { JSX } from "preact";
import { post } from "../api/client";
import { t } from "@fada/shared/i18n";
import { toastError, toast } from "../shell/toasts";
import { hasRole, useMe } from "../shell/session";
import { usePolling } from "./usePolling";

interface Release { name: string; version: string; sha256: string; active: boolean; card_url: string | null; metrics: Record<string, unknown>; licence: string; size: number }

function* flat(value: unknown, path: string): Generator<[string, string]> {
  if (typeof value === "number") yield [path, Number.isInteger(value) ? String(value) : value.toFixed(3)];
  else if (Array.isArray(value)) { if (value.every((v) => typeof v === "number")) yield [path, value.map((v) => (v as number).toFixed(3)).join(" – ")]; }
  else if (value && typeof value === "object") for (const [key, inner] of Object.entries(value)) yield* flat(inner, path ? `${path} ${key}` : key);
}

/** Which models are here, how good they were measured to be, and which of them reads. */
export function Releases(): JSX.Element {
  const me = useMe();
  const [releases, reload] = usePolling<{ active: string | null; items: Release[] }>("/api/releases");
  const activate = (id: string): void => void post(`/api/releases/${id}/activate`).then(() => { toast("releases.activated", { id }); reload(); }, toastError);
  if (releases?.items.length === 0) return <p class="muted">{t("releases.none")}</p>;
  return (
    <div class="cards">{releases?.items.map((r) => {
      const id = `${r.name}-${r.version}`;
      const metrics = [...flat(r.metrics, "")].slice(0, 40);
      return (
        <section key={id} class="panel">
          <div class="panel-head"><h2>{r.name} {r.version}</h2>{r.active ? <span class="state ready">{t("releases.active")}</span> : hasRole(me, "admin") && <button type="button" onClick={() => activate(id)}>{t("releases.activate")}</button>}</div>
          <p class="muted small"><span class="hash" title={r.sha256}>{r.sha256.slice(0, 16)}…</span> · {(r.size / 1e6).toFixed(1)} MB · {r.licence} {r.card_url && <a href={r.card_url} target="_blank" rel="noreferrer">{t("releases.card")}</a>}</p>
          {metrics.length > 0 && <details><summary>{t("releases.metrics")}</summary><table class="figures"><tbody>{metrics.map(([name, value]) => <tr key={name}><th scope="row">{name.replaceAll("_", " ")}</th><td class="value">{value}</td></tr>)}</tbody></table></details>}
        </section>
      );
    })}</div>
  );
}
