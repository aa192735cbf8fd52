"""Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header): a retried POST acts once.

The key belongs to the caller and the address. The body is hashed while it streams by and not kept.
Responses that could change by themselves (401, 429, 5xx …) are not kept either.
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

from gateway.http import problems
from gateway.http.authenticator import Caller
from services.domain.errors import Conflict, IncompleteBody, InvalidInput
from services.index.port import Index, Remembered
from services.settings import Settings

_KEPT_BYTES = 1 << 20
_PATHS = ("/api/", "/dicomweb/")
_SECRETS = (
    "/api/keys",
    "/api/accounts",
    "/api/webhooks",
    "/api/devices/codes",
)  # responses that are shown once
_KEPT = frozenset({400, 404, 409, 410, 413, 415, 422})


class StillRunning(Conflict):
    """A request with this key has not been answered yet."""

    code, title, retryable = "request_in_progress", "The first request is still running", True


class KeyReused(problems.Unprocessable):
    """The key came before with another body."""

    code, title = "idempotency_key_reused", "This key was used for another request"


class IdempotentRequests:
    """ASGI middleware, inside authentication and limits."""

    def __init__(self, app: ASGIApp, index: Index, settings: Settings) -> None:
        self._app, self._index, self._settings = app, index, settings
        self._running = RunningRequests(settings.spool / "keys.lock")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises InvalidInput, StillRunning, KeyReused."""
        given = Headers(scope=scope).get("idempotency-key") if scope["type"] == "http" else None
        caller: Caller | None = scope.get("state", {}).get("caller")
        path = scope.get("path", "")
        if (
            given is None
            or scope["method"] != "POST"
            or caller is None
            or not path.startswith(_PATHS)
            or path.startswith(_SECRETS)
        ):
            await self._app(scope, receive, send)
            return
        if not 1 <= len(given) <= 255:
            raise InvalidInput("An Idempotency-Key has 1 to 255 characters.")
        who = caller.principal
        text = "\n".join(
            (who.subject, scope["path"], scope["query_string"].decode("latin-1"), given)
        )
        key = hashlib.sha256(text.encode()).hexdigest()
        position = RunningRequests.position(who.site, key)
        if not self._running.begin(position):
            raise StillRunning("Ask again in a moment.", retry_after=1)
        try:
            await self._once(who.site, key, scope, receive, send)
        finally:
            self._running.end(position)

    async def _once(self, site: str, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = HashingReceive(receive)
        earlier = await run_in_threadpool(self._find, site, key)
        if earlier is not None:
            await body.read_rest()
            if body.digest() != earlier.request_hash:
                raise KeyReused("Use a new key for a new request.")
            headers = {"Idempotency-Replayed": "true"}
            replay = Response(earlier.body, earlier.status, headers, earlier.media_type or None)
            await replay(scope, receive, send)
            return
        response = HeldResponse(send)
        await self._app(scope, body, response)
        # What was answered before the body was complete has no fingerprint, so it is not kept.
        if response.keepable and body.complete:
            kept = Remembered(
                body.digest(), response.status, bytes(response.body), response.media_type
            )
            await run_in_threadpool(self._keep, site, key, kept)
        await response.flush()

    def _find(self, site: str, key: str) -> Remembered | None:
        with self._index.read() as tx:
            return tx.idempotency.find(site, key)

    def _keep(self, site: str, key: str, response: Remembered) -> None:
        until = datetime.now(UTC) + timedelta(hours=self._settings.idempotency_hours)
        with self._index.begin() as tx:
            tx.idempotency.keep(site, key, response, until)


class RunningRequests:
    """The requests that run now, here and in the other processes that share the spool.

    A lock of the kernel on one byte of a file for each: it ends with the process that held it.
    """

    def __init__(self, path: Path) -> None:
        # The only handle of this process: closing another one would free its locks.
        self._file = path.open("ab")
        self._mine: set[int] = set()

    def close(self) -> None:
        """Release the file and with it all of this process's locks."""
        self._file.close()

    @staticmethod
    def position(site: str, key: str) -> int:
        """The byte that stands for a request; two at one byte would merely wait for each other."""
        digest = hashlib.sha256(f"{site}\n{key}".encode()).digest()
        return int.from_bytes(digest[:7], "big")

    def begin(self, position: int) -> bool:
        """False when it is running already."""
        if position in self._mine:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, as the system likes
            return False
        self._mine.add(position)
        return True

    def end(self, position: int) -> None:
        """The request was answered, or failed."""
        self._mine.discard(position)
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, position)


class HashingReceive:
    """``receive`` that hashes the body as it passes; ``complete`` when its end was seen."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._hash = hashlib.sha256()
        self.complete = False

    async def __call__(self) -> Message:
        """The next message."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._hash.update(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        return message

    async def read_rest(self) -> None:
        """Read to the end of the body. Raises IncompleteBody."""
        while not self.complete:
            if (await self())["type"] != "http.request":
                raise IncompleteBody()

    def digest(self) -> str:
        """SHA-256 of the body, in hexadecimal digits."""
        return self._hash.hexdigest()


class HeldResponse:
    """``send`` that holds a small response back until it is kept; a large one passes through."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self.status = 0
        self.media_type = ""
        self.body = bytearray()
        self._too_large = False

    @property
    def keepable(self) -> bool:
        """Whether the response may be sent again."""
        return (200 <= self.status < 300 or self.status in _KEPT) and not self._too_large

    async def __call__(self, message: Message) -> None:
        """Hold a message back, or send it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.media_type = Headers(raw=message["headers"]).get("content-type", "")
        else:
            self.body += message.get("body", b"")
        self._held.append(message)
        if self._too_large or len(self.body) > _KEPT_BYTES:
            self._too_large = True
            self.body.clear()
            await self.flush()

    async def flush(self) -> None:
        """Send what was held back."""
        held, self._held = self._held, []
        for message in held:
            await self._send(message)
