"""Who looked at what, in the audit trail; and the seals over the trail.

Reads are noted by one thread for many requests, so that none waits for it: a process that is killed
loses what it noted in its last second. The same person at the same study is noted once in five minutes.
So are wrong keys, once in five minutes for each key that they claim to be. Everything else (sign-ins by
form, changes) is written with what it is about.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections import OrderedDict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.auth import Caller
from services.domain.errors import FadaError
from services.domain.study import Principal, Role
from services.index.port import Index
from services.telemetry import logs

_EVERY_SECONDS, _SEAL_SECONDS = 1.0, 60.0
_ONCE_IN_SECONDS = 300.0
_MOST = 50_000
_MOST_CLAIMED, _CLAIM_LENGTH = 500, 64  # wrong keys between two writes; of a key's id
_ABOUT = ("study_id", "study", "patient_id")
_log = logs.get("gateway.http.access_audit")
Entry = tuple[Principal, str, str, dict[str, Any]]


class AccessNotes:
    """What is to be written; closed with the app."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._waiting: list[Entry] = []
        self._claimed: set[str] = set()
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
            self.write()


class AccessAudit:
    """ASGI middleware, inside authentication: notes every read of a study or a patient."""

    def __init__(self, app: ASGIApp, notes: AccessNotes) -> None:
        self._app, self._notes = app, notes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on as it is."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, sending)
        caller: Caller | None = scope.get("state", {}).get("caller")
        if caller is not None and 200 <= status < 300:
            self._note(scope, caller.principal)

    def _note(self, scope: Scope, who: Principal) -> None:
        given = scope.get("path_params") or {}
        about = next((name for name in _ABOUT if name in given), None)
        if about is None:
            return
        route = str(getattr(scope.get("route"), "path", ""))
        kind = "patient.read" if about == "patient_id" else "study.read"
        if route.endswith((".pdf", ".dcm", ".zip")):
            kind = "report.read"
        self._notes.note(who, kind, str(given[about]), {"route": route})


def seal_key(secret: bytes) -> bytes:
    """The key of the seals, from the hub's secret."""
    return hashlib.sha256(b"fada:audit-seal:" + secret).digest()


def seal(index: Index, key: bytes) -> None:
    """Close what is new in the trail; each seal's mac goes to the log too. Blocking."""
    with index.begin() as tx:
        boundary = tx.audit_seals.boundary()
    while boundary:
        with index.begin() as tx:
            made = tx.audit_seals.seal(key, boundary)
        if made is None:
            return
        _log.info("audit.sealed", number=made.number, last=made.last, mac=made.mac)


async def keep_sealing(index: Index, key: bytes) -> None:
    """Until cancelled. Several processes may do the same at once."""
    while True:
        await asyncio.sleep(_SEAL_SECONDS)
        try:
            await run_in_threadpool(seal, index, key)
        except FadaError as error:
            _log.warning("audit.not_sealed", error=error)
