import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../../api/client";
import { type Key, code, t } from "@fada/shared/i18n";
import { hasRole, useMe } from "../../shell/session";
import { toast, toastError } from "../../shell/toasts";
import { type Destination, DestinationForm } from "./DestinationForm";
import { type Rule, Rules } from "./Rules";
import { usePolling } from "../usePolling";

interface Listed { items: Destination[]; rules: Rule[] }
interface Tested { reached: boolean; code: string; seconds: number }

/** Where results go: the destinations of the site, whether each can be reached, and the rules of who gets what. */
export function Destinations(): JSX.Element {
  const [listed, reload] = usePolling<Listed>("/api/destinations");
  const admin = hasRole(useMe(), "admin");
  if (!listed) return <p class="waiting" role="status">{t("loading")}</p>;
  return (
    <>
      {admin ? <DestinationForm made={reload} /> : <p class="muted">{t("destinations.admins")}</p>}
      {listed.items.length === 0 ? <p class="muted">{t("destinations.none")}</p>
        : <Table destinations={listed.items} admin={admin} reload={reload} />}
      <Rules rules={listed.rules} destinations={listed.items} reload={reload} />
    </>
  );
}

interface TableProps { destinations: Destination[]; admin: boolean; reload: () => void }

function Table({ destinations, admin, reload }: TableProps): JSX.Element {
  const [tested, setTested] = useState<Record<string, string>>({});
  const test = (id: string): void => {
    setTested({ ...tested, [id]: t("loading") });
    post<Tested>(`/api/destinations/${id}/test`).then(
      (answer) => setTested({ ...tested, [id]: answer.reached ? t("destinations.reached") : code("problem", answer.code) }),
      (error: unknown) => { setTested({ ...tested, [id]: "" }); toastError(error); },
    );
  };
  const drop = (one: Destination): void => {
    if (confirm(t("destinations.sure", { name: one.name }))) void remove(`/api/destinations/${one.id}`).then(() => { toast("destinations.removed"); reload(); }, toastError);
  };
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.destinations")}><table class="wide-table">
      <thead><tr>
        <th scope="col">{t("keys.name")}</th><th scope="col">{t("destinations.kind")}</th><th scope="col">{t("destinations.address")}</th>
        <th scope="col">{t("destinations.by_default")}</th>{admin && <td />}
      </tr></thead>
      <tbody>{destinations.map((one) => (
        <tr key={one.id}>
          <td>{one.name}</td><td>{t(`destination.${one.kind}` as Key)}</td><td class="hash">{one.address}</td>
          <td>{t(one.by_default ? "answer.yes" : "answer.no")}</td>
          {admin && <td>
            <button type="button" onClick={() => test(one.id)}>{t("destinations.test")}</button>{" "}
            <button type="button" onClick={() => drop(one)}>{t("editor.delete")}</button>{" "}
            <span role="status">{tested[one.id]}</span>
          </td>}
        </tr>
      ))}</tbody>
    </table></div>
  );
}
