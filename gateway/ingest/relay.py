"""Sends what is waiting in the outbox right after a commit, off the request's way.

Best effort: an answer never waits for the broker and never fails with it. What is missed here the
sweeper sends.
"""

from __future__ import annotations

import logging
import threading
import time

from services.domain.errors import FadaError
from services.index.port import Index
from services.queue.port import Analysis, Queue

_BATCH = 200
_APART = 0.25  # s between two rounds
_SHARE = 9.0  # a round that took long is followed by a pause of so many times that
_AGAIN = 2.0  # s until a row that could not be sent is due again
_log = logging.getLogger("gateway.ingest.relay")


class Relay:
    """One thread, started when it is first woken."""

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
                    self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
                    self._thread.start()
        self._woken.set()

    def close(self) -> None:
        """Send what is there, then end."""
        self._ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def flush(self, rounds: int | None = None) -> int:
        """Send what is due, all or in so many rounds; the number of messages sent."""
        sent = 0
        while rounds is None or rounds > 0:
            rounds = None if rounds is None else rounds - 1
            with self._index.begin() as tx:
                rows = tx.outbox.claim("analyse", _BATCH)
            if not rows:
                return sent
            try:
                self._queue.send_analyses([Analysis.of(row.payload) for row in rows])
            except FadaError as error:
                with self._index.begin() as tx:
                    for row in rows:
                        tx.outbox.retry(row.id, _AGAIN, error=error.code)
                return sent
            with self._index.begin() as tx:
                tx.outbox.done(*(row.id for row in rows))
            sent += len(rows)
        return sent

    def _run(self) -> None:
        while not self._ending:
            self._woken.wait()
            # The first is sent at once; in a storm many go together, out of the writers' way: the
            # sweeper, a process of its own, takes the rest.
            time.sleep(0 if self._ending else max(0.0, self._next - time.monotonic()))
            began = time.monotonic()
            self._woken.clear()
            try:
                if self.flush(rounds=1) >= _BATCH:
                    self._woken.set()  # there may be more
            except Exception as error:  # the thread must outlive the index's bad moments
                _log.warning("outbox not sent", extra={"error": type(error).__name__})
            now = time.monotonic()
            self._next = max(began + _APART, now + _SHARE * (now - began))
