"""Jobs: one queued job a study, leases, bounded attempts, the dead letter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, exists, func, insert, select, update

from services.domain.errors import Conflict, LeaseLost, NotFound
from services.domain.report import Origin, Report
from services.domain.study import Principal
from services.index import tables
from services.index.audit import AuditTable
from services.index.events import EventsTable
from services.index.outbox import OutboxTable
from services.index.port import Artefact, Job, JobState, Result, StudyState
from services.index.results import ResultsTable
from services.index.session import Session, new_id

SUPERSEDED = "superseded"
WORKER_LOST = "worker_lost"
_FIRST_DELAY, _LONGEST_DELAY = 5.0, 300.0  # s before a failed job runs again
_DETAIL_LENGTH = 500
_JOB_QUERY = select(tables.jobs, tables.studies.c.study_uid).join(
    tables.studies, tables.studies.c.id == tables.jobs.c.study_id
)


class JobsTable:
    def __init__(
        self,
        session: Session,
        outbox: OutboxTable,
        events: EventsTable,
        results: ResultsTable,
        audit: AuditTable,
    ) -> None:
        self._session = session
        self._outbox = outbox
        self._events = events
        self._results = results
        self._audit = audit

    # --- a worker's view ---------------------------------------------------------------------
    def lease(self, job_id: str, owner: str, seconds: int) -> Job | None:
        job, _study = self._locked(job_id)
        now = self._session.now()
        expired = job.state is JobState.LEASED and (job.lease_until or now) <= now
        if job.state is not JobState.QUEUED and not expired:
            return None
        rival = self.running(job.study_id)
        if rival is not None and rival.id != job_id and (rival.lease_until or now) > now:
            return None
        self._set(
            job_id,
            state=JobState.LEASED.value,
            lease_owner=owner,
            lease_until=now + timedelta(seconds=seconds),
            attempts=job.attempts + (1 if expired else 0),
        )
        self._set_study(job.study_id, StudyState.ANALYSING)
        self._events.add(job.site, "study.analysing", job.study_id, {"job_id": job_id})
        return self.get(None, job_id)

    def renew(self, job_id: str, owner: str, seconds: int) -> None:
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
        job = self._held(job_id, owner)
        self._queue_again(job, delay=delay)

    def fail(
        self, job_id: str, owner: str, code: str, detail: str, *, attempts: int, retryable: bool
    ) -> JobState:
        job = self._held(job_id, owner)
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
        job, study = self._locked(job_id)
        if job.state is JobState.DONE and job.error_code != SUPERSEDED:
            return self._results.of_job(job_id)
        if job.state is not JobState.LEASED or job.lease_owner != owner:
            raise LeaseLost
        now = self._session.now()
        result = Result(
            id=new_id(),
            study_id=job.study_id,
            site=job.site,
            version=study["latest_version"] + 1,
            origin=Origin.HUB,
            author=f"{report.release.name} {report.release.version}",
            created_at=now,
            report=report,
            job_id=job_id,
            artefacts=tuple(artefacts),
        )
        self._end(job_id, JobState.DONE, error_code="", error_detail="")
        self._set_study(job.study_id, StudyState.READY)
        self._results.append(study, result, state=StudyState.READY, score=score, reasons=reasons)
        self._wake_sibling(job)
        return result

    # --- people's and the sweeper's view -----------------------------------------------------
    def get(self, site: str | None, job_id: str) -> Job:
        query = _JOB_QUERY.where(tables.jobs.c.id == job_id)
        if site is not None:
            query = query.where(tables.jobs.c.site == site)
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        return _job(row)

    def find(
        self,
        site: str | None,
        *,
        states: tuple[JobState, ...] = (),
        study_id: str | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """Newest first."""
        query = _JOB_QUERY.order_by(tables.jobs.c.id.desc()).limit(limit)
        if site is not None:
            query = query.where(tables.jobs.c.site == site)
        if states:
            query = query.where(tables.jobs.c.state.in_([state.value for state in states]))
        if study_id is not None:
            query = query.where(tables.jobs.c.study_id == study_id)
        return [_job(row) for row in self._session.connection.execute(query).mappings()]

    def run_again(self, principal: Principal, job_id: str) -> Job:
        job, _study = self._locked(job_id, principal.site)
        if job.state is not JobState.DEAD:
            raise Conflict("Only a job that has failed for good can be run again.")
        sibling = self._queued(job.study_id)
        if sibling is not None:
            return sibling
        self._set(job_id, attempts=0, error_code="", error_detail="", finished_at=None)
        self._queue_again(self.get(None, job_id), study_state=self.running(job.study_id) is None)
        self._audit.add(principal, "job.run_again", job_id, {"study_id": job.study_id})
        return self.get(principal.site, job_id)

    def requeue_expired(self, limit: int = 100, *, attempts: int = 3) -> int:
        columns, now = tables.jobs.c, self._session.now()
        query = select(columns.id).where(
            columns.state == JobState.LEASED.value, columns.lease_until <= now
        )
        ids = self._session.connection.execute(query.order_by(columns.study_id).limit(limit))
        count = 0
        for job_id in list(ids.scalars()):
            job, _study = self._locked(job_id)
            if job.state is JobState.LEASED and (job.lease_until or now) <= now:
                detail = "The worker that had this job did not come back."
                self._failed(job, WORKER_LOST, detail, attempts=attempts, retryable=True)
                count += 1
        return count

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        columns, now = tables.jobs.c, self._session.now()
        waiting = exists().where(
            tables.outbox.c.subject == columns.id, tables.outbox.c.topic == "analyse"
        )
        query = (
            select(columns.id, columns.urgent, columns.request_id)
            .where(
                columns.state == JobState.QUEUED.value,
                columns.sent_at <= now - timedelta(seconds=older_than),
                ~waiting,
            )
            .order_by(columns.score.desc(), columns.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = self._session.connection.execute(query).all()
        for row in rows:
            self._send(row.id, row.urgent, row.request_id)
        return len(rows)

    def depth(self) -> dict[str, int]:
        query = select(tables.jobs.c.state, func.count()).group_by(tables.jobs.c.state)
        counts = {state.value: 0 for state in JobState}
        counts |= {row[0]: row[1] for row in self._session.connection.execute(query)}
        return counts

    # --- for the other tables of the index ---------------------------------------------------
    def queue(self, study_id: str, request_id: str) -> str:
        """The id of the study's queued job, made if there is none. The study is locked."""
        study = self._session.lock_study(study_id)
        queued = self._queued(study_id)
        if queued is not None:
            if study["urgent"] and not queued.urgent:
                self.follow_urgency(study_id, True, study["score"])
            return queued.id
        job_id, now = new_id(), self._session.now()
        values: dict[str, Any] = {
            "id": job_id,
            "study_id": study_id,
            "site": study["site"],
            "state": JobState.QUEUED.value,
            "urgent": study["urgent"],
            "attempts": 0,
            "score": study["score"],
            "created_at": now,
            "sent_at": now,
            "request_id": request_id,
            "error_code": "",
            "error_detail": "",
        }
        self._session.connection.execute(insert(tables.jobs), values)
        self._send(job_id, study["urgent"], request_id)
        return job_id

    def follow_urgency(self, study_id: str, urgent: bool, score: float) -> None:
        """The queued job takes the study's urgency; if it became urgent it is sent once more."""
        queued = self._queued(study_id)
        if queued is None or queued.urgent == urgent:
            return
        self._set(queued.id, urgent=urgent, score=score)
        if urgent:
            self._send(queued.id, True, queued.request_id)

    def running(self, study_id: str) -> Job | None:
        jobs = self.find(None, states=(JobState.LEASED,), study_id=study_id, limit=1)
        return jobs[0] if jobs else None

    def latest_of(self, study_id: str) -> str | None:
        jobs = self.find(None, study_id=study_id, limit=1)
        return jobs[0].id if jobs else None

    # --- inside ------------------------------------------------------------------------------
    def _locked(self, job_id: str, site: str | None = None) -> tuple[Job, RowMapping]:
        """The job, read after its study was locked."""
        study = self._session.lock_study(self.get(site, job_id).study_id)
        return self.get(site, job_id), study

    def _held(self, job_id: str, owner: str) -> Job:
        job, _study = self._locked(job_id)
        if job.state is not JobState.LEASED or job.lease_owner != owner:
            raise LeaseLost
        return job

    def _queued(self, study_id: str) -> Job | None:
        jobs = self.find(None, states=(JobState.QUEUED,), study_id=study_id, limit=1)
        return jobs[0] if jobs else None

    def _failed(
        self, job: Job, code: str, detail: str, *, attempts: int, retryable: bool
    ) -> JobState:
        count = job.attempts + 1
        told = {"error_code": code, "error_detail": detail[:_DETAIL_LENGTH], "attempts": count}
        self._set(job.id, **told)
        if retryable and count < attempts:
            delay = min(_FIRST_DELAY * 4.0 ** (count - 1), _LONGEST_DELAY)
            return self._queue_again(self.get(None, job.id), delay=delay)
        self._end(job.id, JobState.DEAD)
        sibling = self._queued(job.study_id)
        if sibling is None:
            self._set_study(job.study_id, StudyState.FAILED, code)
        else:
            self._set_study(job.study_id, StudyState.RECEIVED)
            self._wake_sibling(job)
        self._events.add(job.site, "study.failed", job.study_id, {"job_id": job.id, "code": code})
        return JobState.DEAD

    def _queue_again(self, job: Job, *, delay: float = 0.0, study_state: bool = True) -> JobState:
        sibling = self._queued(job.study_id)
        if sibling is not None:
            self._end(job.id, JobState.DONE, error_code=SUPERSEDED)
            self._set(sibling.id, attempts=max(sibling.attempts, job.attempts))
            self._send(sibling.id, sibling.urgent, sibling.request_id, delay)
            state = JobState.DONE
        else:
            self._set(job.id, state=JobState.QUEUED.value, lease_owner=None, lease_until=None)
            self._send(job.id, job.urgent, job.request_id, delay)
            state = JobState.QUEUED
        if study_state:
            self._set_study(job.study_id, StudyState.RECEIVED)
        return state

    def _wake_sibling(self, job: Job) -> None:
        """A further job that came while this one ran may have been sent in vain: send it again."""
        sibling = self._queued(job.study_id)
        if sibling is not None:
            self._send(sibling.id, sibling.urgent, sibling.request_id)

    def _send(self, job_id: str, urgent: bool, request_id: str, delay: float = 0.0) -> None:
        payload = {"job_id": job_id, "urgent": urgent, "request_id": request_id}
        self._outbox.add("analyse", payload, delay=delay, subject=job_id)
        self._set(job_id, sent_at=self._session.now() + timedelta(seconds=delay))

    def _end(self, job_id: str, state: JobState, **values: Any) -> None:
        """``lease_owner`` stays: it tells who ended the job."""
        self._set(
            job_id, state=state.value, lease_until=None, finished_at=self._session.now(), **values
        )

    def _set(self, job_id: str, **values: Any) -> None:
        change = update(tables.jobs).where(tables.jobs.c.id == job_id).values(**values)
        self._session.connection.execute(change)

    def _set_study(self, study_id: str, state: StudyState, error_code: str = "") -> None:
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(state=state.value, error_code=error_code))


def _job(row: RowMapping) -> Job:
    return Job(
        id=row["id"],
        study_id=row["study_id"],
        site=row["site"],
        study_uid=row["study_uid"],
        state=JobState(row["state"]),
        urgent=row["urgent"],
        attempts=row["attempts"],
        score=row["score"],
        created_at=row["created_at"],
        request_id=row["request_id"],
        lease_owner=row["lease_owner"],
        lease_until=row["lease_until"],
        error_code=row["error_code"],
        error_detail=row["error_detail"],
        finished_at=row["finished_at"],
    )
