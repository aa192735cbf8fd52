"""Authentication of requests. Default deny: 401 is answered before a byte of the body is read."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.auth import COOKIE, Authenticator, Caller
from services.domain.errors import FadaError, Forbidden, NotAuthenticated

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


def is_public(method: str, path: str) -> bool:
    """Whether anybody may use this address."""
    if path in PUBLIC or path.startswith(_PUBLIC_UNDER):
        return True
    first = path.lstrip("/").split("/", 1)[0]
    return method in ("GET", "HEAD") and first not in _PROTECTED


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
                caller = await caller_of_socket(self._authenticator, HTTPConnection(scope))
            except FadaError:
                await send({"type": "websocket.close", "code": 1008})
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

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
        return await self._authenticator.caller(kind, secret)


async def caller_of_socket(authenticator: Authenticator, connection: HTTPConnection) -> Caller:
    """Who opens a WebSocket, or has one open. Raises NotAuthenticated, Forbidden, Unavailable."""
    given = credentials(connection)
    if given is None:
        raise NotAuthenticated()
    if given[0] == "session":
        _same_origin(connection)  # a browser sends the cookie from any page's script
    return await authenticator.caller(*given)


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
