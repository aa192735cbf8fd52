"""What one request may cost: its rate, its size after inflating, its pace.

Pure ASGI around ``receive``: routers read a body that is already bounded. A refusal in the middle of
a body is raised there and becomes a problem like any other.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.auth import Caller
from services.domain.errors import (
    FadaError,
    IncompleteBody,
    InvalidInput,
    RateLimited,
    SlowRequest,
    TooLarge,
    UnsupportedMedia,
)
from services.settings import Settings

JSON_BYTES = 32 * 2**20  # a review with masks of many frames
_STREAMS = ("/api/uploads", "/dicomweb/", "/tus/", "/tus")
_MIN_PACE = 128.0  # bytes/s on average, once the first pause is over
_DRAIN_BYTES, _DRAIN_SECONDS = 8 * 2**20, 2.0


class Buckets:
    """Token buckets by caller, of this process alone; the least recently seen is forgotten."""

    def __init__(self, rate: float, burst: float, most: int = 10_000) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, cost: float = 1.0) -> float:
        """0 when allowed, else the seconds to wait."""
        now = time.monotonic()
        level = self._filled(who, now)
        self._level.pop(who, None)
        allowed = level >= cost
        self._level[who] = (level - cost if allowed else level, now)
        if len(self._level) > self._most:
            self._level.popitem(last=False)
        return 0.0 if allowed else (cost - level) / self._rate

    def wait(self, who: str) -> float:
        """What ``take`` would say, without taking."""
        level = self._filled(who, time.monotonic())
        return 0.0 if level >= 1 else (1 - level) / self._rate

    def _filled(self, who: str, now: float) -> float:
        level, seen = self._level.get(who, (self._burst, now))
        return min(self._burst, level + (now - seen) * self._rate)


class Attempts:
    """Slows down who guesses: failures are counted by address, successes cost nothing."""

    def __init__(self, rate: float, burst: float) -> None:
        self._buckets = Buckets(rate, burst)

    @contextmanager
    def one(self, connection: HTTPConnection) -> Iterator[None]:
        """Raises RateLimited before, and counts a refusal within."""
        who = str((connection.scope.get("client") or ("",))[0])
        wait = self._buckets.wait(who)
        if wait > 0:
            raise RateLimited("Too many failed attempts.", retry_after=wait)
        try:
            yield
        except FadaError as error:
            if error.status < 500:
                self._buckets.take(who)
            raise


class Limits:
    """Stands inside the gate, so that it knows the caller."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        rate = settings.rate_per_second * settings.share
        self._known = Buckets(rate, rate * 10)
        self._strangers = Buckets(20.0 * settings.share, 200.0 * settings.share)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._rate(scope)
        headers = Headers(scope=scope)
        streams = scope["path"].startswith(_STREAMS)
        cap = self._settings.max_request_bytes if streams else JSON_BYTES
        inflated = self._settings.max_inflated_bytes if streams else JSON_BYTES
        declared = _length(headers)
        body = Body(receive, cap, self._settings)
        reading: Receive = body
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding in ("gzip", "x-gzip") and not scope["path"].startswith("/tus"):
            reading = Inflate(body, inflated)
            told = MutableHeaders(scope=scope)
            del told["content-encoding"]
            if "content-length" in told:
                del told["content-length"]
        early: FadaError | None = None
        if declared is not None and declared > cap:
            early = TooLarge(f"A request here may have {cap} bytes.")
        elif coding not in ("identity", "") and reading is body:
            early = UnsupportedMedia("Send the content as it is, or gzip-compressed.")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not await body.drained():
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        if early is not None:
            if not await body.drained():
                early.headers = {"Connection": "close"}  # type: ignore[attr-defined]
            raise early
        await self._app(scope, reading, sending)

    def _rate(self, scope: Scope) -> None:
        caller: Caller | None = scope["state"].get("caller")
        if caller is not None:
            who = caller.principal
            wait = self._known.take(f"{who.site}\n{who.subject}")
        elif scope["method"] in ("GET", "HEAD"):
            return  # files of the pages, health and figures
        else:
            wait = self._strangers.take(str((scope.get("client") or ("",))[0]))
        if wait > 0:
            raise RateLimited("Wait a little, then go on.", retry_after=wait)


class Body:
    """``receive`` with a cap and a clock, until the body is whole."""

    def __init__(self, receive: Receive, cap: int, settings: Settings) -> None:
        self._receive, self._cap, self._settings = receive, cap, settings
        self._seen = 0
        self._started = 0.0
        self._done = False

    async def __call__(self) -> Message:
        if self._done:
            return await self._receive()
        now = time.monotonic()
        self._started = self._started or now
        spent = now - self._started
        wait = min(self._settings.stall_seconds, self._settings.request_seconds - spent)
        if wait <= 0 or (spent > self._settings.stall_seconds and self._seen < _MIN_PACE * spent):
            raise self._slow()
        try:
            async with asyncio.timeout(wait):
                message = await self._receive()
        except TimeoutError:
            raise self._slow() from None
        self._take(message)
        return message

    def _take(self, message: Message) -> None:
        self._done = message["type"] != "http.request" or not message.get("more_body", False)
        self._seen += len(message.get("body", b""))
        if self._seen > self._cap:
            raise TooLarge(f"A request here may have {self._cap} bytes.")

    def _slow(self) -> SlowRequest:
        return SlowRequest("Send it again, in smaller pieces (resumable upload) if need be.")

    async def drained(self) -> bool:
        """Whether the body is whole; reads a little of the rest, so that the sender hears us."""
        read, end = 0, time.monotonic() + _DRAIN_SECONDS
        while not self._done and read < _DRAIN_BYTES:
            try:
                async with asyncio.timeout(max(end - time.monotonic(), 0.001)):
                    message = await self._receive()
            except TimeoutError:
                break
            read += len(message.get("body", b""))
            self._done = message["type"] != "http.request" or not message.get("more_body", False)
        return self._done


class Inflate:
    """A gzip body, inflated piece by piece up to a cap."""

    def __init__(self, receive: Receive, cap: int) -> None:
        self._receive, self._left = receive, cap
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._more = True

    async def __call__(self) -> Message:
        pending = self._engine.unconsumed_tail
        if not pending and not self._more:
            return await self._receive()
        if not pending:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            pending = message.get("body", b"")
            self._more = message.get("more_body", False)
        try:
            piece = self._engine.decompress(pending, 1 << 20)
        except zlib.error as error:
            raise InvalidInput("The gzip content is damaged.") from error
        if self._engine.unused_data:
            raise InvalidInput("There is more after the end of the gzip content.")
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge("The content inflates to more than this hub accepts.")
        more = self._more or bool(self._engine.unconsumed_tail)
        if not more and not self._engine.eof:
            # zlib may still hold output back; an empty read asks for it
            tail = self._engine.flush(1 << 20)
            if not self._engine.eof:
                raise IncompleteBody("The gzip content does not end.")
            piece += tail
        return {"type": "http.request", "body": piece, "more_body": more}


def _length(headers: Headers) -> int | None:
    given = headers.getlist("content-length")
    if not given:
        return None
    if len(given) > 1 or not given[0].isascii() or not given[0].isdigit() or len(given[0]) > 18:
        raise InvalidInput("The Content-Length is not a number.")
    return int(given[0])
