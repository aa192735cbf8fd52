import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client";
import type { Examination } from "../api/examination";
import { t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { toast, toastError } from "../shell/toasts";
import { hasRole, useMe } from "../shell/session";
import { EraseDialog } from "./EraseDialog";
import { PatientDialog } from "./PatientDialog";
import { PregnancyDialog } from "./PregnancyDialog";

interface Props { study: string; examination: Examination; withdrawn: boolean; changed: () => void }
type Open = "correct" | "move" | "pregnancy" | "withdraw" | "erase" | null;

/** What can be put right of an examination: whose it is, to which pregnancy it belongs, whether it stays. */
export function StudyMenu({ study, examination, withdrawn, changed }: Props): JSX.Element {
  const [open, setOpen] = useState<Open>(null);
  const me = useMe();
  const { patient, pregnancy } = examination;
  const run = (path: string, body: unknown, key: "record.restored" | "record.withdrawn" | "record.new_pregnancy_done" | "record.to_pregnancy_done"): void =>
    void post(`/api/studies/${study}/${path}`, body).then(() => { toast(key); setOpen(null); changed(); }, toastError);
  return (
    <section class="panel" aria-labelledby="record-title">
      <h2 id="record-title">{t("record.title")}</h2>
      {patient && <p><a href={`/patients/${patient.id}`} data-inside>{t("record.woman")}</a></p>}
      <p class="buttons">
        {patient && <button type="button" onClick={() => setOpen("correct")}>{t("record.correct")}…</button>}
        <button type="button" onClick={() => setOpen("move")}>{t("record.move")}…</button>
        {pregnancy && pregnancy.examinations > 1 && <button type="button" onClick={() => run("pregnancy", { pregnancy_id: "new" }, "record.new_pregnancy_done")}>{t("record.new_pregnancy")}</button>}
        {patient && <button type="button" onClick={() => setOpen("pregnancy")}>{t("record.to_pregnancy")}…</button>}
        {withdrawn
          ? <button type="button" onClick={() => run("restore", {}, "record.restored")}>{t("record.restore")}</button>
          : <button type="button" onClick={() => setOpen("withdraw")}>{t("record.withdraw")}…</button>}
        {hasRole(me, "manager") && <button type="button" onClick={() => setOpen("erase")}>{t("erase.study")}…</button>}
      </p>
      {open === "correct" && <PatientDialog patient={patient ?? null} study={null} close={() => setOpen(null)} done={changed} />}
      {open === "move" && <PatientDialog patient={patient ?? null} study={study} close={() => setOpen(null)} done={changed} />}
      {open === "erase" && <EraseDialog path={`/api/studies/${study}/erasure`} number={null} close={() => setOpen(null)} />}
      {open === "pregnancy" && patient && <PregnancyDialog patient={patient.id} now={pregnancy?.id ?? null} close={() => setOpen(null)} send={(id) => run("pregnancy", { pregnancy_id: id }, "record.to_pregnancy_done")} />}
      {open === "withdraw" && <WithdrawDialog close={() => setOpen(null)} send={(reason) => run("withdraw", { reason }, "record.withdrawn")} />}
    </section>
  );
}

function WithdrawDialog({ close, send }: { close: () => void; send: (reason: string) => void }): JSX.Element {
  const [reason, setReason] = useState("");
  return (
    <Dialog title={t("record.withdraw")} close={close}>
      <form class="stacked" onSubmit={(e) => { e.preventDefault(); send(reason.trim()); }}>
        <p>{t("record.withdraw_hint")}</p>
        <label>{t("record.reason")}<input type="text" required maxLength={400} value={reason} autofocus onInput={(e) => setReason(e.currentTarget.value)} /></label>
        <p class="buttons"><button type="submit" class="main" disabled={!reason.trim()}>{t("record.withdraw")}</button><button type="button" onClick={close}>{t("cancel")}</button></p>
      </form>
    </Dialog>
  );
}
