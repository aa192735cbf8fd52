import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { patch, post } from "../api/client";
import type { Patient } from "../api/examination";
import { t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { personName } from "../shell/format";
import { toast, toastError } from "../shell/toasts";

interface Props {
  patient: Patient | null;
  /** A study goes to another woman; null: the woman's own data are put right. */
  study: string | null;
  close: () => void;
  done: () => void;
}

/** The name as DICOM writes it. What was not touched keeps its own form. */
const asPersonName = (text: string): string => text.split(",").map((part) => part.trim()).filter(Boolean).join("^");

/** Puts a woman's data right, or moves an examination to another woman; the reason goes into the audit. */
export function PatientDialog({ patient, study, close, done }: Props): JSX.Element {
  const before = study === null ? patient : null;
  const [number, setNumber] = useState(before?.number ?? "");
  const [name, setName] = useState(before ? personName(before.name) : "");
  const [birth, setBirth] = useState(before?.birth_date ?? "");
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const changed = {
      ...(number.trim() !== (before?.number ?? "") ? { number: number.trim() } : {}),
      ...(name !== (before ? personName(before.name) : "") ? { name: asPersonName(name) } : {}),
      ...(birth !== (before?.birth_date ?? "") ? { birth_date: birth } : {}),
    };
    try {
      if (study === null) await patch(`/api/patients/${patient!.id}`, { ...changed, reason: reason.trim() });
      else await post(`/api/studies/${study}/patient`, { number: number.trim(), ...changed, reason: reason.trim() });
      toast(study === null ? "record.corrected" : "record.moved");
      done();
      close();
    } catch (problem) {
      toastError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t(study === null ? "record.correct" : "record.move")} close={close}>
      <form class="stacked" onSubmit={(e) => void send(e)}>
        <p class="muted small">{t(study === null ? "record.correct_hint" : "record.move_hint")}</p>
        <label>{t("patient.id")}<input type="text" required maxLength={64} value={number} onInput={(e) => setNumber(e.currentTarget.value)} /></label>
        <label>{t("patient.name")}<input type="text" maxLength={64} placeholder={t("record.name_form")} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
        <label>{t("patient.birth_date")}<input type="date" value={birth} onInput={(e) => setBirth(e.currentTarget.value)} /></label>
        <label>{t("record.reason")}<input type="text" required maxLength={400} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
        <p class="buttons"><button type="submit" class="main" disabled={busy || !reason.trim() || !number.trim()}>{t("record.save")}</button><button type="button" onClick={close}>{t("cancel")}</button></p>
      </form>
    </Dialog>
  );
}
