"""Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header): a retried POST acts once.

The key belongs to the caller and the address. The body is hashed while it streams by; nothing of it
is kept. Answers that could change by themselves (401, 429, 5xx …) are not remembered.
"""

from __future__ import annotations

import fcntl
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.dependencies import Services
from gateway.http import problems
from gateway.http.auth import Caller
from services.domain.errors import Conflict, IncompleteBody, InvalidInput
from services.index.port import Remembered

_KEPT_BYTES = 1 << 20
_UNDER = ("/api/", "/dicomweb/")
_SECRET = ("/api/keys", "/api/webhooks", "/api/devices/codes")  # their answers are shown once only
_KEPT = frozenset({400, 404, 409, 410, 413, 415, 422})


class StillRunning(Conflict):
    code, title, retryable = "request_in_progress", "The first request is still running", True


class KeyReused(problems.Unprocessable):
    code, title = "idempotency_key_reused", "This key was used for another request"


class Idempotent:
    """Pure ASGI, inside gate and limits."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services
        self._running = Running(services.spool.folder / "keys.lock")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("idempotency-key") if scope["type"] == "http" else None
        caller: Caller | None = scope.get("state", {}).get("caller")
        asked = given is not None and scope["method"] == "POST"
        path = scope.get("path", "")
        if not asked or caller is None or not path.startswith(_UNDER) or path in _SECRET:
            await self._app(scope, receive, send)
            return
        assert given is not None
        if not 1 <= len(given) <= 255:
            raise InvalidInput("An Idempotency-Key has 1 to 255 characters.")
        who = caller.principal
        text = "\n".join(
            (who.subject, scope["path"], scope["query_string"].decode("latin-1"), given)
        )
        key = hashlib.sha256(text.encode()).hexdigest()
        place = Running.place(who.site, key)
        if not self._running.begin(place):
            raise StillRunning("Ask again in a moment.", retry_after=1)
        try:
            await self._once(who.site, key, scope, receive, send)
        finally:
            self._running.end(place)

    async def _once(self, site: str, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        hashed = Hashed(receive)
        known = await run_in_threadpool(self._find, site, key)
        if known is not None:
            await hashed.rest()
            if hashed.digest() != known.request_hash:
                raise KeyReused("Use a new key for a new request.")
            headers = {"Idempotency-Replayed": "true"}
            again = Response(known.body, known.status, headers, known.media_type or None)
            await again(scope, receive, send)
            return
        answer = Copied(send)
        await self._app(scope, hashed, answer)
        # What was answered before the body was whole has no fingerprint, so it is not kept.
        if answer.worth and hashed.whole:
            kept = Remembered(hashed.digest(), answer.status, bytes(answer.body), answer.media_type)
            await run_in_threadpool(self._keep, site, key, kept)
        await answer.flush()

    def _find(self, site: str, key: str) -> Remembered | None:
        with self._services.index.read() as tx:
            return tx.idempotency.find(site, key)

    def _keep(self, site: str, key: str, answer: Remembered) -> None:
        until = datetime.now(UTC) + timedelta(hours=self._services.settings.idempotency_hours)
        with self._services.index.begin() as tx:
            tx.idempotency.keep(site, key, answer, until)


class Running:
    """Whose requests are running, here and in the other processes that share the spool.

    A lock of the kernel on one byte of a file for each: it ends with the process that held it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open(
            "ab"
        )  # the only one of this process: closing another frees its locks
        self._mine: set[int] = set()

    @staticmethod
    def place(site: str, key: str) -> int:
        """The byte of a request; two requests at one byte would merely wait for each other."""
        digest = hashlib.sha256(f"{site}\n{key}".encode()).digest()
        return int.from_bytes(digest[:7], "big")

    def begin(self, place: int) -> bool:
        """False when it is running already."""
        if place in self._mine:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, as the system likes
            return False
        self._mine.add(place)
        return True

    def end(self, place: int) -> None:
        self._mine.discard(place)
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)


class Hashed:
    """``receive`` that hashes what passes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._hash = hashlib.sha256()
        self.whole = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._hash.update(message.get("body", b""))
            self.whole = not message.get("more_body", False)
        return message

    async def rest(self) -> None:
        while not self.whole:
            if (await self())["type"] != "http.request":
                raise IncompleteBody()

    def digest(self) -> str:
        return self._hash.hexdigest()


class Copied:
    """``send`` that holds a small answer back until it is kept; a large one passes through."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self.status = 0
        self.media_type = ""
        self.body = bytearray()
        self._over = False

    @property
    def worth(self) -> bool:
        return (200 <= self.status < 300 or self.status in _KEPT) and not self._over

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.media_type = Headers(raw=message["headers"]).get("content-type", "")
        else:
            self.body += message.get("body", b"")
        self._held.append(message)
        if self._over or len(self.body) > _KEPT_BYTES:
            self._over = True
            self.body.clear()
            await self.flush()

    async def flush(self) -> None:
        held, self._held = self._held, []
        for message in held:
            await self._send(message)
