"""Room in the spool: one bound for each sender and each site over all doors, and a reserve of the disk.

What a request brings counts from its announcement until the files that were made of it are gone; a resumable
upload counts with its whole length until it is complete. What is unfinished and idle gives way, the oldest
first, whichever door needs the room: its sender still has the file, and is told to start again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from gateway.ingest.spool import Spool
from gateway.ingest.spool_holds import SpoolHolds
from services.domain.errors import RateLimited, StoreUnavailable, TooLarge
from services.domain.study import Principal
from services.index.port import Index, Transaction, Upload
from services.settings import Settings

IDLE_SECONDS = 600.0  # without a byte; one that goes on is never taken away
_UNCHECKED = 16 * 2**20  # bytes of a sender in one process: for so few nobody else is asked
_FRESH_SECONDS, _MOST_SENDERS = 1.0, 10_000
# Resumable uploads of a sender: each counts with its share of the sender's room at least.
_MOST_UNFINISHED = 4096
_STEP = 2**20  # bytes by which the room of a request grows that has not said its length


class QuotaExceeded(RateLimited):
    """Too much that is not finished."""

    code, title = "quota_exceeded", "Too many bytes of unfinished uploads"


class UnfinishedFiles(Protocol):
    """The bytes of resumable uploads, by the uploads' ids."""

    def touched(self, upload_id: str) -> float:
        """When bytes came last, Unix seconds; 0 when the file is gone."""
        ...

    def remove(self, upload_id: str) -> None:
        """Forget the bytes."""
        ...


class Holding:
    """The room of one request; thread-safe. It has at least what was announced, and what has come."""

    def __init__(self, room: SpoolRoom, who: Principal, *, completes: bool = False) -> None:
        """``completes``: the request ends a resumable upload, whose own room becomes free by that."""
        self._room, self._who, self._completes = room, who, completes
        self._lock = threading.Lock()
        self._used = self._taken = 0

    async def announce(self, request: Request) -> None:
        """Take the room that the request says it needs. Raises as ``grow``."""
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit():
            await self._apart(self._take, int(declared))

    async def arrived(self, count: int) -> None:
        """As ``grow``, for the event loop."""
        await self._apart(self.grow, count)

    def grow(self, count: int) -> None:
        """So many bytes more are written to the spool. Blocking.

        Raises:
            QuotaExceeded: the sender, or its site, has too much that is unfinished and not idle.
            TooLarge: one request alone has more than a sender may have.
            StoreUnavailable: the disk is nearly full.
        """
        with self._lock:
            self._used += count
            lacking = self._used - self._taken
        if lacking > 0:
            self._take(max(lacking, self._room.step))

    def shrink(self, count: int) -> None:
        """So many bytes are gone from the spool."""
        with self._lock:
            self._used -= count
            self._taken -= count
        self._room.give_back(self._who, count)

    def close(self) -> None:
        """All are gone; it may be used again."""
        with self._lock:
            taken, self._used, self._taken = self._taken, 0, 0
        if taken:
            self._room.give_back(self._who, taken)

    def _take(self, count: int) -> None:
        whole = self._taken + count
        self._room.check_size(whole)
        self._room.take(self._who, count, whole if self._completes else 0)
        with self._lock:
            self._taken += count

    async def _apart(self, work: Callable[[int], None], count: int) -> None:
        """In a thread of its own, unless it is quick."""
        if self._room.is_unchecked(self._who, count):
            work(count)
        else:
            await run_in_threadpool(work, count)


class SpoolRoom:
    """Of one process; thread-safe."""

    def __init__(
        self, index: Index, spool: Spool, settings: Settings, unfinished: UnfinishedFiles
    ) -> None:
        self._index, self._spool, self._unfinished = index, spool, unfinished
        self._sender_bytes = settings.upload_device_bytes
        self._least = self._sender_bytes // _MOST_UNFINISHED
        self._site_bytes = settings.upload_site_bytes
        self._unchecked = min(_UNCHECKED, self._sender_bytes // 64)
        self.step = min(_STEP, self._unchecked)
        self._holds = SpoolHolds(spool.folder, self._unchecked)
        self._passed: dict[tuple[str, str], tuple[float, int]] = {}  # until when, with how much

    @contextmanager
    def holding(self, who: Principal, *, completes: bool = False) -> Iterator[Holding]:
        """The room of one request, given back at its end. The parameters as of ``Holding``."""
        holding = Holding(self, who, completes=completes)
        try:
            yield holding
        finally:
            holding.close()

    def is_unchecked(self, who: Principal, count: int) -> bool:
        """Whether ``count`` bytes more of the sender are so few that they are taken without a question."""
        return self._holds.own(who) + count < self._unchecked

    def is_held(self, who: Principal) -> bool:
        """Whether the sender has requests under way in this process."""
        return self._holds.own(who) > 0

    def take(self, who: Principal, count: int, completing: int = 0) -> None:
        """Room for ``count`` bytes of a request. Blocking. Raises as ``Holding.grow``.

        ``completing``: all that the request has then, where it completes a resumable upload. The only one
        of its sender has no bound but its own: two that wait for each other's room would wait for ever.
        """
        own = self._holds.change(who, count)
        try:
            if self._spool.room() < count:
                with self._index.begin() as tx:
                    self._fit_disk(tx, count)
            if own >= self._unchecked and not self._has_passed(who, own):
                self._check(who, completing)
                self._passed[who.site, who.subject] = time.monotonic() + _FRESH_SECONDS, own
        except BaseException:
            self._holds.change(who, -count)
            raise

    def check_size(self, count: int) -> None:
        """Raises TooLarge: so much of one request is never taken, however long its sender waits."""
        if count > self._sender_bytes:
            raise TooLarge(f"One request may have {self._sender_bytes} bytes of the hub's spool.")

    def give_back(self, who: Principal, count: int) -> None:
        """Room for so many bytes is free."""
        own = self._holds.change(who, -count)
        if passed := self._passed.get((who.site, who.subject)):
            self._passed[who.site, who.subject] = passed[0], own

    def make_room(self, tx: Transaction, who: Principal, length: int) -> None:
        """Before a resumable upload of ``length`` bytes is created, in the same transaction.

        Raises as ``Holding.grow``.
        """
        self.check_size(length)
        self._fit(tx, who, max(length, self._least))
        self._fit_disk(tx, length)

    def close(self) -> None:
        """Nothing is held any more."""
        self._holds.close()

    def _has_passed(self, who: Principal, own: int) -> bool:
        """Whether little has come since the sender had room a moment ago."""
        until, before = self._passed.get((who.site, who.subject), (0.0, 0))
        return time.monotonic() < until and own <= before + self._unchecked

    def _check(self, who: Principal, completing: int) -> None:
        if completing and self._holds.held(who).sender <= completing:
            return
        with self._index.read() as tx:
            lacks = any(over > 0 for _, over, _, _ in self._over(tx, who, 0))
        if lacks:
            with self._index.begin() as tx:
                self._fit(tx, who, 0)
        if len(self._passed) > _MOST_SENDERS:
            self._passed.clear()

    def _over(
        self, tx: Transaction, who: Principal, length: int
    ) -> list[tuple[list[Upload], int, int, str]]:
        """(unfinished uploads, bytes too many with ``length`` more, the bound, whose) of sender and site."""
        held, ours = self._holds.held(who), tx.uploads.unfinished(who.site)
        mine = [upload for upload in ours if upload.owner == who.subject]
        return [
            (uploads, sum(map(self._counts, uploads)) + busy + length - most, most, whose)
            for uploads, busy, most, whose in (
                (mine, held.sender, self._sender_bytes, "Yours"),
                (ours, held.site, self._site_bytes, "Those of your site"),
            )
        ]

    def _counts(self, upload: Upload) -> int:
        return max(upload.length or 0, self._least)

    def _fit(self, tx: Transaction, who: Principal, length: int) -> None:
        for uploads, over, most, whose in self._over(tx, who, length):
            if self._give_up(tx, uploads, over) < over:
                raise QuotaExceeded(
                    f"{whose} may have {most} bytes: finish or delete some.", retry_after=60
                )

    def _fit_disk(self, tx: Transaction, count: int) -> None:
        missing = count - self._spool.room()
        if missing > 0 and self._give_up(tx, tx.uploads.unfinished(None), missing) < missing:
            raise StoreUnavailable("The hub's disk is nearly full.", retry_after=60)

    def _give_up(self, tx: Transaction, uploads: Iterable[Upload], count: int) -> int:
        """Idle uploads expire, the longest idle first, until ``count`` bytes are free; how many are."""
        freed, now = 0, time.time()
        idle = [(self._unfinished.touched(upload.id), upload) for upload in uploads if count > 0]
        for at, upload in sorted(idle, key=lambda one: one[0]):
            if freed >= count or now - at < IDLE_SECONDS:
                break
            tx.uploads.give_up(upload.site, upload.id)
            self._unfinished.remove(upload.id)
            freed += self._counts(upload)
        return freed
