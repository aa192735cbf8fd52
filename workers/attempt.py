"""One attempt at a job: take the lease, analyse, finish; or say why not, in the index."""

from __future__ import annotations

import logging
import random
import time

from celery.exceptions import SoftTimeLimitExceeded

from services.domain.errors import FadaError, InferenceBusy, LeaseLost
from services.domain.study import Principal, Role
from services.index.port import InstancesDiffer, Job, Transaction
from services.telemetry import metrics
from workers.lease import Lease
from workers.pipeline import Analysis, analyse
from workers.ports import Ports

_log = logging.getLogger("workers.attempt")
_BUSY_SECONDS = (2.0, 8.0)  # between these a busy model server is asked again


def attempt(job_id: str, ports: Ports, *, owner: str) -> str:
    """Returns what became of it: done, skipped, busy, again, dead or lost.

    Raises:
        IndexUnavailable: nothing could be noted; the job stays as it is and is sent again.
    """
    settings = ports.settings
    with ports.index.begin() as tx:
        job = tx.jobs.lease(job_id, owner, settings.lease_seconds)
    if job is None:
        metrics.JOBS.labels("skipped").inc()
        return "skipped"
    started = time.perf_counter()
    outcome = _held(job, ports, owner)
    seconds = time.perf_counter() - started
    metrics.JOBS.labels(outcome).inc()
    metrics.JOB_SECONDS.observe(seconds)
    _log.info(
        "job",
        extra={
            "job_id": job.id,
            "study_id": job.study_id,
            "request_id": job.request_id,
            "outcome": outcome,
            "attempt": job.attempts + 1,
            "seconds": round(seconds, 3),
        },
    )
    return outcome


def _held(job: Job, ports: Ports, owner: str) -> str:
    try:
        with Lease(ports.index, job, owner, ports.settings.lease_seconds) as lease:
            analysis = analyse(job, ports, tell=lease.progress, check=lease.check)
            lease.check()
        _finish(job, ports, owner, analysis)
        return "done"
    except LeaseLost:
        return "lost"
    except InferenceBusy as error:
        return _busy(job, ports, owner, error)
    except FadaError as error:
        return _failed(job, ports, owner, error.code, error.detail, error.retryable)
    except SoftTimeLimitExceeded:
        return _failed(job, ports, owner, "too_slow", "The analysis took too long.", True)
    except Exception as error:
        # The traceback goes without the message: that could hold what the study says.
        _log.error("unforeseen error", extra={"job_id": job.id, "error": _where(error)})
        detail = f"An unforeseen {type(error).__name__} ended the analysis."
        return _failed(job, ports, owner, "internal", detail, True)


def _finish(job: Job, ports: Ports, owner: str, analysis: Analysis) -> None:
    """Result, artefacts, events and what is to be sent, in one transaction."""
    with ports.index.begin() as tx:
        _receive(job, analysis, tx)
        tx.jobs.finish(
            job.id,
            owner,
            analysis.report,
            analysis.artefacts,
            score=analysis.need.score,
            reasons=analysis.need.reasons,
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
            door=analysis.door, urgent=False, request_id=job.request_id,
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
