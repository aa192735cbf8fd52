"""Sign in and out of the pages: a key or token becomes a cookie that scripts cannot read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.dependencies import Needs
from gateway.http.auth import COOKIE, Authenticator, Caller, require
from gateway.http.limits import Attempts
from gateway.reviews.reviews import display_name
from services.domain.errors import Forbidden
from services.domain.study import Principal, Role

router = APIRouter(tags=["Access"])
Anyone = Annotated[Principal, Depends(require(Role.READER, device=True))]


class Login(BaseModel):
    """An API key or an OpenID Connect token."""

    key: str = Field(min_length=8, max_length=8192, examples=["fada_3f9c0a1b2c3d4e5f_…"])


@router.post("/login", summary="Sign in to the pages", operation_id="login")
async def login(body: Login, request: Request) -> JSONResponse:
    """Sets the session cookie. Phones do not use it: they have a key of their own."""
    authenticator: Authenticator = request.app.state.authenticator
    attempts: Attempts = request.app.state.attempts
    with attempts.one(request):
        caller = await run_in_threadpool(authenticator.identify, "bearer", body.key)
    if caller.via == "device":
        raise Forbidden("A phone's token does not open the pages.")
    token, seconds = authenticator.new_session(caller, body.key)
    answer = JSONResponse(_who(caller, time.time() + seconds))
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


@router.get("/api/me", summary="Who am I", operation_id="me")
def me(request: Request, _: Anyone, services: Needs) -> dict[str, Any]:
    """Subject, name, site and role of the caller, and how they were known."""
    caller: Caller = request.scope["state"]["caller"]
    with services.index.read() as tx:
        name = display_name(tx, caller.principal)
    return {**_who(caller, caller.until), "name": name}


def _who(caller: Caller, until: float) -> dict[str, Any]:
    who = caller.principal
    ends = datetime.fromtimestamp(until, UTC).isoformat() if until != float("inf") else None
    return {
        "subject": who.subject,
        "site": who.site,
        "role": who.role.value,
        "via": caller.via,
        "expires_at": ends,
    }
