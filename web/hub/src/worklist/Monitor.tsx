import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { code, t } from "@fada/shared/i18n";
import { NO_FILTERS } from "../study/order";
import { useWorklist } from "./useWorklist";
import { dateTime, headline, personName, waitingTime } from "../shell/format";
import "../style/monitor.css";

const WAITING = { ...NO_FILTERS, state: "received,analysing,ready,failed" };
const SHOWN = 12;

const initials = (name: string): string => personName(name).split(/[\s,]+/).filter(Boolean).map((part) => `${part[0]}.`).join(" ");

/** The head of the worklist, large, for a screen on the wall: initials, no names. */
export function Monitor(): JSX.Element {
  const rows = useWorklist(WAITING);
  const [now, setNow] = useState(() => new Date().toISOString());
  useEffect(() => {
    document.title = `${t("nav.monitor")} · FADA`;
    const timer = setInterval(() => { setNow(new Date().toISOString()); rows.refresh(); }, 30_000);
    return () => clearInterval(timer);
  }, []);
  const shown = Array.from({ length: Math.min(SHOWN, rows.total ?? 0) }, (_, i) => rows.at(i)).filter((row) => row !== undefined);
  return (
    <main class="monitor" id="main">
      <header>
        <h1>{t("monitor.title", { n: rows.total ?? 0 })}</h1>
        <p>{dateTime(now)} <span class={rows.live ? "live on" : "live"}>{rows.live ? t("live.on") : t("live.off")}</span></p>
        <a href="/" data-inside>{t("nav.worklist")}</a>
      </header>
      {shown.length === 0 ? <p class="nothing">{rows.total === null ? t("loading") : t("worklist.none")}</p> : (
        <ol>
          {shown.map((row) => (
            <li key={row.id} class={row.urgent ? "urgent" : row.state}>
              <b>{initials(row.patient.name) || t("patient.unnamed")} <small>{row.accession || row.patient.id.slice(-4)}</small></b>
              <span>{row.urgent && <strong class="flag">{t("reason.urgent")}</strong>} {headline(row)}</span>
              <span>{row.ga_text ?? (row.plane ? code("plane", row.plane) : "")}</span>
              <span class={`state ${row.state}`}>{code("state", row.state)}</span>
              <span class="wait">{waitingTime(row.waiting_hours)}</span>
            </li>
          ))}
        </ol>
      )}
    </main>
  );
}
