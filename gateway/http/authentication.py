"""Authentication of requests. Default deny: 401 is answered before a byte of the body is read."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.authenticator import COOKIE, Authenticator, Caller
from gateway.http.fair_threads import threads_of
from gateway.http.limits import TokenBuckets, address_of
from services.domain.errors import FadaError, Forbidden, NotAuthenticated, RateLimited

PUBLIC = frozenset(
    {
        "/health/live",
        "/health/ready",
        "/health/serving",
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


def is_public(method: str, path: str) -> bool:
    """Whether anybody may use this address."""
    if path in PUBLIC or path.startswith(_PUBLIC_UNDER):
        return True
    first = path.lstrip("/").split("/", 1)[0]
    return method in ("GET", "HEAD") and first not in _PROTECTED


class Authentication:
    """ASGI middleware: puts the Caller into the request, or refuses.

    Credentials that were not verified before take a token from their address's bucket, which they get
    back when they are right: guessing costs neither threads nor reads of the index without end.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        addresses: TokenBuckets,
        refused: Callable[[str], None],
    ) -> None:
        """``refused`` notes wrong credentials in the audit trail; it must not block."""
        self._app, self._authenticator = app, authenticator
        self._addresses, self._refused = addresses, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises NotAuthenticated, Forbidden, RateLimited, Unavailable."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["caller"] = await self._caller(HTTPConnection(scope))
        elif scope["type"] == "websocket":
            caller = await self._identified(HTTPConnection(scope))
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _caller(self, connection: HTTPConnection) -> Caller | None:
        if is_public(connection.scope["method"], connection.scope["path"]):
            return None
        return await self._identified(connection)

    async def _identified(self, connection: HTTPConnection) -> Caller:
        kind, secret = _shown(connection)
        if self._authenticator.knows(secret):
            # Its own threads and not the address's: a clinic may be behind that.
            with threads_of(f"credential {hash(secret)}"):
                return await self._verified(kind, secret)
        address = address_of(connection.scope)
        # Taken before it is verified: of many guesses at once none may slip through.
        if (wait := self._addresses.take(address)) > 0:
            raise RateLimited("Too many wrong keys came from this address.", retry_after=wait)
        try:
            with threads_of(address):
                caller = await self._verified(kind, secret)
        except NotAuthenticated:
            raise
        except FadaError:  # an index that is away says nothing about the key
            self._addresses.give_back(address)
            raise
        self._addresses.give_back(address)
        return caller

    async def _verified(self, kind: str, secret: str) -> Caller:
        try:
            return await self._authenticator.caller(kind, secret)
        except NotAuthenticated:
            self._refused(secret)
            raise


async def caller_of_socket(authenticator: Authenticator, connection: HTTPConnection) -> Caller:
    """Who has a WebSocket open. Raises NotAuthenticated, Forbidden, Unavailable."""
    return await authenticator.caller(*_shown(connection))


def _shown(connection: HTTPConnection) -> tuple[str, str]:
    """(kind, secret) of the request. Raises NotAuthenticated: there is none; Forbidden: of another page."""
    given = credentials(connection)
    if given is None:
        raise NotAuthenticated()
    # A browser sends the cookie from any page's script: with changes, and with a WebSocket.
    if given[0] == "session" and connection.scope.get("method") not in ("GET", "HEAD", "OPTIONS"):
        _same_origin(connection)
    return given


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
