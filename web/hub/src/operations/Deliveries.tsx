import type { JSX } from "preact";
import { post } from "../api/client";
import { code, t } from "@fada/shared/i18n";
import { toastError, toast } from "../shell/toasts";
import { dateTime } from "../shell/format";
import { usePolling } from "./usePolling";

/** One message for one receiver outside the hub. `error_code` is that of the last attempt. */
interface Delivery {
  id: string;
  kind: "webhook" | "push";
  study_id: string;
  state: "waiting" | "delivered" | "dead";
  attempts: number;
  error_code: string;
  created_at: string;
  next_attempt_at: string;
  /** A webhook's address, or the name of a destination. */
  url: string | null;
  destination: string | null;
  objects: { sop_uid: string; kind: string; state: "waiting" | "delivered" | "committed" | "commitment_failed" | "refused"; code: string }[];
  version: number | null;
}

/** What was given up, with "send again", and what still waits for its receiver. */
export function Deliveries(): JSX.Element {
  const [deliveries, reload] = usePolling<{ items: Delivery[] }>("/api/deliveries?state=dead,waiting", 5);
  const sendAgain = (delivery: Delivery): void =>
    void post(`/api/deliveries/${delivery.id}/run-again`).then(() => { toast("deliveries.queued"); reload(); }, toastError);
  const inState = (state: Delivery["state"]): Delivery[] => deliveries?.items.filter((d) => d.state === state) ?? [];
  if (!deliveries) return <p class="waiting" role="status">{t("loading")}</p>;
  return (
    <>
      <h2>{t("deliveries.dead")}</h2>
      {inState("dead").length === 0 ? <p class="muted">{t("deliveries.no_dead")}</p>
        : <Table label={t("deliveries.dead")} deliveries={inState("dead")} sendAgain={sendAgain} />}
      <h2>{t("deliveries.waiting")}</h2>
      {inState("waiting").length === 0 ? <p class="muted">{t("deliveries.none_waiting")}</p>
        : <Table label={t("deliveries.waiting")} deliveries={inState("waiting")} sendAgain={null} />}
    </>
  );
}

interface TableProps {
  label: string;
  deliveries: Delivery[];
  sendAgain: ((delivery: Delivery) => void) | null;
}

function Table({ label, deliveries, sendAgain }: TableProps): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}><table class="wide-table">
      <thead><tr>
        <th scope="col">{t("deliveries.receiver")}</th><th scope="col">{t("column.study")}</th><th scope="col">{t("ops.since")}</th>
        <th scope="col">{t("ops.attempts")}</th><th scope="col">{t("deliveries.error")}</th>
        {sendAgain ? <td /> : <th scope="col">{t("deliveries.next")}</th>}
      </tr></thead>
      <tbody>{deliveries.map((d) => (
        <tr key={d.id}>
          <td class="hash">{d.url ?? d.destination ?? code("delivery", d.kind)}</td>
          <td><a href={`/study/${d.study_id}`} data-inside>{t("upload.open_case")}</a></td>
          <td>{dateTime(d.created_at)}</td>
          <td>{d.attempts}</td>
          <td>{d.error_code ? code("problem", d.error_code) : "–"}{objects(d)}</td>
          <td>{sendAgain ? <button type="button" onClick={() => sendAgain(d)}>{t("deliveries.send_again")}</button> : dateTime(d.next_attempt_at)}</td>
        </tr>
      ))}</tbody>
    </table></div>
  );
}

/** Which objects the receiver refuses or has not kept, with its own code for it, and which it vouches for. */
function objects(delivery: Delivery): string {
  const answered = delivery.objects.filter((one) => one.state !== "waiting" && one.state !== "delivered");
  const words = answered.map((one) => `${one.kind}: ${one.state === "refused" ? one.code : `${code("object", one.state)} ${one.code}`.trim()}`);
  return words.length > 0 ? ` (${words.join(", ")})` : "";
}
