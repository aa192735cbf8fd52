"""Jobs that did not end with a result: given back, failed, lost, dead, and run again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import exists, or_, select, update

from services.domain.errors import Conflict
from services.domain.study import Principal
from services.domain.work import Work
from services.index.database import tables
from services.index.database.tables.messaging import outbox
from services.index.messaging.clock_jumps import bound_moments
from services.index.messaging.jobs import SUPERSEDED, JobsTable
from services.index.port import Job, JobState, ReadFrame, StudyState

WORKER_LOST = "worker_lost"
_FIRST_DELAY, _LONGEST_DELAY = 5.0, 300.0  # s before a failed job runs again
_DETAIL_LENGTH = 500


class JobRecovery(JobsTable):
    """The port's ``Jobs``: bounded attempts and the dead letter; ``JobTurns`` says whose turn it is."""

    # --- a worker's view --------------------------------------------------------------------------
    def release(self, job_id: str, owner: str, *, delay: float = 0.0) -> None:
        """Back into the queue without counting an attempt. Raises LeaseLost."""
        job = self.held(job_id, owner)
        self._queue_again(job, delay=delay)

    def note(self, job_id: str, owner: str, seconds: int, frames: Sequence[ReadFrame]) -> None:
        """What was read by now; the lease goes on for ``seconds``. Raises LeaseLost."""
        job = self.held(job_id, owner)
        self._progress.add(job.site, job.study_id, frames)
        until = self._session.now() + timedelta(seconds=seconds)
        self.set(job_id, attempts=0, lease_until=until)

    def is_awaited(self, job_id: str, *, patient: bool) -> bool:
        """Whether this running job should let others run; see the port."""
        columns, now, job = tables.jobs.c, self._session.now(), self.get(None, job_id)
        query = select(columns.id).where(
            columns.state == JobState.QUEUED.value,
            columns.sent_at <= now,
            columns.study_id != job.study_id,
            or_(columns.due_at.is_(None), columns.due_at <= now),
        )
        if job.urgent:
            query = query.where(columns.urgent.is_(True))
        if patient:
            query = query.where(or_(columns.turns == 0, columns.urgent.is_(not job.urgent)))
        return self._session.connection.execute(query.limit(1)).first() is not None

    def give_way(self, job_id: str, owner: str, *, delay: float) -> None:
        """Back into the queue after a turn; the study is still being read. Raises LeaseLost."""
        job = self.held(job_id, owner)
        self.set(job_id, turns=job.turns + 1)
        superseded = self.queued(job.study_id) is not None
        self._outbox.drop(Work.ANALYSE, job_id)  # one message for each turn
        self._queue_again(job, delay=delay, study_state=superseded)

    def fail(
        self, job_id: str, owner: str, code: str, detail: str, *, attempts: int, retryable: bool
    ) -> JobState:
        """Count an attempt: queued again, or dead. Raises LeaseLost."""
        job = self.held(job_id, owner)
        return self._failed(job, code, detail, attempts=attempts, retryable=retryable)

    # --- people's and the sweeper's view ----------------------------------------------------------
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

    def extend_after_outage(self, away: float, seconds: int) -> set[tuple[str, str]]:
        """Leases that could not be renewed for ``away`` seconds; see the port."""
        columns, now = tables.jobs.c, self._session.now()
        until = now + timedelta(seconds=seconds)
        change = update(tables.jobs).where(
            columns.state == JobState.LEASED.value,
            columns.lease_until >= now - timedelta(seconds=away),
            columns.lease_until < until,
        )
        extended = change.values(lease_until=until).returning(columns.id, columns.lease_owner)
        return {(row.id, row.lease_owner) for row in self._session.connection.execute(extended)}

    def requeue_expired(
        self,
        limit: int = 100,
        *,
        attempts: int = 3,
        uncounted: Collection[tuple[str, str | None]] = (),
    ) -> int:
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
                if (job.id, job.lease_owner) in uncounted:
                    self._queue_again(job)
                else:
                    self._failed(job, WORKER_LOST, detail, attempts=attempts, retryable=True)
                count += 1
        return count

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        """A new outbox row for each queued job that was sent more than ``older_than`` s ago and has none.

        They keep their places: nobody's study waits longer because its message was lost.
        """
        columns, now = tables.jobs.c, self._session.now()
        waiting = exists().where(outbox.c.subject == columns.id, outbox.c.topic == Work.ANALYSE)
        query = (
            select(columns.id)
            .where(
                columns.state == JobState.QUEUED.value,
                columns.sent_at <= now - timedelta(seconds=older_than),
                ~waiting,
            )
            .order_by(columns.score.desc(), columns.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(self._session.connection.execute(query).scalars())
        for job_id in ids:
            self.announce(self.get(None, job_id))
        return len(ids)

    def bound_moments(self, lease_seconds: int, quiet_seconds: float) -> int:
        """Leases and messages that a clock which was ahead has left behind; see the port."""
        return bound_moments(self._session, lease_seconds, quiet_seconds)

    # --- inside -----------------------------------------------------------------------------------
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
            self.send(sibling, delay)
            state = JobState.DONE
        else:
            self.set(job.id, state=JobState.QUEUED.value, lease_owner=None, lease_until=None)
            self.send(job, delay)
            state = JobState.QUEUED
        if study_state:
            self.set_study(job.study_id, StudyState.RECEIVED)
        return state
