"""Limits of requests: rate, size (also after inflating) and pace.

ASGI middleware around ``receive``: routers read a body that is already bounded. A refusal in the
middle of a body is raised there and becomes a problem like any other.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.authenticator import Caller
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

PUBLIC_BYTES = 16 * 2**10  # a sign-in, an enrolment
PUBLIC_SECONDS, PUBLIC_STALL_SECONDS = 10.0, 5.0
SMALL_BYTES = 256 * 2**10
JSON_BYTES = 32 * 2**20  # a review with masks of many frames, a phone's report
_LARGE_JSON = ("/api/studies/", "/api/sync/cases/")
_STREAMS = ("/api/uploads", "/api/sync/bundles", "/dicomweb/", "/tus/", "/tus")
_RATED_UNDER = ("/api/", "/health/", "/login/")
_MIN_PACE = 128.0  # bytes/s on average, once the first pause is over
_DRAIN_BYTES, _DRAIN_SECONDS = 8 * 2**20, 2.0


class TokenBuckets:
    """Token buckets by caller, of this process alone; the least recently seen is dropped.

    ``rate`` in tokens per second; ``burst``: the most that a bucket holds.
    """

    def __init__(self, rate: float, burst: float, max_callers: int = 10_000) -> None:
        self._rate, self._burst, self._max_callers = rate, burst, max_callers
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, cost: float = 1.0) -> float:
        """Take ``cost`` tokens: 0 when allowed, else the seconds to wait."""
        now = time.monotonic()
        level = self._filled(who, now)
        self._level.pop(who, None)
        allowed = level >= cost
        self._level[who] = (level - cost if allowed else level, now)
        if len(self._level) > self._max_callers:
            self._level.popitem(last=False)
        return 0.0 if allowed else (cost - level) / self._rate

    def give_back(self, who: str, cost: float = 1.0) -> None:
        """What was taken cost nothing after all."""
        now = time.monotonic()
        self._level[who] = (min(self._burst, self._filled(who, now) + cost), now)

    def wait(self, who: str) -> float:
        """The seconds to wait for one token; takes none."""
        level = self._filled(who, time.monotonic())
        return 0.0 if level >= 1 else (1 - level) / self._rate

    def _filled(self, who: str, now: float) -> float:
        level, seen = self._level.get(who, (self._burst, now))
        return min(self._burst, level + (now - seen) * self._rate)


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """Of one request's body: bytes as sent, bytes inflated, seconds in all, seconds of a pause."""

    sent: int
    inflated: int
    seconds: float
    stall: float


class LoginAttempts:
    """Slows down guessing: failed attempts are counted, successes cost nothing.

    Counted by address and account together, and by address alone. After too many for one account
    nothing more is verified for it from there; after too many for an address, who is wrong is told to
    wait, and who is right comes in: behind one address there may be a whole clinic.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._accounts = TokenBuckets(rate, burst)
        self._addresses = TokenBuckets(rate, burst)

    @contextmanager
    def attempt(self, connection: HTTPConnection, account: str = "") -> Iterator[None]:
        """Counts a refusal inside the block. ``account``: the one that is claimed.

        Raises RateLimited after too many of them.
        """
        address = address_of(connection.scope)
        pair = f"{address}\n{account}"
        if (wait := self._accounts.wait(pair)) > 0:
            raise RateLimited("Too many failed attempts.", retry_after=wait)
        try:
            yield
        except FadaError as error:
            if error.status < 500:
                self._accounts.take(pair)
                if (wait := self._addresses.take(address)) > 0:
                    raise RateLimited("Too many failed attempts.", retry_after=wait) from error
            raise


def address_buckets(settings: Settings) -> TokenBuckets:
    """What addresses may ask that have shown no valid credentials."""
    return TokenBuckets(20.0 * settings.share, 200.0 * settings.share)


class RequestLimits:
    """ASGI middleware, inside authentication, so that it knows the caller."""

    def __init__(self, app: ASGIApp, settings: Settings, addresses: TokenBuckets) -> None:
        """``addresses``: of those without a sign-in; wrong credentials take from it too."""
        self._app, self._settings = app, settings
        rate = settings.rate_per_second * settings.share
        self._callers = TokenBuckets(rate, rate * 10)
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises RateLimited, TooLarge, UnsupportedMedia, InvalidInput."""
        if scope["type"] != "lifespan":
            self._rate(scope)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        bounds = self._bounds(scope)
        declared = _length(headers)
        body = BoundedBody(receive, bounds)
        reading: Receive = body
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding in ("gzip", "x-gzip") and not scope["path"].startswith("/tus"):
            reading = GunzipBody(body, bounds.inflated)
            inner = MutableHeaders(scope=scope)
            del inner["content-encoding"]
            if "content-length" in inner:
                del inner["content-length"]
        refusal: FadaError | None = None
        if declared is not None and declared > bounds.sent:
            refusal = TooLarge(f"A request here may have {bounds.sent} bytes.")
        elif coding not in ("identity", "") and reading is body:
            refusal = UnsupportedMedia("Send the content as it is, or gzip-compressed.")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not await body.drained():
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        if refusal is not None:
            if not await body.drained():
                refusal.headers = {"Connection": "close"}  # type: ignore[attr-defined]
            raise refusal
        await self._app(scope, reading, sending)

    def _bounds(self, scope: Scope) -> BodyBounds:
        given, path = self._settings, scope["path"]
        if scope["state"].get("caller") is None:
            return BodyBounds(PUBLIC_BYTES, PUBLIC_BYTES, PUBLIC_SECONDS, PUBLIC_STALL_SECONDS)
        if path.startswith(_STREAMS):
            sent, inflated = given.max_request_bytes, given.max_inflated_bytes
        else:
            sent = inflated = JSON_BYTES if path.startswith(_LARGE_JSON) else SMALL_BYTES
        return BodyBounds(sent, inflated, given.request_seconds, given.stall_seconds)

    def _rate(self, scope: Scope) -> None:
        caller: Caller | None = scope["state"].get("caller")
        if caller is not None:
            wait = self._callers.take(caller.principal.counted_as)
        elif is_page_file(scope):
            return
        else:
            wait = self._addresses.take(address_of(scope))
        if wait > 0:
            raise RateLimited("Wait a little, then go on.", retry_after=wait)


class BoundedBody:
    """``receive`` with a limit in bytes and in time, until the body is complete."""

    def __init__(self, receive: Receive, bounds: BodyBounds) -> None:
        self._receive, self._bounds = receive, bounds
        self._seen = 0
        self._started = 0.0
        self._done = False

    async def __call__(self) -> Message:
        """The next message. Raises TooLarge, SlowRequest."""
        if self._done:
            return await self._receive()
        now = time.monotonic()
        self._started = self._started or now
        spent = now - self._started
        wait = min(self._bounds.stall, self._bounds.seconds - spent)
        if wait <= 0 or (spent > self._bounds.stall and self._seen < _MIN_PACE * spent):
            raise self._slow()
        try:
            async with asyncio.timeout(wait):
                message = await self._receive()
        except TimeoutError:
            raise self._slow() from None
        self._count(message)
        return message

    def _count(self, message: Message) -> None:
        self._done = message["type"] != "http.request" or not message.get("more_body", False)
        self._seen += len(message.get("body", b""))
        if self._seen > self._bounds.sent:
            raise TooLarge(f"A request here may have {self._bounds.sent} bytes.")

    def _slow(self) -> SlowRequest:
        return SlowRequest("Send it again, in smaller chunks (resumable upload) if need be.")

    async def drained(self) -> bool:
        """Whether the body is complete; reads some of the rest, so that the sender gets the response."""
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


class GunzipBody:
    """``receive`` of a gzip body, inflated chunk by chunk up to ``cap`` bytes."""

    def __init__(self, receive: Receive, cap: int) -> None:
        self._receive, self._left = receive, cap
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._more = True

    async def __call__(self) -> Message:
        """The next message. Raises InvalidInput, TooLarge, IncompleteBody."""
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
            chunk = self._engine.decompress(pending, 1 << 20)
        except zlib.error as error:
            raise InvalidInput("The gzip content is damaged.") from error
        if self._engine.unused_data:
            raise InvalidInput("There is more after the end of the gzip content.")
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge("The content inflates to more than this hub accepts.")
        more = self._more or bool(self._engine.unconsumed_tail)
        if not more and not self._engine.eof:
            # zlib may still hold output back; an empty read asks for it
            tail = self._engine.flush(1 << 20)
            if not self._engine.eof:
                raise IncompleteBody("The gzip content does not end.")
            chunk += tail
        return {"type": "http.request", "body": chunk, "more_body": more}


def is_page_file(scope: Scope) -> bool:
    """Whether a request without a sign-in is for a file of the pages."""
    return scope["method"] in ("GET", "HEAD") and not scope["path"].startswith(_RATED_UNDER)


def is_large_json(scope: Scope) -> bool:
    """Whether a request's body is read whole and may be of more than ``SMALL_BYTES``. Raises InvalidInput."""
    if scope["method"] in ("GET", "HEAD") or not scope["path"].startswith(_LARGE_JSON):
        return False
    length = _length(Headers(scope=scope))
    return length is None or length > SMALL_BYTES


def address_of(scope: Scope) -> str:
    """The caller's address; behind a trusted proxy, the one that the proxy names."""
    return str((scope.get("client") or ("",))[0])


def _length(headers: Headers) -> int | None:
    given = headers.getlist("content-length")
    if not given:
        return None
    if len(given) > 1 or not given[0].isascii() or not given[0].isdigit() or len(given[0]) > 18:
        raise InvalidInput("The Content-Length is not a number.")
    return int(given[0])
