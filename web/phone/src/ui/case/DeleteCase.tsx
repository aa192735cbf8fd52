import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { type Case, isUnsent } from "../../store/cases";

/** Deleting asks first, and says what is lost where the hub does not have the case. */
export function DeleteCase({ record, remove }: { record: Case; remove: () => void }): JSX.Element {
  const [asking, setAsking] = useState(false);
  if (!asking) return <p class="delete-case"><button type="button" class="quiet" onClick={() => setAsking(true)}>{t("phone.delete")}</button></p>;
  const unsent = isUnsent(record);
  return (
    <section class={unsent ? "note warn delete-case" : "note delete-case"} role="alertdialog" aria-labelledby="delete-title" aria-describedby="delete-words">
      <h2 id="delete-title">{t("phone.delete")}: {t("phone.case", { n: record.n })}</h2>
      <p id="delete-words">{t(unsent ? "phone.delete_unsent" : "phone.delete_sent")}</p>
      <div class="row">
        <button type="button" class="danger" onClick={remove}>{t("phone.delete_yes")}</button>
        <button type="button" autofocus onClick={() => setAsking(false)}>{t("cancel")}</button>
      </div>
    </section>
  );
}
