import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import type { PatientRecord, RecordedExamination, RecordedPregnancy } from "../api/examination";
import { code, t } from "@fada/shared/i18n";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import { EraseDialog } from "../record/EraseDialog";
import { PatientDialog } from "../record/PatientDialog";
import { formatDay, personName } from "../shell/format";
import { hasRole, useMe } from "../shell/session";
import { errorText } from "../shell/toasts";
import "../style/patients.css";

const MEASURES = ["BPD", "HC", "AC", "FL"];

/** One woman: her pregnancies, and the examinations of each with what was measured. */
export function Woman({ id }: { id: string }): JSX.Element {
  const me = useMe();
  const [record, setRecord] = useState<PatientRecord | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [open, setOpen] = useState<"correct" | "erase" | null>(null);
  const load = (): void => void get<PatientRecord>(`/api/patients/${id}`).then(setRecord, setFailure);
  useEffect(load, [id]);
  useEffect(() => { document.title = `${(record && personName(record.name)) || t("nav.patients")} · FADA`; }, [record]);
  if (failure !== null) return <main id="main" class="page"><p class="bad" role="alert">{errorText(failure)}</p><a href="/patients" data-inside>{t("nav.patients")}</a></main>;
  if (!record) return <main id="main" class="page"><p class="waiting" role="status">{t("loading")}</p></main>;
  const { pregnancies, ...patient } = record;
  return (
    <main id="main" class="page patients">
      <p><a href="/patients" data-inside>← {t("nav.patients")}</a></p>
      <div class="panel-head">
        <div><h1>{personName(patient.name) || t("patient.unnamed")}</h1>
          <p class="muted">{[patient.number, patient.birth_date && `${t("patient.birth_date")} ${formatDay(patient.birth_date)}`].filter(Boolean).join(" · ")}</p></div>
        <p class="buttons">
          {hasRole(me, "sonographer") && <button type="button" onClick={() => setOpen("correct")}>{t("record.correct")}…</button>}
          {hasRole(me, "manager") && <button type="button" onClick={() => setOpen("erase")}>{t("erase.woman")}…</button>}
        </p>
      </div>
      {pregnancies.length === 0 && <p class="nothing">{t("patients.no_examinations")}</p>}
      {pregnancies.map((one, n) => <PregnancyPanel key={one.id ?? n} pregnancy={one} n={pregnancies.length - n} />)}
      {open === "correct" && <PatientDialog patient={patient} study={null} close={() => setOpen(null)} done={load} />}
      {open === "erase" && <EraseDialog path={`/api/patients/${id}/erasure`} number={patient.number} close={() => setOpen(null)} />}
    </main>
  );
}

function PregnancyPanel({ pregnancy, n }: { pregnancy: RecordedPregnancy; n: number }): JSX.Element {
  const { dating } = pregnancy;
  return (
    <section class="panel">
      <h2>{t("patients.pregnancy", { n })}{dating && <small class="muted"> · {t("summary.due", { day: formatDay(dating.due) })}</small>}</h2>
      {dating && <p class="muted small">{t(`dating.${dating.reason}`, {
        day: formatDay(dating.basis === "scan" ? dating.scan_day : dating.zero), equation: dating.equation, n: Math.abs(dating.differs_days ?? 0), allowed: dating.allowed_days ?? 0,
      })}</p>}
      <div class="scrolls">
        <table class="figures">
          <thead><tr><th scope="col">{t("report.study_date")}</th><th scope="col">{t("column.age")}</th>{MEASURES.map((name) => <th key={name} scope="col">{name}</th>)}<th scope="col">EFW</th><th scope="col">{t("column.state")}</th><td /></tr></thead>
          <tbody>{pregnancy.examinations.map((one) => <ExaminationRow key={one.study.id} one={one} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

function ExaminationRow({ one }: { one: RecordedExamination }): JSX.Element {
  return (
    <tr>
      <th scope="row"><a href={`/study/${one.study.id}`} data-inside>{formatDay(one.day ?? one.study.study_date) || t("patients.no_day")}</a></th>
      <td>{one.ga_days === null || one.ga_days === undefined ? "–" : weeksAndDays(one.ga_days)}</td>
      {MEASURES.map((name) => <td key={name} class="value">{one.mm[name] === undefined ? "–" : one.mm[name].toFixed(1)}</td>)}
      <td class="value">{one.grams ? `${one.grams.toFixed(0)} g` : "–"}</td>
      <td>{one.study.withdrawn_at ? <span class="tag">{t("filter.withdrawn")}</span> : <span class={`state ${one.study.state}`}>{code("state", one.study.state)}</span>}</td>
      <td><a href={`/study/${one.study.id}/report`} data-inside>{t("actions.report")}</a></td>
    </tr>
  );
}
