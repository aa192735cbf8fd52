"""Dispatches right after a commit, off the request's way.

Best effort: an answer never waits for the broker and never fails with it. What is missed here the
sweeper sends.
"""

from __future__ import annotations

import logging
import threading
import time

from services.domain.errors import BrokerUnavailable
from services.index.port import Index
from services.outbox.dispatcher import BATCH, dispatch
from services.queue.port import Queue

_APART = 0.25  # s between two rounds
_SHARE = 9.0  # a round that took long is followed by a pause of so many times that
_log = logging.getLogger("services.outbox.after_commit")


class AfterCommit:
    """One thread, started when it is first woken. Safe to share between threads."""

    def __init__(self, index: Index, queue: Queue) -> None:
        self._index, self._queue = index, queue
        self._woken = threading.Event()
        self._ending = False
        self._next = 0.0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Something was committed."""
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._ending:
                    self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
                    self._thread.start()
        self._woken.set()

    def close(self) -> None:
        """Send what is there, then end."""
        self._ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def flush(self) -> int:
        """Send all that is due; the number of messages sent. Returns early when the broker is away."""
        sent = 0
        try:
            while count := dispatch(self._index, self._queue):
                sent += count
        except BrokerUnavailable:
            pass  # the rows stay
        return sent

    def _run(self) -> None:
        while not self._ending:
            self._woken.wait()
            # The first is sent at once; in a storm many go together, out of the writers' way: the
            # sweeper, a process of its own, takes the rest.
            time.sleep(0 if self._ending else max(0.0, self._next - time.monotonic()))
            began = time.monotonic()
            self._woken.clear()
            self._round()
            now = time.monotonic()
            self._next = max(began + _APART, now + _SHARE * (now - began))

    def _round(self) -> None:
        try:
            if dispatch(self._index, self._queue) >= BATCH:
                self._woken.set()  # there may be more
        except BrokerUnavailable:
            pass  # the rows stay; the queue's own depth and the outbox's length show it
        except Exception as error:  # the thread must outlive the index's bad moments
            _log.warning("outbox not sent", extra={"error": type(error).__name__})
