"""One job, from top to bottom: lease, load, infer, judge, write, commit.

No Celery in here. Whatever goes wrong has one outcome in the index, see ``LeasedJob``.
"""

from __future__ import annotations

import contextvars
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial

from services.domain.errors import FadaError, ModelCrashed
from services.domain.study import Principal, Role
from services.index.port import InstancesDiffer, Job, Transaction
from services.reading.contract import RawReading
from services.telemetry import logs, metrics, traces
from workers.analysis.clip_survey import Surveys
from workers.analysis.image_opener import ImageOpener
from workers.analysis.leased_job import LeasedJob, OutageBackoff
from workers.analysis.phase_timer import PhaseTimer
from workers.analysis.result_writer import WrittenResult, note_frames, write_result
from workers.analysis.study_loader import (
    FrameImage,
    LoadedStudy,
    complete_sources,
    frames_to_read,
    load_study,
)
from workers.analysis.study_reader import (
    CALL_SECONDS,
    BatchSize,
    JudgedFrames,
    JudgedStudy,
    batches,
    judge_frames,
    judged_study,
    read_batch,
)
from workers.resources import Resources

_log = logging.getLogger("workers.analysis.job_runner")
TURN_SECONDS = 10.0  # of a job that is not finished, before another that had its turn may go on


class OthersFirst(Exception):
    """The turn of a job ends; what it has read is noted."""


class JobRunner:
    """Runs jobs for one process. ``run`` is for one thread; results may be written by another."""

    def __init__(
        self,
        resources: Resources,
        *,
        owner: str,
        write_behind: WriteBehind | None = None,
        opener: ImageOpener | None = None,
    ) -> None:
        """``owner`` holds the leases: no two processes share one. ``opener``: else one of its own.

        With ``write_behind`` a result is written while ``run`` reads the next study.
        """
        self._resources, self._owner, self._write_behind = resources, owner, write_behind
        self._backoff = OutageBackoff()
        self._opener = opener or ImageOpener(resources.settings)
        self._size = BatchSize()
        self._surveys = Surveys()

    def run(self, named: str) -> str:
        """Run the job whose turn it is; the message for the one ``named`` says that some job waits.

        Returns:
            What became of it: done, turn (others come first), skipped, busy, again, dead, lost; written
            later: writing.

        Raises:
            IndexUnavailable: nothing could be noted; the job stays as it is and is sent again.
        """
        job = self._lease(named)
        if job is None:  # none waits, or others had them first
            metrics.JOBS.labels("skipped").inc()
            return "skipped"
        with (
            logs.bind(request_id=job.request_id, job_id=job.id),
            traces.continued(job.trace),
            traces.span("worker.analyse", job_id=job.id),
        ):
            return self._run(job)

    def _run(self, job: Job) -> str:
        leased = LeasedJob(job, self._resources, self._owner, self._backoff)
        write: Callable[[], None] | None = None
        with leased.ended_by_errors():
            timer = PhaseTimer()
            try:
                judged = self._read(leased, timer)
            except OthersFirst:
                judged = None
                self._give_way(leased)
            if judged is None:
                return leased.outcome
            write = partial(self._write, leased, judged, timer, time.perf_counter())
            if self._write_behind is not None:
                # Waiting for the result before belongs to this job's time: it may take too long, too.
                self._write_behind.submit(write)
                return "writing"
        if write is not None and not leased.outcome:
            write()
        return leased.outcome

    def close(self) -> None:
        """Wait until every result is written, and end the children that open images."""
        if self._write_behind is not None:
            self._write_behind.close()
        self._opener.close()

    def _lease(self, named: str) -> Job | None:
        settings = self._resources.settings
        with self._resources.index.begin() as tx:
            return tx.jobs.lease_next(
                named, self._owner, settings.lease_seconds, patience=settings.promote_seconds
            )

    def _read(self, leased: LeasedJob, timer: PhaseTimer) -> JudgedStudy | None:
        """Load, infer, judge, batch by batch. All but the last are noted; None: the job has ended."""
        began = time.monotonic()
        with timer.phase("load"):
            study = load_study(leased.job, self._resources)
        frames = frames_to_read(
            study, self._resources, self._opener,
            request_id=leased.job.request_id, surveys=self._surveys, check=leased.check,
            pause=partial(self._pause, leased, began),
        )  # fmt: skip
        with closing(frames):
            for batch, last in timer.timed("load", batches(frames, self._size)):
                leased.progress("infer", 20 + int(50 * study.share_read))
                judged = self._judge(leased, study, batch, timer)
                if last:
                    break
                self._behind(partial(self._note, leased, study, judged))
                if leased.outcome:
                    return None
                self._pause(leased, began)
        if study.noted.frames:  # else what is still being written is the study's before
            self._catch_up()
        if leased.outcome:
            return None
        leased.progress("store", 80)
        with timer.phase("load"):
            complete_sources(study, self._resources, self._opener, check=leased.check)
        return judged_study(study, judged)

    def _judge(
        self, leased: LeasedJob, study: LoadedStudy, batch: list[FrameImage], timer: PhaseTimer
    ) -> JudgedFrames:
        try:
            with timer.phase("infer"):
                read, answers = read_batch(
                    study, batch, self._resources.inference, self._size,
                    request_id=leased.job.request_id, check=leased.check,
                )  # fmt: skip
        except ModelCrashed as error:
            # The others of its study must not be lost with an image that crashes the model every time.
            if len(batch) > 1 or leased.job.attempts + 1 < self._resources.settings.job_attempts:
                self._size.took(1, CALL_SECONDS)  # next time alone
                raise
            study.failed(batch[0].source.instance, batch[0].where.frame, error)
            return JudgedFrames([], [])
        _add_server_seconds(timer, answers)
        leased.check()
        with timer.phase("judge"):
            return judge_frames(study, read, answers, self._resources.manifests)

    def _note(self, leased: LeasedJob, study: LoadedStudy, judged: JudgedFrames) -> None:
        """Objects first, then the rows that tell of them."""
        with leased.ended_by_errors():
            leased.note(note_frames(leased.job, study, judged, self._resources.store))
            metrics.FRAMES.labels("noted").inc(len(judged.judged))

    def _behind(self, work: Callable[[], None]) -> None:
        """While the next frames are read, where there is a thread for it."""
        if self._write_behind is not None:
            self._write_behind.submit(work)
        else:
            work()

    def _catch_up(self) -> None:
        if self._write_behind is not None:
            self._write_behind.wait()

    def _pause(self, leased: LeasedJob, began: float) -> None:
        """Raises LeaseLost, and OthersFirst when the job should give way."""
        leased.check()
        if self._is_awaited(leased, began):
            raise OthersFirst

    def _is_awaited(self, leased: LeasedJob, began: float) -> bool:
        """A long job lets new and urgent ones run first, and after a while any other."""
        lasted = time.monotonic() - began
        if lasted > self._resources.settings.job_soft_limit / 3:
            return True
        with self._resources.index.read() as tx:
            return tx.jobs.is_awaited(leased.job.id, patient=lasted < TURN_SECONDS)

    def _give_way(self, leased: LeasedJob) -> None:
        self._catch_up()
        if not leased.outcome:
            leased.give_way()

    def _write(
        self, leased: LeasedJob, judged: JudgedStudy, timer: PhaseTimer, judged_at: float
    ) -> None:
        """Objects first, then commit them in one transaction."""
        timer.seconds["wait"] = time.perf_counter() - judged_at
        with leased.ended_by_errors():
            result = write_result(
                leased.job, judged, self._resources.index, self._resources.store, timer
            )
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
        metrics.FRAMES.labels("read").inc(len(judged.last.judged))
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
        key = f"model_{name}"
        timer.seconds[key] = timer.seconds.get(key, 0.0) + float(value)


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
        self.wait()
        context = contextvars.copy_context()
        self._last = self._pool.submit(context.run, _logged, write)

    def wait(self) -> None:
        """Wait until what was submitted last is written."""
        if self._last is not None:
            self._last.result()

    def close(self) -> None:
        """Wait until all is written."""
        self._pool.shutdown(wait=True)


def _logged(write: Callable[[], object]) -> None:
    try:
        write()
    except FadaError as error:  # the index is away: the lease runs out, and the job comes again
        _log.error("result not noted", extra={"code": error.code})
