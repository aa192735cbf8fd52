"""Sends the outbox: what was committed reaches the workers, whatever happened in between.

The one way from the index to the broker; what it may hold, and where that goes:
``services.domain.work``. The gateway dispatches after its commits (``AfterCommit``), the sweeper every
few seconds; several at once are harmless, since a claimed row is hidden from the others, and who gets a
message twice finds the work taken.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from services.domain.errors import BrokerUnavailable
from services.domain.work import Work
from services.index.port import Index, OutboxRow
from services.queue.port import Message, Queue
from services.telemetry import traces

BATCH = 200  # messages of one round; they go to the broker in one piece
_CLAIM_SECONDS = 30.0  # a dispatcher that dies leaves its rows to others after so long
_RETRY_SECONDS = 2.0  # until a row that could not be sent is due again
_APART = 0.25  # s between two rounds
_SHARE = 9.0  # a round that took long is followed by a pause of so many times that
_log = logging.getLogger("services.outbox")


def dispatch(index: Index, queue: Queue, *, limit: int = BATCH) -> int:
    """Send one round of what is due; the number of messages sent.

    Raises:
        IndexUnavailable: nothing can be known.
        BrokerUnavailable: the rows stay, all of them, and are due again in two seconds.
    """
    with index.begin() as tx:
        rows = tx.outbox.claim(None, limit, _CLAIM_SECONDS)
    if not rows:
        return 0
    try:
        queue.send([message(row) for row in rows])
    except BrokerUnavailable as error:
        _due_again(index, rows, error.code)
        raise
    with index.begin() as tx:
        tx.outbox.done(*(row.id for row in rows))
    return len(rows)


def message(row: OutboxRow) -> Message:
    """What a row asks for."""
    return Message(
        Work(row.topic),
        row.subject,
        urgent=bool(row.payload.get("urgent", False)),
        request_id=str(row.payload.get("request_id", "")),
        trace=traces.carried_in(row.payload),
    )


def _due_again(index: Index, rows: Sequence[OutboxRow], code: str) -> None:
    with index.begin() as tx:
        for row in rows:
            tx.outbox.retry(row.id, _RETRY_SECONDS, error=code)


class AfterCommit:
    """Dispatches right after a commit, off the request's way: an answer never waits for the broker.

    Best effort; what is missed here the sweeper sends. One thread, started when it is first woken.
    Safe to share between threads.
    """

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
