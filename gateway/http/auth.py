"""Authentication: who sends a request. Default deny: 401 is answered before a byte of the body is read.

A caller is known by an API key, an OpenID Connect token, a phone's session token or the page's
cookie. What a caller may do stands in ``authorization``.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.oidc.tokens import Oidc
from gateway.http.tokens import Signer
from services.domain.errors import (
    FadaError,
    Forbidden,
    IndexUnavailable,
    NotAuthenticated,
    NotFound,
)
from services.domain.study import Principal, Role
from services.index.port import Device, Index
from services.settings import Settings

COOKIE = "fada_session"
KEY_PREFIX, DEVICE_PREFIX = "fada_", "fadadev_"
SESSION_SECONDS = 12 * 3600
DEVICE_SECONDS = 3600
_CACHE_SECONDS = 3.0  # what was revoked on another machine is refused after at most this long
_CACHE_SIZE = 10_000
_LAST_USED_SECONDS = 60.0  # between two notes that a key was used

PUBLIC = frozenset(
    {
        "/health/live",
        "/health/ready",
        "/metrics",  # the route asks for its own token, or a manager's key
        "/login",
        "/login/options",
        "/login/oidc",
        "/login/oidc/callback",
        "/login/oidc/logout",  # the token itself is the proof
        "/login/passkey",
        "/login/passkey/options",
        "/login/password",
        "/api/invitations/look",
        "/api/invitations/accept",
        "/logout",
        "/api/openapi.json",
        "/api/sync/enrol",
        "/api/sync/challenge",
        "/api/sync/session",
    }
)
_PUBLIC_UNDER = ("/api/shared/",)  # the link itself is the secret
_PROTECTED = ("api", "dicomweb", "tus")  # any other path is a file of the pages


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request. ``via``: key, oidc, session or device; ``until``: end of the sign-in,
    Unix seconds; ``session``: the id of the page's session, if it is one.
    """

    principal: Principal
    via: str
    until: float = float("inf")
    session: str = ""


def is_public(method: str, path: str) -> bool:
    """Whether anybody may use this address."""
    if path in PUBLIC or path.startswith(_PUBLIC_UNDER):
        return True
    first = path.lstrip("/").split("/", 1)[0]
    return method in ("GET", "HEAD") and first not in _PROTECTED


class Revocations:
    """Counts what was revoked on this machine, for all processes that share the spool.

    A file that grows by a byte each time; reading its length costs less than a microsecond.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)

    def count(self) -> int:
        """How often something was revoked."""
        return os.fstat(self._file).st_size

    def add(self) -> None:
        """Something was revoked."""
        os.write(self._file, b".")


class Authenticator:
    """Turns credentials into a Caller; caches the answer for a few seconds."""

    def __init__(self, index: Index, settings: Settings, signer: Signer) -> None:
        self._index = index
        self._signer = signer
        self.oidc = Oidc(settings) if settings.oidc_issuer else None
        self._revocations = Revocations(settings.spool / "revocations")
        self._cache: dict[str, tuple[float, int, Caller]] = {}
        self._last_used: dict[str, float] = {}
        self._lock = threading.Lock()

    def invalidate(self) -> None:
        """After something was revoked: no process of this machine uses what it has cached."""
        self._revocations.add()

    def cached(self, secret: str) -> Caller | None:
        """The caller, when this very secret was verified a moment ago."""
        entry = self._cache.get(_digest(secret))
        if entry is None:
            return None
        until, count, caller = entry
        fresh = until > time.monotonic() and count == self._revocations.count()
        return caller if fresh else None

    def identify(self, kind: str, secret: str) -> Caller:
        """Verify a secret. Blocking. Raises NotAuthenticated, Forbidden, Unavailable."""
        count = self._revocations.count()  # before: what is revoked meanwhile counts
        caller = self._verify(kind, secret)
        with self._lock:
            if len(self._cache) > _CACHE_SIZE:
                self._cache.clear()
            self._cache[_digest(secret)] = (time.monotonic() + _CACHE_SECONDS, count, caller)
        return caller

    def _verify(self, kind: str, secret: str) -> Caller:
        if kind == "session":
            return self._session(secret)
        if secret.startswith(DEVICE_PREFIX):
            return self._device(secret)
        if secret.startswith(KEY_PREFIX):
            return Caller(self._key(secret), "key")
        if self.oidc is None:
            raise NotAuthenticated()
        principal, until = self.oidc.principal(secret)
        return Caller(principal, "oidc", until)

    def _key(self, secret: str) -> Principal:
        """Reading waits for no writer; that the key was used is written once a minute."""
        with self._index.read() as tx:
            principal = tx.keys.verify(secret)
        if principal is None:
            raise NotAuthenticated("This key is not known, or was revoked.")
        now = time.monotonic()
        if now - self._last_used.get(principal.subject, float("-inf")) > _LAST_USED_SECONDS:
            self._last_used[principal.subject] = now
            with suppress(IndexUnavailable), self._index.begin() as tx:
                tx.keys.verify(secret)
        return principal

    def _session(self, token: str) -> Caller:
        claims = self._signer.read("session", token)
        with self._index.read() as tx:
            session = tx.sessions.live(str(claims.get("session", "")))
        if session is None:
            raise NotAuthenticated("This session has ended; sign in again.")
        principal = Principal(session.subject, session.site, session.role)
        return Caller(principal, "session", session.expires_at.timestamp(), session.id)

    def _device(self, token: str) -> Caller:
        claims = self._signer.read("device", token.removeprefix(DEVICE_PREFIX))
        try:
            with self._index.read() as tx:
                device = tx.devices.get(claims["device"])
        except NotFound as error:
            raise NotAuthenticated("This phone is not enrolled here.") from error
        if device.revoked_at is not None:
            raise NotAuthenticated("This phone was revoked.")
        if claims.get("key", key_mark(device)) != key_mark(device):
            raise NotAuthenticated(
                "This session was opened with a key that this phone has no more."
            )
        principal = Principal(f"device:{device.id}", device.site, Role.DEVICE)
        return Caller(principal, "device", float(claims["exp"]))

    def new_session(
        self,
        caller: Caller,
        connection: HTTPConnection,
        credential: str,
        name: str,
        issuer_session: str = "",
    ) -> tuple[str, float]:
        """A page session for a caller who was identified: (cookie value, Unix seconds of its end).

        ``credential``: the id of the key or account that it ends with; ``issuer_session``: what its
        issuer calls it. Blocking.
        """
        until = min(time.time() + SESSION_SECONDS, caller.until)
        with self._index.begin() as tx:
            session = tx.sessions.create(
                caller.principal,
                via=caller.via,
                credential=credential,
                name=name,
                address=str((connection.scope.get("client") or ("",))[0]),
                browser=connection.headers.get("user-agent", ""),
                expires_at=datetime.fromtimestamp(until, UTC),
                issuer_session=issuer_session or None,
            )
        return self._signer.sign("session", {"session": session.id}, until - time.time()), until

    def end_session(self, token: str) -> Caller | None:
        """The session of a cookie holds no more; None: it held no more before. Blocking."""
        try:
            caller = self._session(token)
        except NotAuthenticated:
            return None
        with self._index.begin() as tx:
            tx.sessions.end(caller.principal.site, caller.session)
        self.invalidate()
        return caller


class Authentication:
    """ASGI middleware: puts the Caller into the request, or refuses."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app, self._authenticator = app, authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises NotAuthenticated, Forbidden, Unavailable."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["caller"] = await self._caller(HTTPConnection(scope))
        elif scope["type"] == "websocket":
            try:
                scope.setdefault("state", {})["caller"] = await self.caller_of_socket(scope)
            except FadaError:
                await send({"type": "websocket.close", "code": 1008})
                return
        await self._app(scope, receive, send)

    async def caller_of_socket(self, scope: Scope) -> Caller:
        """Who opens a WebSocket. Raises NotAuthenticated, Forbidden, Unavailable."""
        connection = HTTPConnection(scope)
        given = credentials(connection)
        if given is None:
            raise NotAuthenticated()
        if given[0] == "session":
            _same_origin(connection)  # a browser sends the cookie from any page's script
        return await self._identify(*given)

    async def _caller(self, connection: HTTPConnection) -> Caller | None:
        scope = connection.scope
        public = is_public(scope["method"], scope["path"])
        given = credentials(connection)
        if given is None or public:
            if public:
                return None
            raise NotAuthenticated()
        kind, secret = given
        if kind == "session" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            _same_origin(connection)
        return await self._identify(kind, secret)

    async def _identify(self, kind: str, secret: str) -> Caller:
        caller = self._authenticator.cached(secret)
        if caller is None or caller.until <= time.time():
            caller = await run_in_threadpool(self._authenticator.identify, kind, secret)
        return caller


def credentials(connection: HTTPConnection) -> tuple[str, str] | None:
    """(kind, secret) of what the request carries; headers before the cookie."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return "bearer", value.strip()
    if key := connection.headers.get("x-api-key", "").strip():
        return "bearer", key
    if cookie := connection.cookies.get(COOKIE):
        return "session", cookie
    return None


def _same_origin(connection: HTTPConnection) -> None:
    """A change by cookie must come from the hub's own pages (beside SameSite=Strict)."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None and site != "same-origin":
        raise Forbidden("The request came from another site.")
    if origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
        raise Forbidden("The request came from another site.")
    if site is None and origin is None:
        raise Forbidden("A request with the page's cookie must name its origin.")


def key_mark(device: Device) -> str:
    """Which key of a phone a session was opened with: it ends with the key."""
    return _digest(device.public_key)[:16]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
