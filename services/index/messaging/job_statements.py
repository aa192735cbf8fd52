"""Rows of jobs: how they are found, locked, changed and sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, exists, func, insert, select, update

from services.domain.errors import LeaseLost, NotFound
from services.domain.work import Work
from services.index.database import tables
from services.index.database.session import Session, new_id
from services.index.database.tables_messaging import outbox
from services.index.messaging.outbox import OutboxTable
from services.index.port import Job, JobState, StudyState
from services.telemetry import traces

_INSERT = insert(tables.jobs)
_JOB_QUERY = select(tables.jobs, tables.studies.c.study_uid).join(
    tables.studies, tables.studies.c.id == tables.jobs.c.study_id
)


class JobRows:
    """Looks up and writes; what may happen to a job is decided in ``JobsTable``."""

    def __init__(self, session: Session, outbox: OutboxTable) -> None:
        self._session = session
        self._outbox = outbox

    def get(self, site: str | None, job_id: str) -> Job:
        """Raises NotFound."""
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

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        """A new outbox row for each queued job that was sent more than ``older_than`` s ago and has none."""
        columns, now = tables.jobs.c, self._session.now()
        waiting = exists().where(outbox.c.subject == columns.id, outbox.c.topic == Work.ANALYSE)
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
            self.send(row.id, row.urgent, row.request_id)
        return len(rows)

    def depth(self) -> dict[str, int]:
        """State to count, of all sites."""
        query = select(tables.jobs.c.state, func.count()).group_by(tables.jobs.c.state)
        counts = {state.value: 0 for state in JobState}
        counts |= {row[0]: row[1] for row in self._session.connection.execute(query)}
        return counts

    def running(self, study_id: str) -> Job | None:
        """The study's leased job."""
        jobs = self.find(None, states=(JobState.LEASED,), study_id=study_id, limit=1)
        return jobs[0] if jobs else None

    def latest_of(self, study_id: str) -> str | None:
        """The id of the study's newest job."""
        jobs = self.find(None, study_id=study_id, limit=1)
        return jobs[0].id if jobs else None

    def locked(self, job_id: str, site: str | None = None) -> tuple[Job, RowMapping]:
        """The job, read after its study was locked."""
        study = self._session.lock_study(self.get(site, job_id).study_id)
        return self.get(site, job_id), study

    def held(self, job_id: str, owner: str) -> Job:
        """The job, its study locked. Raises LeaseLost when ``owner`` has it no longer."""
        job, _study = self.locked(job_id)
        if job.state is not JobState.LEASED or job.lease_owner != owner:
            raise LeaseLost
        return job

    def queued(self, study_id: str) -> Job | None:
        """The study's queued job; there is one at most."""
        jobs = self.find(None, states=(JobState.QUEUED,), study_id=study_id, limit=1)
        return jobs[0] if jobs else None

    def send(self, job_id: str, urgent: bool, request_id: str, delay: float = 0.0) -> None:
        """An outbox row that is due in ``delay`` s."""
        self._announce(job_id, urgent, request_id, delay)
        self.set(job_id, sent_at=self._session.now() + timedelta(seconds=delay))

    def _announce(self, job_id: str, urgent: bool, request_id: str, delay: float = 0.0) -> None:
        payload = {"job_id": job_id, "urgent": urgent, "request_id": request_id}
        payload |= traces.headers()  # so that the trace goes on where the row is sent
        self._outbox.add(Work.ANALYSE, payload, delay=delay, subject=job_id)

    def make(self, study_id: str, site: str, urgent: bool, score: float, request_id: str) -> str:
        """The id of a new queued job. The study is locked, or new, and has no other."""
        job_id, now = new_id(), self._session.now()
        values: dict[str, Any] = {
            "id": job_id,
            "study_id": study_id,
            "site": site,
            "state": JobState.QUEUED.value,
            "urgent": urgent,
            "attempts": 0,
            "score": score,
            "created_at": now,
            "sent_at": now,
            "request_id": request_id,
            "error_code": "",
            "error_detail": "",
        }
        self._session.connection.execute(_INSERT, values)
        self._announce(job_id, urgent, request_id)
        return job_id

    def end(self, job_id: str, state: JobState, **values: Any) -> None:
        """``lease_owner`` stays: it tells who ended the job."""
        self.set(
            job_id, state=state.value, lease_until=None, finished_at=self._session.now(), **values
        )

    def set(self, job_id: str, **values: Any) -> None:
        """Change columns of the job."""
        change = update(tables.jobs).where(tables.jobs.c.id == job_id).values(**values)
        self._session.connection.execute(change)

    def set_study(self, study_id: str, state: StudyState, error_code: str = "") -> None:
        """Change the study's state."""
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
