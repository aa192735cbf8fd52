"""Jobs: one queued job a study, leases, bounded attempts, the dead letter."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from services.domain.errors import Conflict, LeaseLost
from services.domain.report import Origin, Report
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.clinical.results import ResultsTable
from services.index.database import tables
from services.index.database.session import Session, new_id
from services.index.messaging.events import EventsTable
from services.index.messaging.job_statements import JobRows
from services.index.messaging.outbox import OutboxTable
from services.index.port import Artefact, Job, JobState, Result, StudyState

SUPERSEDED = "superseded"
WORKER_LOST = "worker_lost"
_FIRST_DELAY, _LONGEST_DELAY = 5.0, 300.0  # s before a failed job runs again
_DETAIL_LENGTH = 500


class JobsTable(JobRows):
    """The port's ``Jobs``: what may happen to a job."""

    def __init__(
        self,
        session: Session,
        outbox: OutboxTable,
        events: EventsTable,
        results: ResultsTable,
        audit: AuditTable,
    ) -> None:
        super().__init__(session, outbox)
        self._events = events
        self._results = results
        self._audit = audit

    # --- a worker's view ---------------------------------------------------------------------
    def lease(self, job_id: str, owner: str, seconds: int) -> Job | None:
        """The job, now ``owner``'s for ``seconds``; None when it cannot be had. See the port."""
        job, _study = self.locked(job_id)
        now = self._session.now()
        expired = job.state is JobState.LEASED and (job.lease_until or now) <= now
        if job.state is not JobState.QUEUED and not expired:
            return None
        other = self.running(job.study_id)
        if other is not None and other.id != job_id and (other.lease_until or now) > now:
            return None
        self.set(
            job_id,
            state=JobState.LEASED.value,
            lease_owner=owner,
            lease_until=now + timedelta(seconds=seconds),
            attempts=job.attempts + (1 if expired else 0),
        )
        self.set_study(job.study_id, StudyState.ANALYSING)
        self._events.add(job.site, "study.analysing", job.study_id, {"job_id": job_id})
        return self.get(None, job_id)

    def renew(self, job_id: str, owner: str, seconds: int) -> None:
        """For another ``seconds`` from now. Raises LeaseLost."""
        until = self._session.now() + timedelta(seconds=seconds)
        columns = tables.jobs.c
        change = update(tables.jobs).where(
            columns.id == job_id,
            columns.lease_owner == owner,
            columns.state == JobState.LEASED.value,
        )
        if self._session.connection.execute(change.values(lease_until=until)).rowcount == 0:
            raise LeaseLost

    def release(self, job_id: str, owner: str, *, delay: float = 0.0) -> None:
        """Back into the queue without counting an attempt. Raises LeaseLost."""
        job = self.held(job_id, owner)
        self._queue_again(job, delay=delay)

    def fail(
        self, job_id: str, owner: str, code: str, detail: str, *, attempts: int, retryable: bool
    ) -> JobState:
        """Count an attempt: queued again, or dead. Raises LeaseLost."""
        job = self.held(job_id, owner)
        return self._failed(job, code, detail, attempts=attempts, retryable=retryable)

    def finish(
        self,
        job_id: str,
        owner: str,
        report: Report,
        artefacts: list[Artefact],
        *,
        score: float,
        reasons: tuple[str, ...],
    ) -> Result:
        """The job's result; idempotent by job. Raises LeaseLost."""
        job, study = self.locked(job_id)
        if job.state is JobState.DONE and job.error_code != SUPERSEDED:
            return self._results.of_job(job_id)
        if job.state is not JobState.LEASED or job.lease_owner != owner:
            raise LeaseLost
        now = self._session.now()
        result = Result(
            id=new_id(),
            study_id=job.study_id,
            site=job.site,
            version=study["newest_version"] + 1,
            origin=Origin.HUB,
            author=f"{report.release.name} {report.release.version}",
            created_at=now,
            report=report,
            job_id=job_id,
            artefacts=tuple(artefacts),
        )
        self.end(job_id, JobState.DONE, error_code="", error_detail="")
        self.set_study(job.study_id, StudyState.READY)
        self._results.append(study, result, state=StudyState.READY, score=score, reasons=reasons)
        self._wake_sibling(job)
        return result

    # --- people's and the sweeper's view -----------------------------------------------------
    def run_again(self, principal: Principal, job_id: str) -> Job:
        """A dead job is queued. Raises NotFound, Conflict."""
        job, _study = self.locked(job_id, principal.site)
        if job.state is not JobState.DEAD:
            raise Conflict("Only a job that has failed for good can be run again.")
        sibling = self.queued(job.study_id)
        if sibling is not None:
            return sibling
        self.set(job_id, attempts=0, error_code="", error_detail="", finished_at=None)
        self._queue_again(self.get(None, job_id), study_state=self.running(job.study_id) is None)
        self._audit.add(principal, "job.run_again", job_id, {"study_id": job.study_id})
        return self.get(principal.site, job_id)

    def requeue_expired(self, limit: int = 100, *, attempts: int = 3) -> int:
        """A study that somebody works on is left for the next time: this waits for nobody."""
        columns, now, count = tables.jobs.c, self._session.now(), 0
        query = select(columns.id, columns.study_id).where(
            columns.state == JobState.LEASED.value, columns.lease_until <= now
        )
        for row in self._session.connection.execute(query.limit(limit)).all():
            if not self._session.try_lock_study(row.study_id):
                continue
            job = self.get(None, row.id)
            if job.state is JobState.LEASED and (job.lease_until or now) <= now:
                detail = "The worker that had this job did not come back."
                self._failed(job, WORKER_LOST, detail, attempts=attempts, retryable=True)
                count += 1
        return count

    # --- for the other tables of the index ---------------------------------------------------
    def queue(self, study_id: str, request_id: str) -> str:
        """The id of the study's queued job, made if there is none. The study is locked."""
        study = self._session.lock_study(study_id)
        queued = self.queued(study_id)
        if queued is not None:
            if study["urgent"] and not queued.urgent:
                self.follow_urgency(study_id, True, study["score"])
            return queued.id
        return self.make(study_id, study["site"], study["urgent"], study["score"], request_id)

    def follow_urgency(self, study_id: str, urgent: bool, score: float) -> None:
        """The queued job takes the study's urgency; if it became urgent it is sent once more."""
        queued = self.queued(study_id)
        if queued is None or queued.urgent == urgent:
            return
        self.set(queued.id, urgent=urgent, score=score)
        if urgent:
            self.send(queued.id, True, queued.request_id)

    # --- inside ------------------------------------------------------------------------------
    def _failed(
        self, job: Job, code: str, detail: str, *, attempts: int, retryable: bool
    ) -> JobState:
        count = job.attempts + 1
        self.set(job.id, error_code=code, error_detail=detail[:_DETAIL_LENGTH], attempts=count)
        if retryable and count < attempts:
            delay = min(_FIRST_DELAY * 4.0 ** (count - 1), _LONGEST_DELAY)
            return self._queue_again(self.get(None, job.id), delay=delay)
        self.end(job.id, JobState.DEAD)
        sibling = self.queued(job.study_id)
        if sibling is None:
            self.set_study(job.study_id, StudyState.FAILED, code)
        else:
            self.set_study(job.study_id, StudyState.RECEIVED)
            self._wake_sibling(job)
        self._events.add(job.site, "study.failed", job.study_id, {"job_id": job.id, "code": code})
        return JobState.DEAD

    def _queue_again(self, job: Job, *, delay: float = 0.0, study_state: bool = True) -> JobState:
        sibling = self.queued(job.study_id)
        if sibling is not None:
            self.end(job.id, JobState.DONE, error_code=SUPERSEDED)
            self.set(sibling.id, attempts=max(sibling.attempts, job.attempts))
            self.send(sibling.id, sibling.urgent, sibling.request_id, delay)
            state = JobState.DONE
        else:
            self.set(job.id, state=JobState.QUEUED.value, lease_owner=None, lease_until=None)
            self.send(job.id, job.urgent, job.request_id, delay)
            state = JobState.QUEUED
        if study_state:
            self.set_study(job.study_id, StudyState.RECEIVED)
        return state

    def _wake_sibling(self, job: Job) -> None:
        """A further job that came while this one ran may have been sent in vain: send it again."""
        sibling = self.queued(job.study_id)
        if sibling is not None:
            self.send(sibling.id, sibling.urgent, sibling.request_id)
