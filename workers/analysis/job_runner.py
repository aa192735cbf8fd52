"""One job, from top to bottom: lease, load, infer, judge, write, commit.

No Celery in here. Whatever goes wrong has one outcome in the index, see ``LeasedJob``.
"""

from __future__ import annotations

import contextvars
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from services.domain.errors import FadaError
from services.domain.study import Principal, Role
from services.index.port import InstancesDiffer, Job, Transaction
from services.reading.contract import RawReading
from services.telemetry import metrics
from workers.analysis.leased_job import LeasedJob, OutageBackoff, PhaseTimer
from workers.analysis.result_writer import WrittenResult, write_result
from workers.analysis.study_loader import load_study
from workers.analysis.study_reader import JudgedStudy, infer, judge_study
from workers.resources import Resources

_log = logging.getLogger("workers.analysis.job_runner")


class JobRunner:
    """Runs jobs for one process. ``run`` is for one thread; results may be written by another."""

    def __init__(
        self, resources: Resources, *, owner: str, write_behind: WriteBehind | None = None
    ) -> None:
        """``owner`` holds the leases: no two processes share one.

        With ``write_behind`` a result is written while ``run`` reads the next study.
        """
        self._resources, self._owner, self._write_behind = resources, owner, write_behind
        self._backoff = OutageBackoff()

    def run(self, job_id: str) -> str:
        """Run one job.

        Returns:
            What became of it: done, skipped, busy, again, dead, lost; written later: writing.

        Raises:
            IndexUnavailable: nothing could be noted; the job stays as it is and is sent again.
        """
        job = self._lease(job_id)
        if job is None:  # done, dead, or held by another
            metrics.JOBS.labels("skipped").inc()
            return "skipped"
        leased = LeasedJob(job, self._resources, self._owner, self._backoff)
        with leased.ended_by_errors():
            timer = PhaseTimer()
            judged = self._read(leased, timer)
            write = partial(self._write, leased, judged, timer, time.perf_counter())
            if self._write_behind is not None:
                # Waiting for the result before belongs to this job's time: it may take too long, too.
                self._write_behind.submit(write)
                return "writing"
        if not leased.outcome:
            write()
        return leased.outcome

    def close(self) -> None:
        """Wait until every result is written."""
        if self._write_behind is not None:
            self._write_behind.close()

    def _lease(self, job_id: str) -> Job | None:
        with self._resources.index.begin() as tx:
            return tx.jobs.lease(job_id, self._owner, self._resources.settings.lease_seconds)

    def _read(self, leased: LeasedJob, timer: PhaseTimer) -> JudgedStudy:
        """Load, infer, judge."""
        with timer.phase("load"):
            study = load_study(leased.job, self._resources, check=leased.check)
        leased.progress("infer", 20)
        with timer.phase("infer"):
            answers = infer(
                study.images, self._resources.inference,
                request_id=leased.job.request_id, check=leased.check,
            )  # fmt: skip
        _add_server_seconds(timer, answers)
        leased.check()
        leased.progress("judge", 70)
        with timer.phase("judge"):
            judged = judge_study(study, answers, self._resources.manifests)
        leased.progress("store", 80)
        return judged

    def _write(
        self, leased: LeasedJob, judged: JudgedStudy, timer: PhaseTimer, judged_at: float
    ) -> None:
        """Objects first, then commit them in one transaction."""
        timer.seconds["wait"] = time.perf_counter() - judged_at
        with leased.ended_by_errors():
            result = write_result(leased.job, judged, self._resources.store, timer)
            leased.done(partial(self._commit, leased.job, judged, result))

    def _commit(self, job: Job, judged: JudgedStudy, result: WrittenResult) -> None:
        """Result, artefacts, events and what is to be sent, in one transaction."""
        with self._resources.index.begin() as tx:
            _receive_objects(job, judged, result, tx)
            tx.jobs.finish(
                job.id, self._owner, result.report, result.artefacts,
                score=result.triage.score, reasons=result.triage.reasons,
            )  # fmt: skip
        for phase, seconds in result.report.seconds.items():
            metrics.PHASE_SECONDS.labels(phase).observe(seconds)
        metrics.FRAMES.labels("read").inc(len(judged.judged))
        metrics.FRAMES.labels("reused").inc(len(judged.kept))
        metrics.FRAMES.labels("skipped").inc(len(result.report.skipped))
        try:
            result.uploader.assure()
        except FadaError as error:
            # The result stands; an artefact that the sweeper took would be missing. It must be seen.
            _log.error("artefacts not assured", extra={"job_id": job.id, "code": error.code})


def _add_server_seconds(timer: PhaseTimer, answers: list[RawReading]) -> None:
    """The server's own phases stand beside ours; a batch has the same seconds for each image."""
    for name, value in answers[0].seconds.items() if answers else ():
        timer.seconds[f"model_{name}"] = float(value)


def _receive_objects(job: Job, judged: JudgedStudy, result: WrittenResult, tx: Transaction) -> None:
    """FADA's own objects become series of the study, so DICOMweb finds them beside the images."""
    worker = Principal("worker", job.site, Role.ADMIN)
    try:
        tx.studies.receive(
            worker, job.study_uid, {}, result.instances,
            source=judged.study.known.study.source, urgent=False, request_id=job.request_id,
        )  # fmt: skip
    except InstancesDiffer:
        # An earlier try of this very job got this far; its objects say the same of the same frames.
        _log.warning("objects already there", extra={"job_id": job.id})


class WriteBehind:
    """Writes one study's result while the next study is read: the model server need not wait for us.

    One thread, and never more than one result that waits: memory and leases stay bounded. The message
    of a job is acknowledged when its reading is done. Nothing hangs on that: the job's lease is kept
    until its result is written, and if this process dies before, the lease runs out and the sweeper
    queues the job again.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write-behind")
        self._last: Future[None] | None = None

    def submit(self, write: Callable[[], object]) -> None:
        """Wait until the result before is written, then begin with this one."""
        if self._last is not None:
            self._last.result()
        context = contextvars.copy_context()
        self._last = self._pool.submit(context.run, _logged, write)

    def close(self) -> None:
        """Wait until all is written."""
        self._pool.shutdown(wait=True)


def _logged(write: Callable[[], object]) -> None:
    try:
        write()
    except FadaError as error:  # the index is away: the lease runs out, and the job comes again
        _log.error("result not noted", extra={"code": error.code})
