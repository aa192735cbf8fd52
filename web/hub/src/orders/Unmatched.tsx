import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, post } from "../api/client";
import type { StudyRow } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import { formatDay, personName } from "../shell/format";
import { navigate } from "../shell/router";
import { toast, toastError } from "../shell/toasts";
import type { Order } from "./order";

interface Props { orders: Order[]; editable: boolean; turn: number; matched: () => void }

/** Studies since yesterday that met no order: a person says which one each is of. */
export function Unmatched({ orders, editable, turn, matched }: Props): JSX.Element | null {
  const [studies, setStudies] = useState<StudyRow[]>([]);
  useEffect(() => void get<{ items: StudyRow[] }>("/api/orders/unmatched").then((page) => setStudies(page.items), toastError), [turn]);
  if (studies.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="unmatched">
      <h2 id="unmatched">{t("orders.unmatched")}</h2>
      <p class="muted small">{t("orders.unmatched_hint")}</p>
      <ul class="unmatched">
        {studies.map((one) => <Study key={one.id} study={one} orders={orders} editable={editable} matched={matched} />)}
      </ul>
    </section>
  );
}

function Study({ study, orders, editable, matched }: { study: StudyRow; orders: Order[]; editable: boolean; matched: () => void }): JSX.Element {
  const [chosen, setChosen] = useState("");
  const name = personName(study.patient.name) || t("patient.unnamed");
  const match = (event: Event): void => {
    event.preventDefault();
    void post<{ clash: unknown }>(`/api/orders/${chosen}/studies`, { study_id: study.id }).then((answer) => {
      if (answer.clash) return navigate(`/study/${study.id}`); // they name different women: decided there
      toast("orders.matched");
      matched();
    }, toastError);
  };
  return (
    <li>
      <a href={`/study/${study.id}`} data-inside>{name}</a>
      <span class="muted">{[study.patient.id, study.accession, formatDay(study.study_date)].filter(Boolean).join(" · ")}</span>
      {editable && orders.length > 0 && (
        <form class="buttons" onSubmit={match}>
          <label><span class="hidden">{t("orders.choose", { name })}</span>
            <select required value={chosen} onChange={(e) => setChosen(e.currentTarget.value)}>
              <option value="">{t("orders.choose_order")}</option>
              {orders.map((one) => <option key={one.id} value={one.id}>{[one.time, personName(one.name), one.number, one.accession].filter(Boolean).join(" · ")}</option>)}
            </select>
          </label>
          <button type="submit" disabled={!chosen}>{t("orders.match")}</button>
        </form>
      )}
    </li>
  );
}
