import type { JSX } from "preact";
import { post } from "../api/client";
import type { Result, Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { refuse, say } from "../shell/toasts";
import { may, useMe } from "../shell/session";
import { withhold } from "@fada/shared/text/fetalSexFilter";
import { day, need, person } from "../shell/format";

interface Props {
  study: Study;
  result: Result | null;
  newer: number | null;
  progress: string;
  latest: boolean;
  urgent: (() => void) | null;
  reload: () => void;
}

/** Who, when, where it stands, and what must be said before anything else. */
export function CaseHead({ study, result, newer, progress, latest, urgent, reload }: Props): JSX.Element {
  const me = useMe();
  const again = (): void => {
    post(`/api/studies/${study.id}/run-again`).then(() => { say("case.queued"); reload(); }, refuse);
  };
  return (
    <header class="case-head">
      <a class="back" href="/" data-inside aria-label={t("nav.worklist")}>←</a>
      <div class="case-who">
        <h1>{person(study.patient.name) || t("patient.unnamed")}</h1>
        <p class="muted">{[study.patient.id, study.accession, day(study.study_date), withhold(study.description) ?? ""].filter(Boolean).join(" · ")}</p>
      </div>
      <p class="case-state">
        {study.urgent && <b class="flag">{t("reason.urgent")}</b>}
        <span class={`state ${study.state}`}>{code("state", study.state)}</span>
        {study.reasons.some((r) => r !== "urgent") && <span class="muted">{need(study)}</span>}
        {urgent && <button type="button" class="quiet" aria-pressed={study.urgent} onClick={urgent}>{study.urgent ? t("case.not_urgent") : t("case.urgent")}</button>}
      </p>
      {newer !== null && <p class="banner info" role="status">{t("case.newer", { n: newer })} <button type="button" onClick={reload}>{t("case.show")}</button></p>}
      {!latest && result && <p class="banner info">{t("versions.old", { n: result.version })}</p>}
      {!result && (study.state === "received" || study.state === "analysing") && (
        <p class="banner info" role="status">{t("case.waiting")} {progress && code("phase", progress)}</p>
      )}
      {study.state === "failed" && (
        <p class="banner bad" role="alert">{t("case.failed")} {code("problem", study.error_code || "internal")} {may(me, "manager") && <button type="button" onClick={again}>{t("case.run_again")}</button>}</p>
      )}
    </header>
  );
}
