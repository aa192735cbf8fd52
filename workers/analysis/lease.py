"""A job held by this worker: renewed in the background, and lost honestly."""

from __future__ import annotations

import logging
import queue
import threading

from services.domain.errors import FadaError, LeaseLost
from services.index.port import Index, Job

_log = logging.getLogger("workers.analysis.lease")


class Lease:
    """Renews a third of the way to its end, and notes progress, both beside the work itself."""

    def __init__(self, index: Index, job: Job, owner: str, seconds: int) -> None:
        self._index, self._job, self._owner, self._seconds = index, job, owner, seconds
        self._progress: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self.lost = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def progress(self, phase: str, percent: int) -> None:
        """Tell pages how far the work is; never waits. ``phase`` is a code, not a sentence."""
        if not self.lost.is_set():
            self._progress.put((phase, percent))

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
        while True:
            try:
                step = self._progress.get(timeout=self._seconds / 3)
            except queue.Empty:
                self._renew()
                continue
            if step is None or self._ending.is_set():
                return
            self._renew(step)

    def _renew(self, step: tuple[str, int] | None = None) -> None:
        job = self._job
        try:
            with self._index.begin() as tx:
                tx.jobs.renew(job.id, self._owner, self._seconds)
                if step is not None:
                    payload = {"job_id": job.id, "phase": step[0], "percent": step[1]}
                    tx.events.add(job.site, "study.progress", job.study_id, payload)
        except LeaseLost:
            self.lost.set()
        except FadaError as error:  # the index is away: try again at the next turn
            _log.warning("lease not renewed", extra={"job_id": job.id, "code": error.code})
