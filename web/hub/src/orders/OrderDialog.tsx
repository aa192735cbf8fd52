import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client";
import { t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { toast, toastError } from "../shell/toasts";
import { asPersonName } from "./order";

const EMPTY = { number: "", name: "", birth_date: "", accession: "", day: "", time: "", station: "", procedure: "", reason: "" };

/** An order that is typed in. What is left empty the hub gives (accession number, today) or leaves open. */
export function OrderDialog({ close, done }: { close: () => void; done: () => void }): JSX.Element {
  const [values, setValues] = useState(EMPTY);
  const [urgent, setUrgent] = useState(false);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof EMPTY) => (event: { currentTarget: HTMLInputElement }): void => setValues({ ...values, [name]: event.currentTarget.value });
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const given = Object.fromEntries(Object.entries({ ...values, name: asPersonName(values.name) }).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
    try {
      await post("/api/orders", { ...given, urgent });
      toast("orders.placed");
      done();
      close();
    } catch (problem) {
      toastError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("orders.add")} close={close}>
      <form class="stacked" onSubmit={(e) => void send(e)}>
        <label>{t("patient.id")}<input type="text" required maxLength={64} value={values.number} onInput={set("number")} /></label>
        <label>{t("patient.name")}<input type="text" maxLength={64} placeholder={t("record.name_form")} value={values.name} onInput={set("name")} /></label>
        <label>{t("patient.birth_date")}<input type="date" value={values.birth_date} onInput={set("birth_date")} /></label>
        <label>{t("orders.procedure")}<input type="text" maxLength={200} value={values.procedure} onInput={set("procedure")} /></label>
        <label>{t("orders.reason")}<input type="text" maxLength={200} value={values.reason} onInput={set("reason")} /></label>
        <label>{t("orders.day")}<input type="date" value={values.day} onInput={set("day")} /></label>
        <label>{t("orders.time")}<input type="time" value={values.time} onInput={set("time")} /></label>
        <label>{t("orders.station")}<input type="text" maxLength={16} placeholder={t("orders.any_station")} value={values.station} onInput={set("station")} /></label>
        <label>{t("patient.accession")}<input type="text" maxLength={16} placeholder={t("orders.hub_gives")} value={values.accession} onInput={set("accession")} /></label>
        <label class="check"><input type="checkbox" checked={urgent} onChange={(e) => setUrgent(e.currentTarget.checked)} /> {t("orders.urgent")}</label>
        <p class="buttons"><button type="submit" class="main" disabled={busy || !values.number.trim()}>{t("orders.place")}</button><button type="button" onClick={close}>{t("cancel")}</button></p>
      </form>
    </Dialog>
  );
}
