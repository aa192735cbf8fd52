import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { all, eraseAll } from "../store/database";
import { type Case, isUnsent } from "../store/cases";

/** The way out of a forgotten PIN: nobody can open what is sealed, so all of it goes. Says what is lost first. */
export function EraseAll(): JSX.Element {
  const [unsent, setUnsent] = useState<number | null>(null);
  const [failed, setFailed] = useState(false);
  const [asking, setAsking] = useState(false);
  useEffect(() => { void all<Case>("cases").then((cases) => setUnsent(cases.filter(isUnsent).length)); }, []);
  const erase = (): void => void eraseAll().then(() => location.replace("/field/"), () => setFailed(true));
  if (!asking) return <p class="delete-case"><button type="button" class="quiet" onClick={() => setAsking(true)}>{t("phone.pin_forgotten")}</button></p>;
  return (
    <section class={unsent === 0 ? "note delete-case" : "note warn delete-case"} role="alertdialog" aria-labelledby="erase-title" aria-describedby="erase-words">
      <h2 id="erase-title">{t("phone.pin_forgotten")}</h2>
      <p id="erase-words">{t("phone.erase_words", { n: unsent ?? "?" })}</p>
      {failed && <p class="bad" role="alert">{t("phone.erase_failed")}</p>}
      <div class="row">
        <button type="button" class="danger" onClick={erase}>{t("phone.erase_yes")}</button>
        <button type="button" autofocus onClick={() => setAsking(false)}>{t("cancel")}</button>
      </div>
    </section>
  );
}
