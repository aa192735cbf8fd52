"""Page sessions: a key or token becomes a cookie that scripts cannot read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.auth import COOKIE, Authenticator, Caller
from gateway.http.limits import LoginAttempts
from gateway.http.params import ReaderOrDevice
from gateway.representations.serializers import display_name
from services.domain.errors import Forbidden

router = APIRouter(tags=["Access"])


class Login(BaseModel):
    """An API key or an OpenID Connect token."""

    key: str = Field(min_length=8, max_length=8192, examples=["fada_3f9c0a1b2c3d4e5f_…"])


@router.post("/login", summary="Sign in", operation_id="login")
async def login(body: Login, request: Request) -> JSONResponse:
    """Sets the session cookie. Phones do not use it: they have a key of their own."""
    authenticator: Authenticator = request.app.state.authenticator
    attempts: LoginAttempts = request.app.state.attempts
    with attempts.attempt(request):
        caller = await run_in_threadpool(authenticator.identify, "bearer", body.key)
    if caller.via == "device":
        raise Forbidden("A phone's token does not open the pages.")
    token, seconds = authenticator.new_session(caller, body.key)
    answer = JSONResponse(_caller_json(caller, time.time() + seconds))
    secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, token, max_age=int(seconds), httponly=True, samesite="strict", secure=secure
    )
    return answer


@router.post("/logout", summary="Sign out", operation_id="logout", status_code=204)
def logout() -> Response:
    """Removes the cookie."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


@router.get("/api/me", summary="Get the caller", operation_id="me")
def me(request: Request, _: ReaderOrDevice, services: ServicesDep) -> dict[str, Any]:
    """Subject, name, site and role of the caller, and how they signed in."""
    caller: Caller = request.scope["state"]["caller"]
    with services.index.read() as tx:
        name = display_name(tx, caller.principal)
    return {**_caller_json(caller, caller.until), "name": name}


def _caller_json(caller: Caller, until: float) -> dict[str, Any]:
    who = caller.principal
    ends = datetime.fromtimestamp(until, UTC).isoformat() if until != float("inf") else None
    return {
        "subject": who.subject,
        "site": who.site,
        "role": who.role.value,
        "via": caller.via,
        "expires_at": ends,
    }
