import type { JSX } from "preact";
import { Atlas } from "@fada/shared/atlas/Atlas";
import { t } from "@fada/shared/i18n";
import "@fada/shared/style/atlas.css";

/** The atlas on the phone: before the PIN too, since nothing of a patient is in it. */
export function AtlasPage({ close }: { close: () => void }): JSX.Element {
  return (
    <main class="field-page">
      <button type="button" onClick={close}>← {t("phone.cases")}</button>
      <Atlas />
    </main>
  );
}
