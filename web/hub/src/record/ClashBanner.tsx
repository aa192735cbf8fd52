import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client";
import type { Clash } from "../api/examination";
import { code, t } from "@fada/shared/i18n";
import { formatDay, personName } from "../shell/format";
import { toast, toastError } from "../shell/toasts";

interface Props { study: string; clash: Clash; editable: boolean; decided: () => void }

const shown = (field: string, value: string): string => (field === "birth_date" ? formatDay(value) : field === "name" ? personName(value) : value) || "–";

/** The images came with other data than the record has: a person says whose they are, and nothing is merged before. */
export function ClashBanner({ study, clash, editable, decided }: Props): JSX.Element {
  const [other, setOther] = useState(false);
  const [number, setNumber] = useState("");
  const decide = (decision: "keep_record" | "take_new" | "other_patient"): void => {
    void post(`/api/studies/${study}/identity`, { decision, ...(decision === "other_patient" ? { number: number.trim() } : {}) })
      .then(() => { toast("clash.decided"); decided(); }, toastError);
  };
  return (
    <section class="banner clash" role="alert" aria-labelledby="clash-title">
      <h2 id="clash-title">{t("clash.title")}</h2>
      <p>{t("clash.text")}</p>
      <table class="figures">
        <thead><tr><td /><th scope="col">{t("clash.recorded")}</th><th scope="col">{t("clash.received")}</th></tr></thead>
        <tbody>{clash.fields.map((one) => <tr key={one.field}><th scope="row">{code("clash", one.field)}</th><td>{shown(one.field, one.recorded)}</td><td>{shown(one.field, one.received)}</td></tr>)}</tbody>
      </table>
      {editable && (other ? (
        <form class="buttons" onSubmit={(e) => { e.preventDefault(); decide("other_patient"); }}>
          <label>{t("clash.number")} <input type="text" required maxLength={64} value={number} onInput={(e) => setNumber(e.currentTarget.value)} /></label>
          <button type="submit" class="main" disabled={!number.trim()}>{t("clash.other_patient")}</button>
          <button type="button" onClick={() => setOther(false)}>{t("cancel")}</button>
        </form>
      ) : (
        <p class="buttons">
          <button type="button" onClick={() => decide("keep_record")}>{t("clash.keep_record")}</button>
          <button type="button" onClick={() => decide("take_new")}>{t("clash.take_new")}</button>
          <button type="button" onClick={() => setOther(true)}>{t("clash.other_patient")}…</button>
        </p>
      ))}
    </section>
  );
}
