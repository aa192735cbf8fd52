"""Jobs looked up: by id, by study, by state."""

from __future__ import annotations

from sqlalchemy import RowMapping, func, select

from services.domain.errors import NotFound
from services.index.database import tables
from services.index.database.connection import Session
from services.index.port import Job, JobState

_JOB_QUERY = select(tables.jobs, tables.studies.c.study_uid).join(
    tables.studies, tables.studies.c.id == tables.jobs.c.study_id
)


class JobLookup:
    """What the port's ``Jobs`` answers without changing anything."""

    def __init__(self, session: Session) -> None:
        self._session = session

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

    def depth(self) -> dict[str, int]:
        """State to count, of all sites."""
        query = select(tables.jobs.c.state, func.count()).group_by(tables.jobs.c.state)
        counts = {state.value: 0 for state in JobState}
        counts |= {row[0]: row[1] for row in self._session.connection.execute(query)}
        return counts

    def leased(self, study_id: str) -> list[Job]:
        """The study's leased jobs: one, and such as their workers left behind."""
        return self.find(None, states=(JobState.LEASED,), study_id=study_id)

    def running(self, study_id: str) -> Job | None:
        """The study's newest leased job."""
        jobs = self.leased(study_id)
        return jobs[0] if jobs else None

    def queued(self, study_id: str) -> Job | None:
        """The study's queued job; there is one at most."""
        jobs = self.find(None, states=(JobState.QUEUED,), study_id=study_id, limit=1)
        return jobs[0] if jobs else None

    def latest_of(self, study_id: str) -> str | None:
        """The id of the study's newest job."""
        jobs = self.find(None, study_id=study_id, limit=1)
        return jobs[0].id if jobs else None


def _job(row: RowMapping) -> Job:
    return Job(
        id=row["id"],
        study_id=row["study_id"],
        site=row["site"],
        study_uid=row["study_uid"],
        state=JobState(row["state"]),
        urgent=row["urgent"],
        attempts=row["attempts"],
        turns=row["turns"],
        score=row["score"],
        created_at=row["created_at"],
        request_id=row["request_id"],
        lease_owner=row["lease_owner"],
        lease_until=row["lease_until"],
        error_code=row["error_code"],
        error_detail=row["error_detail"],
        finished_at=row["finished_at"],
        due_at=row["due_at"],
        available_at=row["available_at"],
        trace=row["trace"] or {},
    )
