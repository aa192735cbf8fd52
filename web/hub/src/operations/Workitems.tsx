import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client";
import { code, t } from "@fada/shared/i18n";
import { dateTime } from "../shell/format";
import { toast, toastError } from "../shell/toasts";
import { usePolling } from "./usePolling";

interface Workitem {
  uid: string; state: "SCHEDULED" | "IN PROGRESS" | "COMPLETED" | "CANCELED"; label: string; study_id: string | null;
  performer: string | null; percent: string | null; reason: string | null; changed_at: string;
}
const STATES = ["SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"] as const;
const key = (state: Workitem["state"]): string => state.toLowerCase().replace(" ", "_");

/** What was asked for by UPS-RS: its state, who does it and how far it is, and cancelling it. */
export function Workitems(): JSX.Element {
  const [state, setState] = useState("");
  const [listed, reload] = usePolling<{ items: Workitem[] }>(`/api/workitems?limit=200${state ? `&state=${encodeURIComponent(state)}` : ""}`, 5);
  const cancel = (one: Workitem): void => {
    const reason = prompt(t("workitems.why", { what: one.label }));
    if (reason !== null) void post<Workitem>(`/api/workitems/${one.uid}/cancel`, { reason: reason.slice(0, 400) }).then((now) => { toast(now.state === "CANCELED" ? "workitems.cancelled" : "workitems.asked"); reload(); }, toastError);
  };
  return (
    <>
      <form class="filters"><label>{t("workitems.state")}<select value={state} onChange={(e) => setState(e.currentTarget.value)}>
        <option value="">{t("workitems.all")}</option>
        {STATES.map((one) => <option key={one} value={one}>{code("workitem", key(one))}</option>)}
      </select></label></form>
      {!listed && <p class="waiting" role="status">{t("loading")}</p>}
      {listed?.items.length === 0 && <p class="muted">{t("workitems.none")}</p>}
      {listed && listed.items.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.workitems")}><table class="wide-table">
        <thead><tr>
          <th scope="col">{t("workitems.what")}</th><th scope="col">{t("workitems.state")}</th><th scope="col">{t("workitems.performer")}</th>
          <th scope="col">{t("column.study")}</th><th scope="col">{t("workitems.changed")}</th><td />
        </tr></thead>
        <tbody>{listed.items.map((one) => (
          <tr key={one.uid}>
            <td>{one.label}<br /><small class="hash">{one.uid}</small></td>
            <td>{code("workitem", key(one.state))}{one.percent && one.state === "IN PROGRESS" ? ` ${one.percent} %` : ""}{one.reason ? <><br /><small>{one.reason}</small></> : null}</td>
            <td>{one.performer ?? "–"}</td>
            <td>{one.study_id ? <a href={`/study/${one.study_id}`} data-inside>{t("upload.open_case")}</a> : "–"}</td>
            <td>{dateTime(one.changed_at)}</td>
            <td>{(one.state === "SCHEDULED" || one.state === "IN PROGRESS") && <button type="button" onClick={() => cancel(one)}>{t("workitems.cancel")}</button>}</td>
          </tr>
        ))}</tbody>
      </table></div>}
    </>
  );
}
