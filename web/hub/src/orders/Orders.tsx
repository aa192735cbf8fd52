import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, patch, query } from "../api/client";
import { code, t } from "@fada/shared/i18n";
import { formatDay, personName } from "../shell/format";
import { hasRole, useMe } from "../shell/session";
import { errorText, toastError } from "../shell/toasts";
import { NewsPanel } from "./NewsPanel";
import { OrderDialog } from "./OrderDialog";
import { Unmatched } from "./Unmatched";
import type { Order } from "./order";
import "../style/orders.css";

const EVERY_MS = 15_000;

interface Found { day: string; items: Order[] }

/** The orders of a day with what has arrived for each, and the studies that met none. */
export function Orders(): JSX.Element {
  const me = useMe(), editable = hasRole(me, "sonographer");
  const [day, setDay] = useState("");
  const [orders, setOrders] = useState<Found | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [adding, setAdding] = useState(false);
  const [turn, setTurn] = useState(0);
  const reload = (): void => setTurn((n) => n + 1);
  useEffect(() => { document.title = `${t("nav.orders")} · FADA`; });
  useEffect(() => {
    let left = false;
    get<Found>(`/api/orders${query({ day })}`).then((page) => {
      if (left) return;
      setOrders(page);
      setFailure(null);
    }, (reason: unknown) => { if (!left) setFailure(reason); });
    const timer = setTimeout(reload, EVERY_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [day, turn]);
  return (
    <main id="main" class="page orders">
      <div class="panel-head">
        <h1>{day ? t("orders.of_day", { day: formatDay(day) }) : t("orders.today")}</h1>
        <p class="buttons">
          <label><span class="hidden">{t("orders.day")}</span><input type="date" value={day || (orders?.day ?? "")} onChange={(e) => setDay(e.currentTarget.value)} /></label>
          {editable && <button type="button" class="main" onClick={() => setAdding(true)}>{t("orders.add")}…</button>}
        </p>
      </div>
      {failure !== null && <p class="bad" role="alert">{errorText(failure)}</p>}
      {!orders && failure === null && <p class="waiting" role="status">{t("loading")}</p>}
      {orders && orders.items.length === 0 && <p class="nothing">{t("orders.none")}</p>}
      {orders && orders.items.length > 0 && <Table orders={orders.items} editable={editable} changed={reload} />}
      <NewsPanel editable={editable} turn={turn} decided={reload} />
      <Unmatched orders={orders?.items ?? []} editable={editable} turn={turn} matched={reload} />
      {adding && <OrderDialog close={() => setAdding(false)} done={reload} />}
    </main>
  );
}

function Table({ orders, editable, changed }: { orders: Order[]; editable: boolean; changed: () => void }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("nav.orders")}>
      <table class="wide-table">
        <thead><tr>
          <th scope="col">{t("orders.time")}</th><th scope="col">{t("patient.name")}</th><th scope="col">{t("patient.id")}</th><th scope="col">{t("patient.accession")}</th>
          <th scope="col">{t("orders.procedure")}</th><th scope="col">{t("orders.station")}</th><th scope="col">{t("column.state")}</th><th scope="col">{t("orders.arrived")}</th>{editable && <td />}
        </tr></thead>
        <tbody>{orders.map((one) => <Row key={one.id} order={one} editable={editable} changed={changed} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ order, editable, changed }: { order: Order; editable: boolean; changed: () => void }): JSX.Element {
  const open = order.state === "scheduled" || order.state === "in_progress";
  const end = order.studies.length > 0 ? "completed" : "cancelled";
  const close = (): void => void patch(`/api/orders/${order.id}`, { state: end }).then(changed, toastError);
  return (
    <tr>
      <td class="value">{order.time || "–"}</td>
      <th scope="row">{personName(order.name) || t("patient.unnamed")}{order.urgent && <> <span class="tag urgent">{t("orders.urgent")}</span></>}</th>
      <td>{order.number}</td>
      <td>{order.accession}</td>
      <td>{order.procedure || "–"}</td>
      <td>{order.station || t("orders.any_station")}</td>
      <td><span class={`order-state ${order.state}`}>{code("order", order.state)}</span></td>
      <td>{order.studies.length === 0 ? "–" : order.studies.map((one, n) => (
        <a key={one.id} href={`/study/${one.id}`} data-inside>{code("state", one.state)}{n + 1 < order.studies.length ? ", " : ""}</a>
      ))}</td>
      {editable && <td>{open && <button type="button" onClick={close}>{t(end === "completed" ? "orders.complete" : "orders.cancel")}</button>}</td>}
    </tr>
  );
}
