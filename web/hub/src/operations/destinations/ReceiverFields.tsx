import type { JSX } from "preact";
import { type Key, t } from "@fada/shared/i18n";

/** How the receiver knows the hub, its patients and its orders; what is empty is the hub's own default. */
export interface Receiver {
  calling_aet: string; patient_system: string; order_system: string;
  receiving_application: string; receiving_facility: string; assigner: string; pdf: boolean;
}

type Text = Exclude<keyof Receiver, "pdf">;
const FIELDS: Partial<Record<string, readonly Text[]>> = {
  c_store: ["calling_aet"], fhir: ["patient_system", "order_system"], hl7: ["receiving_application", "receiving_facility", "assigner"],
};
const LONGEST: Partial<Record<Text, number>> = { calling_aet: 16, assigner: 80 };

export const NO_RECEIVER: Receiver = { calling_aet: "", patient_system: "", order_system: "", receiving_application: "", receiving_facility: "", assigner: "", pdf: true };

/** The options of what was typed for a destination of this kind. */
export function receiverBody(kind: string, given: Receiver): Record<string, string | boolean> {
  const typed = (FIELDS[kind] ?? []).map((name) => [name, given[name].trim()] as const).filter(([, value]) => value);
  return { ...Object.fromEntries(typed), ...(kind === "hl7" && !given.pdf ? { pdf: false } : {}) };
}

/** The fields of a kind of destination; none for the others. */
export function ReceiverFields({ kind, given, change }: { kind: string; given: Receiver; change: (given: Receiver) => void }): JSX.Element {
  return (
    <>
      {(FIELDS[kind] ?? []).map((name) => (
        <label key={name} class={kind === "fhir" ? "long" : undefined}>{t(`destinations.${name}` as Key)}
          <input maxLength={LONGEST[name] ?? 500} autocomplete="off" value={given[name]} onInput={(e) => change({ ...given, [name]: e.currentTarget.value })} />
        </label>
      ))}
      {kind === "hl7" && <label class="check"><input type="checkbox" checked={given.pdf} onChange={(e) => change({ ...given, pdf: e.currentTarget.checked })} />{t("destinations.pdf")}</label>}
    </>
  );
}
