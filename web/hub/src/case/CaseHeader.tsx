import type { ComponentChildren, JSX } from "preact";
import { post } from "../api/client";
import type { Result, Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { toastError, toast } from "../shell/toasts";
import { hasRole, useMe } from "../shell/session";
import type { Place } from "../study/order";
import type { Progress } from "./useCase";
import { withhold } from "@fada/shared/text/fetalSexFilter";
import { formatDay, triageReasons, personName } from "../shell/format";

interface Props {
  study: Study;
  result: Result | null;
  newer: number | null;
  progress: Progress | null;
  latest: boolean;
  place: Place | null;
  urgent: (() => void) | null;
  reload: () => void;
  /** Shows what came after the signature; null where it is not to be seen. */
  showNewest: (() => void) | null;
  claim: ComponentChildren;
  children: ComponentChildren;
}

/** Who, when, where it stands, and what must be said before anything else. */
export function CaseHeader({ study, result, newer, progress, latest, place, urgent, reload, showNewest, claim, children }: Props): JSX.Element {
  const me = useMe();
  const runAgain = (): void => {
    post(`/api/studies/${study.id}/run-again`).then(() => { toast("case.queued"); reload(); }, toastError);
  };
  return (
    <header class="case-head">
      <a class="back" href="/" data-inside aria-label={t("nav.worklist")}>←</a>
      <div class="case-who">
        <h1>{personName(study.patient.name) || t("patient.unnamed")}</h1>
        <p class="muted">{[study.patient.id, study.accession, formatDay(study.study_date), withhold(study.description) ?? ""].filter(Boolean).join(" · ")}</p>
      </div>
      {place && (
        <nav class="place" aria-label={t("place.label")}>
          <Neighbour id={place.before} title={t("place.before")} sign="‹" keyName="p" />
          <span>{t("place.of", { n: place.n, all: place.total })}</span>
          <Neighbour id={place.after} title={t("place.after")} sign="›" keyName="n" />
        </nav>
      )}
      <p class="case-state">
        {study.urgent && <b class="flag">{t("reason.urgent")}</b>}
        <span class={`state ${study.state}`}>{code("state", study.state)}</span>
        {triageReasons(study) && <span class="muted">{triageReasons(study)}</span>}
        {claim}
        {urgent && <button type="button" class="quiet" aria-pressed={study.urgent} onClick={urgent}>{study.urgent ? t("case.not_urgent") : t("case.urgent")}</button>}
      </p>
      {newer !== null && <p class="banner info" role="status">{t("case.newer", { n: newer })} <button type="button" onClick={reload}>{t("case.show")}</button></p>}
      {newer === null && study.has_new_version && showNewest && result && result.version !== study.newest_version && (
        <p class="banner info" role="status">{t("versions.since_signed", { n: study.newest_version ?? 0 })} <button type="button" onClick={showNewest}>{t("case.show")}</button></p>
      )}
      {!latest && result && <p class="banner info">{t("versions.old", { n: result.version })}</p>}
      {!result && (study.state === "received" || study.state === "analysing") && (
        <p class="banner info" role="status">{t("case.waiting")} {progress && <>{code("phase", progress.phase)} <progress max={100} value={progress.percent} aria-label={t("upload.progress")} /> {progress.percent} %</>}</p>
      )}
      {study.state === "failed" && (
        <p class="banner bad" role="alert">{t("case.failed")} {code("problem", study.error_code || "internal")} {hasRole(me, "manager") && <button type="button" onClick={runAgain}>{t("case.run_again")}</button>}</p>
      )}
      {children}
    </header>
  );
}

function Neighbour({ id, title, sign, keyName }: { id: string | null; title: string; sign: string; keyName: string }): JSX.Element {
  if (id === null) return <span class="button off" aria-hidden="true">{sign}</span>;
  return <a class="button" href={`/study/${id}`} data-inside aria-label={title} title={`${title} (${keyName})`}>{sign}</a>;
}
