import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, query } from "../api/client";
import { t } from "@fada/shared/i18n";
import { toastError } from "../shell/toasts";
import { dateTime } from "../shell/format";

interface Entry { seq: number; at: string; actor: string; name: string; action: string; subject: string; detail: Record<string, unknown> }

/** Who did what, newest first. */
export function Audit(): JSX.Element {
  const [entries, setEntries] = useState<Entry[]>([]);
  const [before, setBefore] = useState<number | null>(null);
  const [subject, setSubject] = useState("");
  const load = (from?: number): void => {
    get<{ items: Entry[]; before: number | null }>(`/api/audit${query({ subject, before: from, limit: 100 })}`).then((page) => {
      setEntries((was) => (from === undefined ? page.items : [...was, ...page.items]));
      setBefore(page.before);
    }, toastError);
  };
  useEffect(() => load(), []);
  return (
    <>
      <form class="filters" onSubmit={(e) => { e.preventDefault(); load(); }}>
        <label class="long">{t("audit.subject")}<input type="search" value={subject} onInput={(e) => setSubject(e.currentTarget.value)} /></label>
        <button type="submit">{t("audit.find")}</button>
      </form>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.audit")}><table class="wide-table">
        <thead><tr><th scope="col">{t("audit.at")}</th><th scope="col">{t("audit.actor")}</th><th scope="col">{t("audit.action")}</th><th scope="col">{t("audit.subject")}</th><th scope="col">{t("audit.detail")}</th></tr></thead>
        <tbody>{entries.map((e) => <tr key={e.seq}><td>{dateTime(e.at)}</td><td title={e.actor}>{e.name}</td><td>{e.action}</td><td class="hash">{e.subject}</td><td class="hash">{Object.entries(e.detail).map(([k, v]) => `${k} ${typeof v === "object" ? JSON.stringify(v) : String(v)}`).join(", ")}</td></tr>)}</tbody>
      </table></div>
      {before !== null && entries.length >= 100 && <button type="button" onClick={() => load(before)}>{t("audit.more")}</button>}
    </>
  );
}
