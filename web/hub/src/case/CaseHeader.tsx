import type { JSX } from "preact";
import { post } from "../api/client";
import type { Result, Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { toastError, toast } from "../shell/toasts";
import { hasRole, useMe } from "../shell/session";
import { withhold } from "@fada/shared/text/fetalSexFilter";
import { isoDate, triageReasons, personName } from "../shell/format";

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
export function CaseHeader({ study, result, newer, progress, latest, urgent, reload }: Props): JSX.Element {
  const me = useMe();
  const runAgain = (): void => {
    post(`/api/studies/${study.id}/run-again`).then(() => { toast("case.queued"); reload(); }, toastError);
  };
  return (
    <header class="case-head">
      <a class="back" href="/" data-inside aria-label={t("nav.worklist")}>←</a>
      <div class="case-who">
        <h1>{personName(study.patient.name) || t("patient.unnamed")}</h1>
        <p class="muted">{[study.patient.id, study.accession, isoDate(study.study_date), withhold(study.description) ?? ""].filter(Boolean).join(" · ")}</p>
      </div>
      <p class="case-state">
        {study.urgent && <b class="flag">{t("reason.urgent")}</b>}
        <span class={`state ${study.state}`}>{code("state", study.state)}</span>
        {study.reasons.some((r) => r !== "urgent") && <span class="muted">{triageReasons(study)}</span>}
        {urgent && <button type="button" class="quiet" aria-pressed={study.urgent} onClick={urgent}>{study.urgent ? t("case.not_urgent") : t("case.urgent")}</button>}
      </p>
      {newer !== null && <p class="banner info" role="status">{t("case.newer", { n: newer })} <button type="button" onClick={reload}>{t("case.show")}</button></p>}
      {!latest && result && <p class="banner info">{t("versions.old", { n: result.version })}</p>}
      {!result && (study.state === "received" || study.state === "analysing") && (
        <p class="banner info" role="status">{t("case.waiting")} {progress && code("phase", progress)}</p>
      )}
      {study.state === "failed" && (
        <p class="banner bad" role="alert">{t("case.failed")} {code("problem", study.error_code || "internal")} {hasRole(me, "manager") && <button type="button" onClick={runAgain}>{t("case.run_again")}</button>}</p>
      )}
    </header>
  );
}
