"""Jobs: one queued job a study, leased by one worker, until its result is there.

A study is read when no image has come for a while, its quiet time: an examination that is sent image by image
is one job. The moment stands in the job's row (``due_at``), so nothing sleeps meanwhile and nothing is lost
with a process. An outbox row that is due at that moment sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, insert, update

from services.domain.errors import LeaseLost
from services.domain.report import Origin, Report
from services.domain.work import Work
from services.index.access.audit import AuditTable
from services.index.clinical.results import ResultsTable
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.messaging.events import EventsTable
from services.index.messaging.job_lookup import JobLookup
from services.index.messaging.outbox import OutboxTable
from services.index.messaging.progress import ProgressTable
from services.index.port import Artefact, Job, JobState, Result, StudyState
from services.telemetry import traces

SUPERSEDED = "superseded"
LONGEST_QUIET = (
    30  # quiet times after its first image a study is read, also when images go on coming
)
QuietSeconds = Callable[[str], float]  # of a site
_INSERT = insert(tables.jobs)


def at_once(_site: str) -> float:
    """No quiet time: each job is due when it is made."""
    return 0.0


class JobsTable(JobLookup):
    """The port's ``Jobs`` as long as nothing fails; ``JobRecovery`` has the rest."""

    def __init__(
        self,
        session: Session,
        outbox: OutboxTable,
        events: EventsTable,
        results: ResultsTable,
        audit: AuditTable,
        progress: ProgressTable,
        quiet: QuietSeconds = at_once,
    ) -> None:
        super().__init__(session)
        self._outbox = outbox
        self._events = events
        self._results = results
        self._audit = audit
        self._progress = progress
        self._quiet = quiet

    # --- a worker's view --------------------------------------------------------------------------
    def lease(self, job_id: str, owner: str, seconds: int) -> Job | None:
        """The job, now ``owner``'s for ``seconds``; None when it cannot be had. See the port."""
        job, study = self.locked(job_id)
        now = self._session.now()
        expired = job.state is JobState.LEASED and (job.lease_until or now) <= now
        if job.state is not JobState.QUEUED and not expired:
            return None
        if job.state is JobState.QUEUED and _seconds_until(job.due_at, now) > 0:
            self._send_when_due(job)
            return None
        others = [one for one in self.leased(job.study_id) if one.id != job_id]
        if any((one.lease_until or now) > now for one in others):
            return None
        for one in others:  # a worker that slept must not come back and write beside this one
            self.end(one.id, JobState.DONE, error_code=SUPERSEDED)
        attempts = job.attempts + (1 if expired else 0)
        self.set(
            job_id,
            state=JobState.LEASED.value,
            lease_owner=owner,
            lease_until=now + timedelta(seconds=seconds),
            attempts=max([attempts, *(one.attempts + 1 for one in others)]),
        )
        if job.turns == 0 or study["state"] != StudyState.ANALYSING:
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
        self._progress.clear(job.study_id)
        self._wake_sibling(job)
        return result

    # --- for the other tables of the index --------------------------------------------------------
    def queue(self, study_id: str, request_id: str) -> str:
        """The id of the study's queued job, made if there is none. The study is locked."""
        study = self._session.lock_study(study_id)
        queued = self.queued(study_id)
        if queued is None:
            return self.make(study_id, study["site"], study["urgent"], study["score"], request_id)
        if study["urgent"] and not queued.urgent:
            self.follow_urgency(study_id, True, study["score"])
        elif not queued.urgent:
            self._wait_for_more(queued)
        return queued.id

    def end_quiet_time(self, study_id: str) -> str | None:
        """All images are there: the queued job is due now. Its id, if there is one."""
        self._session.lock_study(study_id)
        queued = self.queued(study_id)
        if queued is None:
            return None
        if _seconds_until(queued.due_at, self._session.now()) > 0:
            self._start_now(queued, urgent=queued.urgent)
        return queued.id

    def follow_urgency(self, study_id: str, urgent: bool, score: float) -> None:
        """The queued job takes the study's urgency; if it became urgent it is sent once more."""
        queued = self.queued(study_id)
        if queued is None or queued.urgent == urgent:
            return
        self.set(queued.id, urgent=urgent, score=score)
        if urgent:
            self._start_now(queued, urgent=True)

    def make(self, study_id: str, site: str, urgent: bool, score: float, request_id: str) -> str:
        """The id of a new queued job. The study is locked, or new, and has no other."""
        job_id, now = new_id(), self._session.now()
        wait = 0.0 if urgent else self._quiet(site)
        due = now + timedelta(seconds=wait)
        values: dict[str, Any] = {
            "id": job_id,
            "study_id": study_id,
            "site": site,
            "state": JobState.QUEUED.value,
            "urgent": urgent,
            "attempts": 0,
            "turns": 0,
            "score": score,
            "created_at": now,
            "sent_at": due,
            "due_at": due,
            "available_at": due,
            "request_id": request_id,
            "trace": traces.headers() or None,
            "error_code": "",
            "error_detail": "",
        }
        self._session.connection.execute(_INSERT, values)
        self._announce(job_id, urgent, request_id, wait)
        return job_id

    def announce(self, job: Job, delay: float = 0.0) -> None:
        """An outbox row that is due in ``delay`` s; the job keeps its place."""
        self._announce(job.id, job.urgent, job.request_id, delay)
        self.set(job.id, sent_at=self._session.now() + timedelta(seconds=delay))

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

    # --- written ----------------------------------------------------------------------------------
    def send(self, job: Job, delay: float = 0.0) -> None:
        """An outbox row that is due in ``delay`` s, and not before the job's quiet time is over.

        Its place is behind those of its site that wait then; its trace goes on where it is sent.
        """
        now = self._session.now()
        delay = max(delay, _seconds_until(job.due_at, now))
        self.announce(job, delay)
        trace = traces.headers() or dict(job.trace) or None
        self.set(job.id, available_at=now + timedelta(seconds=delay), trace=trace)

    def _start_now(self, job: Job, *, urgent: bool) -> None:
        """End the quiet time: what waited for its end is not needed any more."""
        self._outbox.drop(Work.ANALYSE, job.id)
        self.set(job.id, due_at=self._session.now())
        self.send(replace(job, urgent=urgent, due_at=None))

    def _wait_for_more(self, job: Job) -> None:
        """Another image came: the quiet time begins anew.

        An outbox row that is not due yet stays as it is: who comes too early finds the job not due and
        sends it again. A message that was sent may by now have begun another job: there will be another.
        """
        now, quiet = self._session.now(), timedelta(seconds=self._quiet(job.site))
        due = min(now + quiet, job.created_at + LONGEST_QUIET * quiet)
        self.set(job.id, due_at=due)
        if due > now and _seconds_until(job.available_at, now) == 0:
            self._send_when_due(replace(job, due_at=due))

    def _send_when_due(self, job: Job) -> None:
        """Its message came too early, since further images came meanwhile.

        A row that is on its way to the broker now would be removed as sent: it is replaced.
        """
        self._outbox.drop(Work.ANALYSE, job.id)
        self.send(job)

    def _announce(self, job_id: str, urgent: bool, request_id: str, delay: float = 0.0) -> None:
        payload = {"job_id": job_id, "urgent": urgent, "request_id": request_id}
        self._outbox.add(Work.ANALYSE, payload, delay=delay, subject=job_id)

    def _wake_sibling(self, job: Job) -> None:
        """A further job that came while this one ran may have been sent in vain: send it again."""
        sibling = self.queued(job.study_id)
        if sibling is not None:
            self.send(sibling)

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


def _seconds_until(due: datetime | None, now: datetime) -> float:
    """0 when it is over, or was never set."""
    return max((due - now).total_seconds(), 0.0) if due is not None else 0.0
