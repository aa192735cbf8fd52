"""What is to be written into the audit trail soon.

Reads are noted by one thread for many requests, so that none waits for it: a process that is killed
loses what it noted in its last second. The same person at the same study is noted once in five minutes; of
searches it is noted that there were any, how many, and how many matches they gave.
So are wrong keys, once in five minutes for each key that they claim to be. Everything else (sign-ins by
form, changes) is written with what it is about.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from services.domain.errors import FadaError
from services.domain.study import Principal, Role
from services.index.port import Index
from services.telemetry import logs

_EVERY_SECONDS = 1.0
_ONCE_IN_SECONDS = 300.0
_MOST, _MOST_SEARCHES = 50_000, 2_000
_MOST_CLAIMED, _CLAIM_LENGTH = 500, 64  # wrong keys between two writes; of a key's id
_log = logs.get("gateway.audit.notes")
Entry = tuple[Principal, str, str, dict[str, Any]]


@dataclass(slots=True)
class _Searches:
    """Of one caller at one route since the last entry; the next is written after ``until``."""

    who: Principal
    count: int = 0
    given: int = 0
    until: float = float("-inf")


class AccessNotes:
    """What is to be written; closed with the app."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._waiting: list[Entry] = []
        self._claimed: set[str] = set()
        self._searches: OrderedDict[tuple[str, str, str, str], _Searches] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str, str, str], float] = OrderedDict()

    def note(
        self, who: Principal, action: str, subject: str, detail: dict[str, Any] | None = None
    ) -> None:
        """Soon in the trail, unless the same stands there since a moment ago."""
        key, now = (who.site, who.subject, action, subject), time.monotonic()
        with self._lock:
            if now - self._seen.get(key, float("-inf")) < _ONCE_IN_SECONDS:
                return
            self._seen[key] = now
            self._seen.move_to_end(key)
            while len(self._seen) > _MOST:
                self._seen.popitem(last=False)
            if len(self._waiting) < _MOST:
                self._waiting.append((who, action, subject, detail or {}))

    def searched(self, who: Principal, action: str, route: str, given: int) -> None:
        """Soon in the trail; further ones of the next five minutes together, with their numbers."""
        key = (who.site, who.subject, action, route)
        with self._lock:
            if key not in self._searches:
                self._searches[key] = _Searches(who)
                if len(self._searches) > _MOST_SEARCHES:
                    self._add_searches(*self._searches.popitem(last=False))
            self._searches[key].count += 1
            self._searches[key].given += given

    def _note_searches(self, now: float) -> None:
        with self._lock:
            for key, one in list(self._searches.items()):
                if now < one.until:
                    continue
                self._add_searches(key, one)
                if one.count:
                    one.count, one.given, one.until = 0, 0, now + _ONCE_IN_SECONDS
                else:
                    del self._searches[key]

    def _add_searches(self, key: tuple[str, str, str, str], one: _Searches) -> None:
        if one.count and len(self._waiting) < _MOST:
            detail = {"route": key[3], "searches": one.count, "given": one.given}
            self._waiting.append((one.who, key[2], key[0], detail))

    def refused(self, secret: str) -> None:
        """Soon in the trail of the site whose key the wrong one claims to be, if there is such a key."""
        prefix, _, rest = secret.partition("_")
        claimed = rest.partition("_")[0]
        if prefix == "fada" and claimed.isalnum() and len(claimed) <= _CLAIM_LENGTH:
            with self._lock:
                if len(self._claimed) < _MOST_CLAIMED:
                    self._claimed.add(claimed)

    def _note_refused(self) -> None:
        with self._lock:
            claimed, self._claimed = self._claimed, set()
        if not claimed:
            return
        try:
            with self._index.read() as tx:
                sites = tx.keys.sites(claimed)
        except FadaError as error:
            _log.warning("access_audit.waits", error=error)
            with self._lock:
                self._claimed |= claimed
            return
        for key_id, site in sites.items():
            self.note(Principal(f"key:{key_id}", site, Role.READER), "sign_in.refused", key_id)

    def write(self) -> None:
        """What waits, in one transaction; it waits on when the index is away. Blocking."""
        self._note_refused()
        self._note_searches(time.monotonic())
        with self._lock:
            entries, self._waiting = self._waiting, []
        if not entries:
            return
        try:
            with self._index.begin() as tx:
                for who, action, subject, detail in entries:
                    tx.audit.add(who, action, subject, detail)
        except FadaError as error:
            _log.warning("access_audit.waits", error=error)
            with self._lock:
                self._waiting = (entries + self._waiting)[:_MOST]

    async def run(self) -> None:
        """Until cancelled; what is noted then is written last."""
        try:
            while True:
                await asyncio.sleep(_EVERY_SECONDS)
                await run_in_threadpool(self.write)
        finally:
            self.close()

    def close(self) -> None:
        """What is noted is written, searches too whose five minutes are not over. Blocking."""
        self._note_searches(float("inf"))
        self.write()


class NotesWriter:
    """Writes notes where there is no event loop, in a thread of its own."""

    def __init__(self, notes: AccessNotes) -> None:
        self._notes, self._ended = notes, threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-notes", daemon=True)

    def start(self) -> None:
        """Write every second from now on."""
        self._thread.start()

    def close(self) -> None:
        """Write what is left. Blocking."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self._notes.write()
        self._notes.close()
