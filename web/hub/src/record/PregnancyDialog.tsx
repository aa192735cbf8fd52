import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import type { PatientRecord, RecordedPregnancy } from "../api/examination";
import { t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { formatDay } from "../shell/format";
import { toastError } from "../shell/toasts";

interface Props {
  patient: string;
  /** The pregnancy that the examination belongs to now. */
  now: string | null;
  close: () => void;
  send: (pregnancy: string) => void;
}

/** Chooses another pregnancy of the same woman, by its examinations and its due date. */
export function PregnancyDialog({ patient, now, close, send }: Props): JSX.Element {
  const [others, setOthers] = useState<RecordedPregnancy[] | null>(null);
  const [chosen, setChosen] = useState("");
  useEffect(() => {
    get<PatientRecord>(`/api/patients/${patient}`).then(({ pregnancies }) => setOthers(pregnancies.filter((one) => one.id && one.id !== now)), toastError);
  }, [patient]);
  return (
    <Dialog title={t("record.to_pregnancy")} close={close}>
      <form class="stacked" onSubmit={(e) => { e.preventDefault(); send(chosen); }}>
        {others === null && <p role="status">{t("loading")}</p>}
        {others?.length === 0 && <p>{t("record.no_other_pregnancy")}</p>}
        {others?.map((one) => (
          <label key={one.id} class="check"><input type="radio" name="pregnancy" checked={chosen === one.id} onChange={() => setChosen(one.id!)} />
            <span>{one.examinations.map(({ day, study }) => formatDay(day ?? study.study_date) || t("patients.no_day")).join(", ")}
              {one.dating && <small class="muted"> · {t("summary.due", { day: formatDay(one.dating.due) })}</small>}</span>
          </label>
        ))}
        <p class="buttons"><button type="submit" class="main" disabled={!chosen}>{t("record.to_pregnancy")}</button><button type="button" onClick={close}>{t("cancel")}</button></p>
      </form>
    </Dialog>
  );
}
