import type { JSX } from "preact";
import { post } from "../api/client";
import type { Job } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { toastError, toast } from "../shell/toasts";
import { dateTime } from "../shell/format";
import { usePolling } from "./usePolling";

interface Depth { jobs: Record<string, number>; broker: Record<string, number> | null; outbox: number }
interface Health { status: string; parts: Record<string, { state: string; seconds: number; error: string | null }> }

/** Jobs by state, those that failed for good with "run again", and the health of each part. */
export function Queue(): JSX.Element {
  const [depth] = usePolling<Depth>("/api/queue", 5);
  const [jobs, reload] = usePolling<{ items: Job[] }>("/api/jobs?state=dead,leased,queued", 5);
  const [health] = usePolling<Health>("/health/ready", 15);
  const run = (job: Job): void => void post(`/api/jobs/${job.id}/run-reload`).then(() => { toast("case.queued"); reload(); }, toastError);
  const dead = jobs?.items.filter((j) => j.state === "dead") ?? [];
  const others = jobs?.items.filter((j) => j.state !== "dead") ?? [];
  return (
    <>
      <ul class="tiles">
        {["queued", "leased", "done", "dead"].map((state) => (
          <li key={state} class={state === "dead" && (depth?.jobs[state] ?? 0) > 0 ? "tile bad" : "tile"}><b>{depth?.jobs[state] ?? 0}</b>{code("job", state)}</li>
        ))}
        <li class="tile"><b>{depth?.outbox ?? 0}</b>{t("ops.outbox")}</li>
        {Object.entries(depth?.broker ?? {}).map(([name, n]) => <li key={name} class="tile"><b>{n}</b>{t("ops.broker", { name })}</li>)}
      </ul>
      <p class="parts">{Object.entries(health?.parts ?? {}).map(([name, part]) => <span key={name} class={part.state === "ok" ? "part ok" : "part down"}>{name}: {part.state}</span>)}</p>
      <h2>{t("ops.dead")}</h2>
      {dead.length === 0 ? <p class="muted">{t("ops.no_dead")}</p> : <Jobs jobs={dead} run={run} />}
      <h2>{t("ops.working")}</h2>
      {others.length === 0 ? <p class="muted">{t("ops.idle")}</p> : <Jobs jobs={others} run={null} />}
    </>
  );
}

function Jobs({ jobs, run }: { jobs: Job[]; run: ((job: Job) => void) | null }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.queue")}><table class="wide-table">
      <thead><tr><th scope="col">{t("column.study")}</th><th scope="col">{t("column.state")}</th><th scope="col">{t("ops.since")}</th><th scope="col">{t("ops.attempts")}</th><th scope="col">{t("ops.why")}</th><td /></tr></thead>
      <tbody>{jobs.map((job) => (
        <tr key={job.id}>
          <td><a href={`/study/${job.study_id}`} data-inside>…{job.study_uid.slice(-12)}</a></td>
          <td>{code("job", job.state)} {job.urgent && <b class="flag">{t("reason.urgent")}</b>}</td><td>{dateTime(job.created_at)}</td><td>{job.attempts}</td>
          <td>{job.error_code && <>{code("problem", job.error_code)} <small class="muted">{job.error_detail}</small></>}</td>
          <td>{run && <button type="button" onClick={() => run(job)}>{t("case.run_again")}</button>}</td>
        </tr>
      ))}</tbody>
    </table></div>
  );
}
