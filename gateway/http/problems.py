"""Every refusal as RFC 9457 problem details: the one place where an error becomes an HTTP answer.

Values of the request are never echoed: they may be patient data, or an attack on whoever reads them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

from services.domain.errors import FadaError, InvalidInput, NotAuthenticated, NotFound
from services.telemetry import logs, metrics

MEDIA_TYPE = "application/problem+json"
_log = logs.get("gateway.http.problems")


class Unprocessable(InvalidInput):
    """The body is JSON, but not what this route asks for."""

    code, title, status = "invalid_request", "The request does not have the form it needs", 422


class MethodNotAllowed(FadaError):
    """The address takes other methods only."""

    code, title, status = "method_not_allowed", "This address does not take that method", 405


class NoSuchAddress(FadaError):
    """No route has this address."""

    code, title, status = "no_such_address", "There is no such address on this hub", 404


class Internal(FadaError):
    """An unexpected fault. The log has more, under the request id."""


def content(error: FadaError, request_id: str) -> dict[str, Any]:
    """The members of a problem. ``error.members``, if it has any, are added."""
    members: Mapping[str, Any] = getattr(error, "members", {})
    return {
        "type": f"urn:fada:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        **members,
    }


def response(
    error: FadaError, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem response, with Retry-After and WWW-Authenticate where they belong."""
    metrics.REFUSED.labels(error.code).inc()
    fields = dict(headers or {})
    if error.retry_after is not None or error.retryable:
        fields["Retry-After"] = str(max(1, math.ceil(error.retry_after or 5)))
    if isinstance(error, NotAuthenticated):
        fields["WWW-Authenticate"] = 'Bearer realm="fada"'
    fields.setdefault("Cache-Control", "no-store")
    fields.update(getattr(error, "headers", {}))
    body = json.dumps(content(error, request_id), ensure_ascii=False).encode()
    return Response(body, error.status, fields, MEDIA_TYPE)


async def refuse_socket(error: FadaError, scope: Scope, receive: Receive, send: Send) -> None:
    """A WebSocket that is not open yet is refused as a request is: with a problem, where the server can."""
    socket = WebSocket(scope, receive, send)
    if "websocket.http.response" in scope.get("extensions", {}):
        await socket.send_denial_response(response(error, _id(socket)))
    else:
        await socket.close(_TRY_AGAIN_LATER if error.retryable else _POLICY, error.code)


def of_validation(error: RequestValidationError) -> FadaError:
    """The field and what is wrong with it, never its value. A malformed id in a path is not found."""
    if any(fault["loc"][:1] == ("path",) for fault in error.errors()):
        return NotFound()
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"]), "problem": fault["type"]}
        for fault in error.errors()[:20]
    ]
    first = faults[0] if faults else {"field": "body", "problem": "invalid"}
    refusal = Unprocessable(f"{first['field']}: {first['problem'].replace('_', ' ')}.")
    refusal.members = {"errors": faults}  # type: ignore[attr-defined]
    return refusal


def of_http(error: HTTPException) -> FadaError:
    """The problem for Starlette's own refusals: unknown address, wrong method, unreadable form."""
    cause = error.__cause__
    while cause is not None:  # a body that was refused while it was read
        if isinstance(cause, FadaError):
            return cause
        cause = cause.__cause__
    if error.status_code == 404:
        return NoSuchAddress("Look at /api/openapi.json for the addresses there are.")
    if error.status_code == 405:
        refusal: FadaError = MethodNotAllowed()
    else:
        refusal = InvalidInput() if error.status_code < 500 else Internal()
        phrase = HTTPStatus(error.status_code).phrase if error.status_code in _KNOWN else ""
        refusal.detail = f"{phrase}." if phrase else refusal.detail
        refusal.status = error.status_code  # type: ignore[misc]
    refusal.headers = dict(error.headers or {})  # type: ignore[attr-defined]
    return refusal


def of_unexpected(error: BaseException) -> FadaError:
    """Log where it happened, without the message: that could hold patient data."""
    _log.error("request.unforeseen", error=error)
    return Internal("This is a fault of the hub. Its log has more under the request id.")


def install(app: FastAPI) -> None:
    """The error handlers of the app. What they miss is caught by ``RequestLogging``."""

    async def on_fada(connection: HTTPConnection, error: Exception) -> Response | None:
        assert isinstance(error, FadaError)
        if isinstance(connection, WebSocket):
            if connection.application_state is WebSocketState.CONNECTING:
                raise error  # the connection is not one yet: the outermost middleware answers
            await connection.close(_TRY_AGAIN_LATER if error.retryable else _POLICY, error.code)
            return None
        return response(error, _id(connection))

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response(of_validation(error), _id(request))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return response(of_http(error), _id(request))

    app.add_exception_handler(FadaError, on_fada)  # type: ignore[arg-type]  # of both kinds
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)


def _id(connection: HTTPConnection) -> str:
    return str(connection.scope.get("state", {}).get("request_id", ""))


_POLICY, _TRY_AGAIN_LATER = 1008, 1013  # RFC 6455 7.4.1, IANA's registry of close codes
_KNOWN = frozenset(int(s) for s in HTTPStatus)
