"""What the gateway does beyond plain code to keep up with a busy disk and the C library, and why.

Three measures, each kept because the ingest bench gains by it (docs/decisions/012 and 013):

- ``GroupCommit``: requests that wait for the disk at the same time share one index transaction.
- ``start_writeback``: the disk begins with a large body while the rest of it still arrives.
- ``keep_freed_memory``: glibc keeps the buffers of bodies instead of returning them to the system.

Nothing else in the gateway calls the C library or waits on purpose.
"""

from __future__ import annotations

import ctypes
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from services.domain.errors import IndexDeadlock, IndexUnavailable
from services.index.port import Index, Transaction

T = TypeVar("T")

WRITEBACK_BYTES = 1 << 19  # of a growing file, after which the disk is given work
COMMIT_DELAY = (
    0.003  # s that a commit waits for announced writes; a single request waits for nobody
)
COMMIT_WAIT = 40.0  # s that a write waits for the commits before it
ALONE_SECONDS = 15.0  # s for trying the writes of a failed transaction one by one
COMMIT_BATCH = 32  # writes in one transaction
DEADLOCK_PAUSE = 0.2  # s at most before a write that was alone in a deadlock is tried again

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_SYNC_FILE_RANGE_WRITE = 2  # fcntl.h
_LIBC = ctypes.CDLL(None)
_SYNC_FILE_RANGE = getattr(_LIBC, "sync_file_range", None)  # Linux only


def keep_freed_memory() -> None:
    """Raise malloc's thresholds (mallopt(3)); another C library keeps its own ways.

    Bodies come and go in chunks of 256 KiB. By default glibc returns each to the system, which then
    clears its 64 pages again for the next one.
    """
    mallopt = getattr(_LIBC, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 4 * 2**20)
        mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)


def start_writeback(file: int, offset: int, size: int) -> None:
    """Ask the disk to begin with ``size`` bytes from ``offset`` of the open ``file`` (descriptor).

    sync_file_range(2) with SYNC_FILE_RANGE_WRITE: starts, does not wait and promises nothing; the
    flush that makes the file durable has less left to do. A refusal changes nothing.
    """
    if _SYNC_FILE_RANGE is not None:
        _SYNC_FILE_RANGE(file, ctypes.c_int64(offset), ctypes.c_int64(size), _SYNC_FILE_RANGE_WRITE)


@dataclass(slots=True)
class _PendingWrite(Generic[T]):
    work: Callable[[Transaction], T]
    done: bool = False
    result: Any = None
    error: BaseException | None = field(default=None)


@dataclass(slots=True)
class AnnouncedWrite:
    """The write of a request that is still being prepared."""

    group: GroupCommit
    outstanding: bool = True

    def run(self, work: Callable[[Transaction], T]) -> T:
        """As ``GroupCommit.run``; may be called once."""
        self.outstanding = False
        return self.group.run(work, announced=True)


class GroupCommit:
    """Shares one index transaction between several requests. Thread-safe; has no thread of its own.

    A commit waits for the disk. While one does, the next writes queue up, and one of their threads
    then commits for all. It also waits a moment for writes that were announced (as PostgreSQL's
    commit_delay does). ``run`` returns only after its own rows are durable.
    """

    def __init__(
        self, index: Index, max_batch: int = COMMIT_BATCH, delay: float = COMMIT_DELAY
    ) -> None:
        self._index, self._max_batch, self._delay = index, max_batch, delay
        self._queue: list[_PendingWrite[Any]] = []
        self._announced = 0
        self._queue_lock, self._commit_lock = threading.Lock(), threading.Lock()
        self._all_queued = threading.Condition(self._queue_lock)

    @contextmanager
    def announce(self) -> Iterator[AnnouncedWrite]:
        """A request prepares its write inside the block; others wait for it, at most ``delay`` s."""
        write = AnnouncedWrite(self)
        with self._queue_lock:
            self._count_announced(1)
        try:
            yield write
        finally:
            if write.outstanding:
                with self._queue_lock:
                    self._count_announced(-1)

    def run(self, work: Callable[[Transaction], T], *, announced: bool = False) -> T:
        """The result of ``work(tx)`` after its commit. Raises what ``work`` or the commit raises.

        ``work`` may be called several times: when another write of the same transaction failed, each
        is committed alone, and after a deadlock once more. Two gateways that receive the same studies
        in different order meet there: each locks several studies and its site's last event.
        """
        write = _PendingWrite(work)
        with self._queue_lock:
            self._queue.append(write)
            self._count_announced(-1 if announced else 0)
        end = time.monotonic() + COMMIT_WAIT
        while not write.done:
            # Those before may wait for a database that has fallen silent, each for its time.
            if not self._commit_lock.acquire(timeout=max(end - time.monotonic(), 0.0)):
                self._withdraw(write)
                raise IndexUnavailable("The index is busy. Try again shortly.", retry_after=2.0)
            try:
                if not write.done:
                    self._commit(self._next_batch())
            finally:
                self._commit_lock.release()
        if write.error is not None:
            raise write.error
        result: T = write.result
        return result

    def _withdraw(self, write: _PendingWrite[Any]) -> None:
        """Nobody waits for it any more. One that is being committed is received again by a retry."""
        with self._queue_lock:
            self._queue = [one for one in self._queue if one is not write]

    def _count_announced(self, change: int) -> None:
        """The caller holds ``_queue_lock``."""
        self._announced += change
        if self._announced == 0:
            self._all_queued.notify()

    def _next_batch(self) -> list[_PendingWrite[Any]]:
        with self._queue_lock:
            if self._announced:
                self._all_queued.wait(self._delay)
            batch = self._queue[: self._max_batch]
            del self._queue[: self._max_batch]
            return batch

    def _commit(self, batch: list[_PendingWrite[Any]]) -> None:
        end = time.monotonic() + ALONE_SECONDS
        try:
            self._commit_together(batch)
        except BaseException as error:
            for write in batch:
                # Others wait for the commit lock: no write is tried for longer than ALONE_SECONDS.
                if time.monotonic() > end or (len(batch) == 1 and not _is_deadlock(error)):
                    write.error, write.done = error, True
                else:
                    self._commit_alone(write, end)

    def _commit_alone(self, write: _PendingWrite[Any], end: float) -> None:
        while not write.done:
            try:
                self._commit_together([write])
            except BaseException as error:
                if time.monotonic() > end or not _is_deadlock(error):
                    write.error, write.done = error, True
                else:
                    time.sleep(random.uniform(0, DEADLOCK_PAUSE))  # noqa: S311 - no secret

    def _commit_together(self, batch: list[_PendingWrite[Any]]) -> None:
        with self._index.begin() as tx:
            results = [write.work(tx) for write in batch]
        for write, result in zip(batch, results, strict=True):
            write.result, write.done = result, True


def _is_deadlock(error: BaseException) -> bool:
    return isinstance(error, IndexDeadlock)
