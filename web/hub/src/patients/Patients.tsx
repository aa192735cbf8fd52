import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, query } from "../api/client";
import type { Patient } from "../api/examination";
import { t } from "@fada/shared/i18n";
import { formatDay, personName } from "../shell/format";
import { errorText } from "../shell/toasts";
import "../style/patients.css";

const PAGE = 50, WAIT_MS = 200;

interface Found { items: Patient[]; cursor: string | null }

/** The women of the site, found by name or number. */
export function Patients(): JSX.Element {
  const [text, setText] = useState("");
  const [patients, setPatients] = useState<Found | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const ask = (cursor?: string): Promise<Found> => get<Found>(`/api/patients${query({ q: text.trim(), limit: PAGE, cursor })}`);
  useEffect(() => { document.title = `${t("nav.patients")} · FADA`; });
  useEffect(() => {
    let left = false; // an answer to what was typed before is dropped
    const timer = setTimeout(() => void ask().then((page) => {
      if (left) return;
      setPatients(page);
      setFailure(null);
    }, (reason: unknown) => { if (!left) setFailure(reason); }), WAIT_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [text]);
  const more = (): void => void ask(patients!.cursor!).then((page) => setPatients({ items: [...patients!.items, ...page.items], cursor: page.cursor }), setFailure);
  return (
    <main id="main" class="page patients">
      <h1>{t("nav.patients")}</h1>
      <input type="search" value={text} placeholder={t("patients.search")} aria-label={t("patients.search")} autofocus onInput={(e) => setText(e.currentTarget.value)} />
      {failure !== null && <p class="bad" role="alert">{errorText(failure)}</p>}
      {patients && patients.items.length === 0 && <p class="nothing">{t("patients.none")}</p>}
      {patients && patients.items.length > 0 && (
        <table class="wide-table">
          <thead><tr><th scope="col">{t("patient.name")}</th><th scope="col">{t("patient.id")}</th><th scope="col">{t("patient.birth_date")}</th></tr></thead>
          <tbody>
            {patients.items.map((one) => (
              <tr key={one.id}><td><a href={`/patients/${one.id}`} data-inside>{personName(one.name) || t("patient.unnamed")}</a></td><td>{one.number}</td><td>{formatDay(one.birth_date)}</td></tr>
            ))}
          </tbody>
        </table>
      )}
      {patients?.cursor && <p><button type="button" onClick={more}>{t("audit.more")}</button></p>}
    </main>
  );
}
