"""The outermost middleware: request id, security headers, metrics, one log line, no bare 500.

The line names the route, never the path or the query: those may hold patient data.
"""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http import problems
from services.domain.errors import FadaError, IncompleteBody
from services.telemetry import logs, metrics, traces

CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_log = logs.get("gateway.access")
# uvicorn 0.54 takes a WebSocket that was refused by a response for a fault of the application.
logging.getLogger("uvicorn.error").addFilter(
    lambda record: record.msg != "ASGI callable returned without completing handshake."
)


def request_id(connection: HTTPConnection) -> str:
    """The request's id; it goes with the job to the result."""
    return str(connection.scope.get("state", {}).get("request_id", ""))


class RequestLogging:
    """Plain ASGI middleware, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers every FadaError and every unexpected error as a problem."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        identity = logs.accept_request_id(Headers(scope=scope).get("x-request-id"))
        if scope["type"] == "websocket":
            with logs.bind(request_id=identity):
                await self._socket(scope, receive, send, identity)
            return
        method = scope["method"] if scope["method"] in metrics.METHODS else metrics.OTHER
        with logs.bind(request_id=identity), traces.span("gateway.request", method=method):
            await self._logged(scope, receive, send, identity)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        scope.setdefault("state", {})["request_id"] = identity
        opened = False

        async def sending(message: Message) -> None:
            nonlocal opened
            opened = opened or message["type"] == "websocket.accept"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except FadaError as error:
            if opened:
                raise
            await problems.refuse_socket(error, scope, receive, send)

    async def _logged(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        scope.setdefault("state", {})["request_id"] = identity
        started, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_security_headers(MutableHeaders(scope=message), scope["path"], identity)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except FadaError as error:
            if status:
                raise
            await problems.response(error, identity)(scope, receive, sending)
        except ClientDisconnect:
            if not status:  # nobody gets it, but the metrics should say what happened
                await problems.response(IncompleteBody(), identity)(scope, receive, sending)
        except Exception as error:
            refusal = problems.of_unexpected(error)
            if status:  # half a response is out: only a broken connection shows that it failed
                raise
            await problems.response(refusal, identity)(scope, receive, sending)
        finally:
            _record(scope, status, time.perf_counter() - started)


def _add_security_headers(headers: MutableHeaders, path: str, identity: str) -> None:
    headers["X-Request-Id"] = identity
    headers.setdefault("Content-Security-Policy", CSP)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), camera=(self)")
    if path == "/field" or path.startswith("/field/"):
        headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    if path.startswith(("/api/", "/dicomweb/", "/tus/")):
        headers.setdefault("Cache-Control", "no-store")


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = str(getattr(scope.get("route"), "path", "")) or "unmatched"
    metrics.REQUESTS.labels(scope["method"], route, status).inc()
    metrics.SECONDS.labels(scope["method"], route).observe(seconds)
    _log.info(
        "request.answered",
        method=scope["method"] if scope["method"] in metrics.METHODS else metrics.OTHER,
        route=route,
        status=status,
        seconds=round(seconds, 4),
    )
