import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import type { Result, StudyRow } from "@fada/shared/api/types";
import type { Examination } from "../api/examination";
import { t } from "@fada/shared/i18n";
import { errorText } from "../shell/toasts";
import { formatDay, dateTime } from "../shell/format";
import { ReportBody } from "./ReportBody";
import "../style/report.css";

interface SharedStudy { study: Pick<StudyRow, "study_date" | "state">; result: Result; examination?: Examination; expires_at: string }

/** What a shared link shows: the report without the patient's identity, until the link ends. */
export function SharedReport({ token }: { token: string }): JSX.Element {
  const [shared, setShared] = useState<SharedStudy | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    document.title = `${t("report.title")} · FADA`;
    get<SharedStudy>(`/api/shared/${encodeURIComponent(token)}`).then(setShared, setFailure);
  }, [token]);
  if (failure !== null) return <main id="main" class="page"><h1>{t("share.over")}</h1><p>{errorText(failure)}</p></main>;
  if (!shared) return <main id="main" class="page"><p class="waiting" role="status">{t("loading")}</p></main>;
  const { study, result } = shared;
  return (
    <main id="main" class="page report">
      <div class="report-bar"><button type="button" class="main" onClick={() => print()}>{t("report.print")}</button><span class="muted">{t("share.until", { at: dateTime(shared.expires_at) })}</span></div>
      <ReportBody result={result} examination={shared.examination ?? null} facts={[[t("pdf.day"), formatDay(study.study_date)]]}
        pictures={result.report.frames.filter((f) => f.in_scope).slice(0, 6).map((f) => ({
          key: `${f.sop_uid}/${f.frame}`, src: `/api/shared/${encodeURIComponent(token)}/frames/${f.sop_uid}/${f.frame}.png`, reading: f,
        }))} />
    </main>
  );
}
