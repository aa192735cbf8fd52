"""Who has a secret: an API key, an OpenID Connect token, a phone's session token or the page's cookie.

Where requests carry them stands in ``authentication``; what a caller may do in ``authorization``.
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

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from gateway.http.oidc.tokens import Oidc
from gateway.http.tokens import Signer
from services.domain.errors import (
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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request. ``via``: key, oidc, session or device; ``until``: end of the sign-in,
    Unix seconds; ``session``: the id of the page's session, if it is one.
    """

    principal: Principal
    via: str
    until: float = float("inf")
    session: str = ""


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

    def knows(self, secret: str) -> bool:
        """Whether this process verified this very secret before; it may hold no more."""
        return _digest(secret) in self._cache

    async def caller(self, kind: str, secret: str) -> Caller:
        """Who has a secret. Raises NotAuthenticated, Forbidden, Unavailable."""
        caller = self.cached(secret)
        if caller is None or caller.until <= time.time():
            caller = await run_in_threadpool(self.identify, kind, secret)
        return caller

    def identify(self, kind: str, secret: str) -> Caller:
        """Verify a secret. Blocking. Raises NotAuthenticated, Forbidden, Unavailable."""
        count = self._revocations.count()  # before: what is revoked meanwhile counts
        try:
            caller = self._verify(kind, secret)
        except NotAuthenticated:
            with self._lock:
                self._cache.pop(_digest(secret), None)
            raise
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


def key_mark(device: Device) -> str:
    """Which key of a phone a session was opened with: it ends with the key."""
    return _digest(device.public_key)[:16]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
