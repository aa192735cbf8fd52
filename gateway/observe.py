"""The outermost layer: a request id, security headers, figures, one log line, and no bare 500.

The line names the route, never the path or the query: those may hold patient data.
"""

from __future__ import annotations

import logging
import re
import time
from uuid import uuid4

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import problems
from services.domain.errors import FadaError

CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = logging.getLogger("gateway.access")

REQUESTS = Counter(
    "fada_gateway_requests_total", "Requests answered", ("method", "route", "status")
)
SECONDS = Histogram(
    "fada_gateway_request_seconds",
    "Time to the last byte of the answer",
    ("method", "route"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def request_id(connection: HTTPConnection) -> str:
    """The id that goes with the job to the result."""
    return str(connection.scope.get("state", {}).get("request_id", ""))


class Observe:
    """Pure ASGI, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        identity = given if _SANE_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = identity
        started, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _harden(MutableHeaders(scope=message), scope["path"], identity)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except FadaError as error:
            if status:
                raise
            await problems.answer(error, identity)(scope, receive, sending)
        except Exception as error:
            refusal = problems.of_unforeseen(error, identity)
            if status:  # half an answer is out: only a broken connection tells the truth
                raise
            await problems.answer(refusal, identity)(scope, receive, sending)
        finally:
            _note(scope, status, time.perf_counter() - started, identity)


def _harden(headers: MutableHeaders, path: str, identity: str) -> None:
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


def _note(scope: Scope, status: int, seconds: float, identity: str) -> None:
    found = scope.get("route")
    route = str(getattr(found, "path", "")) or "unmatched"
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)
    _log.info(
        "request",
        extra={
            "request_id": identity,
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(seconds, 4),
        },
    )
