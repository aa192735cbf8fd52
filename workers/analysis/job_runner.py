"""One attempt at a job: take the lease, analyse, finish; or say why not, in the index."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from celery.exceptions import SoftTimeLimitExceeded

from services.domain.errors import FadaError, InferenceBusy, LeaseLost
from services.domain.study import Principal, Role
from services.index.port import InstancesDiffer, Job, Transaction
from services.telemetry import metrics
from workers.analysis.lease import Lease
from workers.analysis.pipeline import Analysis, Reading, read, write
from workers.analysis.write_behind import Writer
from workers.resources import Ports

_log = logging.getLogger("workers.analysis.job_runner")
_BUSY_SECONDS = (2.0, 8.0)  # between these a busy model server is asked again


def attempt(job_id: str, ports: Ports, *, owner: str, writer: Writer | None = None) -> str:
    """Returns what became of it: done, skipped, busy, again, dead, lost; written later: writing.

    With a ``writer`` the result is written while this process reads the next study.

    Raises:
        IndexUnavailable: nothing could be noted; the job stays as it is and is sent again.
    """
    with ports.index.begin() as tx:
        job = tx.jobs.lease(job_id, owner, ports.settings.lease_seconds)
    if job is None:
        metrics.JOBS.labels("skipped").inc()
        return "skipped"
    return Attempt(job, ports, owner).run(writer)


class Attempt:
    """One leased job, from its lease to its end."""

    def __init__(self, job: Job, ports: Ports, owner: str) -> None:
        self._job, self._ports, self._owner = job, ports, owner
        self._started = time.perf_counter()
        self._lease = Lease(ports.index, job, owner, ports.settings.lease_seconds)

    def run(self, writer: Writer | None = None) -> str:
        self._lease.start()
        reading: Reading | None = None

        def look() -> str:
            nonlocal reading
            lease = self._lease
            reading = read(self._job, self._ports, tell=lease.progress, check=lease.check)
            return "writing"

        outcome = self._guarded(look)
        if reading is None:
            return self._ended(outcome)
        done = reading
        if writer is None:
            return self._write(done)
        return self._handed_over(writer, done)

    def _handed_over(self, writer: Writer, done: Reading) -> str:
        """Waiting for the result before counts as work on this job: it may take too long, too."""

        def hand_over() -> str:
            writer.submit(lambda: self._write(done))
            return "writing"

        outcome = self._guarded(hand_over)
        return outcome if outcome == "writing" else self._ended(outcome)

    def _write(self, done: Reading) -> str:
        def finish() -> str:
            analysis = write(done, self._ports)
            self._lease.check()
            self._lease.stop()
            _finish(self._job, self._ports, self._owner, analysis)
            return "done"

        return self._ended(self._guarded(finish))

    def _guarded(self, work: Callable[[], str]) -> str:
        """Every error has one outcome in the index."""
        try:
            return work()
        except LeaseLost:
            return "lost"
        except InferenceBusy as error:
            return _busy(self._job, self._ports, self._owner, error)
        except FadaError as error:
            return self._failed(error.code, error.detail, error.retryable)
        except SoftTimeLimitExceeded:
            return self._failed("too_slow", "The analysis took too long.", True)
        except Exception as error:
            # The traceback goes without the message: that could hold what the study says.
            _log.error("unforeseen error", extra={"job_id": self._job.id, "error": _where(error)})
            detail = f"An unforeseen {type(error).__name__} ended the analysis."
            return self._failed("internal", detail, True)

    def _failed(self, code: str, detail: str, retryable: bool) -> str:
        self._lease.stop()
        return _failed(self._job, self._ports, self._owner, code, detail, retryable)

    def _ended(self, outcome: str) -> str:
        self._lease.stop()
        seconds = time.perf_counter() - self._started
        metrics.JOBS.labels(outcome).inc()
        metrics.JOB_SECONDS.observe(seconds)
        told = {"job_id": self._job.id, "study_id": self._job.study_id, "outcome": outcome}
        told |= {"request_id": self._job.request_id}
        figures = {"attempt": self._job.attempts + 1, "seconds": round(seconds, 3)}
        _log.info("job", extra={**told, **figures})
        return outcome


def _finish(job: Job, ports: Ports, owner: str, analysis: Analysis) -> None:
    """Result, artefacts, events and what is to be sent, in one transaction."""
    with ports.index.begin() as tx:
        _receive(job, analysis, tx)
        tx.jobs.finish(
            job.id,
            owner,
            analysis.report,
            analysis.artefacts,
            score=analysis.triage.score,
            reasons=analysis.triage.reasons,
        )
    for phase, seconds in analysis.report.seconds.items():
        metrics.PHASE_SECONDS.labels(phase).observe(seconds)
    metrics.FRAMES.labels("read").inc(analysis.read)
    metrics.FRAMES.labels("reused").inc(analysis.reused)
    metrics.FRAMES.labels("skipped").inc(len(analysis.report.skipped))
    try:
        analysis.shelf.assure()
    except FadaError as error:
        # The result stands; an artefact that the sweeper took would be missing. It must be seen.
        _log.error("artefacts not assured", extra={"job_id": job.id, "code": error.code})


def _receive(job: Job, analysis: Analysis, tx: Transaction) -> None:
    """FADA's own objects become series of the study, so DICOMweb finds them beside the images."""
    worker = Principal("worker", job.site, Role.ADMIN)
    try:
        tx.studies.receive(
            worker, job.study_uid, {}, analysis.instances,
            source=analysis.source, urgent=False, request_id=job.request_id,
        )  # fmt: skip
    except InstancesDiffer:
        # An earlier try of this very job got this far; its objects say the same of the same frames.
        _log.warning("objects already there", extra={"job_id": job.id})


def _busy(job: Job, ports: Ports, owner: str, error: InferenceBusy) -> str:
    """Back-pressure is not the study's fault: no attempt is counted."""
    delay = (error.retry_after or 0.0) + random.uniform(*_BUSY_SECONDS)  # noqa: S311 - jitter
    try:
        with ports.index.begin() as tx:
            tx.jobs.release(job.id, owner, delay=delay)
    except LeaseLost:
        return "lost"
    return "busy"


def _failed(job: Job, ports: Ports, owner: str, code: str, detail: str, retryable: bool) -> str:
    try:
        with ports.index.begin() as tx:
            state = tx.jobs.fail(
                job.id, owner, code, detail,
                attempts=ports.settings.job_attempts, retryable=retryable,
            )  # fmt: skip
    except LeaseLost:
        return "lost"
    _log.warning("job failed", extra={"job_id": job.id, "code": code, "state": state.value})
    return "dead" if state.value == "dead" else "again"


def _where(error: BaseException) -> str:
    """Type, file and line of an error, and not its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} at {code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
