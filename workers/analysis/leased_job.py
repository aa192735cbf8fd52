"""A leased job: its lease, the seconds of its phases, and its one end, always noted in the index."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded

from services.domain.errors import (
    FadaError,
    IndexUnavailable,
    InferenceBusy,
    LeaseLost,
    ModelCrashed,
    Unavailable,
)
from services.index.port import Index, Job, ReadFrame
from services.telemetry import metrics
from workers.resources import Resources

_log = logging.getLogger("workers.analysis.leased_job")
_INDEX_PAUSE = 1.0  # s between tries to note an end while the index is away
_FIRST, _LONGEST = 2.0, 30.0  # s, before jitter
_JITTER = (0.5, 1.5)
_BUSY = (2.0, 8.0)  # s, beside what a full queue asks for itself


class Lease:
    """A job held by this worker, and lost honestly.

    Renews a third of the way to its end, and notes progress, both beside the work itself. Work that
    hangs loses it: without progress it is not renewed for longer than ``most`` seconds.
    """

    def __init__(
        self, index: Index, job: Job, owner: str, seconds: int, most: float = 600.0
    ) -> None:
        self._index, self._job, self._owner, self._seconds = index, job, owner, seconds
        self._most, self._moved, self._shown = most, time.monotonic(), -1
        self._progress: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self.lost = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def progress(self, phase: str, percent: int) -> None:
        """Tell pages how far the work is; never waits. ``phase`` is a code, not a sentence.

        The same percentage is told once.
        """
        if not self.lost.is_set() and percent != self._shown:
            self._shown = percent
            self._progress.put((phase, percent))

    def went_on(self) -> None:
        """Something was done: the work does not hang."""
        self._moved = time.monotonic()

    def check(self) -> None:
        """Raises LeaseLost when another worker has the job by now."""
        if self.lost.is_set():
            raise LeaseLost

    def stop(self) -> None:
        """End the renewing; progress that was not noted yet stays unnoted. A second time does nothing."""
        self._ending.set()
        self._progress.put(None)
        self._thread.join()

    def _keep(self) -> None:
        regular = pause = self._seconds / 3
        while True:
            try:
                step = self._progress.get(timeout=pause)
            except queue.Empty:
                noted = self._renew()
            else:
                if step is None or self._ending.is_set():
                    return
                noted = self._renew(step)
            # The lease may run out while the index is away: renewed as soon as it answers again.
            pause = regular if noted else min(regular, _INDEX_PAUSE)

    def _renew(self, step: tuple[str, int] | None = None) -> bool:
        """False: the index is away."""
        job = self._job
        if time.monotonic() - self._moved > self._most:
            _log.error("job hangs", extra={"job_id": job.id})
            self.lost.set()
            return True
        try:
            with self._index.begin() as tx:
                tx.jobs.renew(job.id, self._owner, self._seconds)
                if step is not None:
                    payload = {"job_id": job.id, "phase": step[0], "percent": step[1]}
                    tx.events.add(job.site, "study.progress", job.study_id, payload)
        except LeaseLost:
            self.lost.set()
        except FadaError as error:  # the index is away: try again soon
            _log.warning("lease not renewed", extra={"job_id": job.id, "code": error.code})
            return False
        return True


class OutageBackoff:
    """Grows with the outages that this process met in a row, since it is the part that is ill and not
    one study: however many jobs wait, a part that is away is asked ever less often. The first result
    ends it. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outages = 0

    def delay(self, error: Unavailable) -> float:
        """Seconds until the job is sent again: growing, spread, and at least what ``error`` asks for.

        A full queue (InferenceBusy) is no outage: its server works, and the pause does not grow.
        """
        asked = error.retry_after or 0.0
        if isinstance(error, InferenceBusy):
            return asked + random.uniform(*_BUSY)  # noqa: S311 - spreads load
        with self._lock:
            grown = min(_FIRST * 2.0 ** min(self._outages, 10), _LONGEST)
            self._outages += 1
        return max(asked, grown * random.uniform(*_JITTER))  # noqa: S311 - spreads load

    def reset(self) -> None:
        """A job was done: all parts are there."""
        with self._lock:
            self._outages = 0


class LeasedJob:
    """From its lease to its end. ``outcome`` is empty until then: done, turn, busy, again, dead or lost.

    An outage of a part gives the job back and counts no attempt, however long it lasts. What the
    study itself brought about (its images, the model's answer, a model that crashed on it) counts.
    """

    def __init__(self, job: Job, resources: Resources, owner: str, backoff: OutageBackoff) -> None:
        """Begin to renew the lease that ``owner`` holds."""
        self.job, self.owner, self.outcome = job, owner, ""
        self._index, self._settings = resources.index, resources.settings
        self._backoff = backoff
        self._started = time.perf_counter()
        settings = self._settings
        self._lease = Lease(
            self._index, job, owner, settings.lease_seconds, settings.job_hard_limit
        )
        self._lease.start()

    def progress(self, phase: str, percent: int) -> None:
        """Tell the pages how far the work is; never waits."""
        self._lease.progress(phase, percent)

    def check(self) -> None:
        """Raises LeaseLost when another worker has the job by now."""
        self._lease.check()

    def note(self, frames: Sequence[ReadFrame]) -> None:
        """What was read by now. Raises LeaseLost, IndexUnavailable."""
        self._lease.check()
        with self._index.begin() as tx:
            tx.jobs.note(self.job.id, self.owner, self._settings.lease_seconds, frames)
        self._lease.went_on()

    def give_way(self) -> None:
        """End this turn; the job is not finished. Raises LeaseLost, IndexUnavailable."""
        self._lease.stop()
        with self._index.begin() as tx:
            tx.jobs.give_way(self.job.id, self.owner, delay=0.0)
        self._end("turn")

    @contextmanager
    def ended_by_errors(self) -> Iterator[None]:
        """Every error within ends the job, and has one outcome in the index.

        Raises:
            IndexUnavailable: nothing could be noted; the lease runs out and the job comes again.
        """
        try:
            yield
        except Exception as error:
            self._lease.stop()
            self._end(self._noted(error))

    def done(self, commit: Callable[[], None]) -> None:
        """Commit the result and end. Raises LeaseLost, and what ``commit`` raises."""
        self._lease.check()
        self._lease.stop()
        commit()
        self._backoff.reset()
        self._end("done")

    def _end(self, outcome: str) -> None:
        self.outcome = outcome
        seconds = time.perf_counter() - self._started
        metrics.JOBS.labels(outcome).inc()
        metrics.JOB_SECONDS.observe(seconds)
        job = self.job
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

    def _noted(self, error: Exception) -> str:
        if isinstance(error, LeaseLost):
            return "lost"
        if isinstance(error, Unavailable) and not isinstance(error, ModelCrashed):
            return self._given_back(error)
        if isinstance(error, FadaError):
            return self._failed(error.code, error.detail, error.retryable)
        if isinstance(error, SoftTimeLimitExceeded):
            return self._failed("too_slow", "The analysis took too long.", True)
        # The traceback goes without the message: that could hold what the study says.
        _log.error("unforeseen error", extra={"job_id": self.job.id, "error": _where(error)})
        detail = f"An unforeseen {type(error).__name__} ended the analysis."
        return self._failed("internal", detail, True)

    def _given_back(self, error: Unavailable) -> str:
        delay = self._backoff.delay(error)
        _log.warning("job given back", extra={"job_id": self.job.id, "code": error.code})
        until = time.monotonic() + self._settings.lease_seconds
        while True:
            try:
                with self._index.begin() as tx:
                    tx.jobs.release(self.job.id, self.owner, delay=delay)
            except LeaseLost:
                return "lost"
            except IndexUnavailable:
                # Not noted, the job would wait until its lease runs out.
                if time.monotonic() > until:
                    raise
                time.sleep(_INDEX_PAUSE)
            else:
                return "busy"

    def _failed(self, code: str, detail: str, retryable: bool) -> str:
        try:
            with self._index.begin() as tx:
                state = tx.jobs.fail(
                    self.job.id, self.owner, code, detail,
                    attempts=self._settings.job_attempts, retryable=retryable,
                )  # fmt: skip
        except LeaseLost:
            return "lost"
        extra = {"job_id": self.job.id, "code": code, "state": state.value}
        _log.warning("job failed", extra=extra)
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
