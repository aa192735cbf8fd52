"""Sign-on with an OpenID Connect issuer: there and back, to a page session like any other."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from gateway.api.administration.sessions import (
    SIGN_OUT_HINT,
    set_cookie,
    set_session,
    start_session,
)
from gateway.dependencies import Services, ServicesDep
from gateway.http.authenticator import Caller
from gateway.http.limits import LoginAttempts
from gateway.http.oidc.sign_on import CALLBACK, TICKET_SECONDS, SignedOn, SignOn, SignOnRefused
from gateway.http.problems import NoSuchAddress
from services.domain.errors import FadaError, InvalidInput, TooLarge
from services.domain.study import Principal
from services.index.port import Account
from services.telemetry import logs, metrics

router = APIRouter(tags=["Access"])
TICKET, TICKET_PATH = "fada_sign_on", "/login/oidc"
LOGOUT = "/login/oidc/logout"
_MOST_FORM = 64 * 1024
_LOGOUT_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["logout_token"],
                    "properties": {"logout_token": {"type": "string"}},
                }
            }
        },
    }
}
_MOST_COOKIE = 3500  # characters; browsers take 4096 bytes with name and attributes
_log = logs.get("gateway.api.sign_on")


@router.get("/login/options", summary="Ways to sign in", operation_id="loginOptions")
async def options(request: Request) -> dict[str, Any]:
    """``sign_on``: the name of the issuer that people may sign on with, or null. ``passkeys``: whether
    this hub's address allows them.
    """
    sign_on: SignOn | None = request.app.state.sign_on
    return {
        "sign_on": None if sign_on is None else {"name": sign_on.name},
        "passkeys": request.app.state.relying_party is not None,
    }


@router.get("/login/oidc", summary="Sign on", operation_id="signOn", status_code=303)
def begin(request: Request, services: ServicesDep, back: str = "/") -> Response:
    """To the issuer's page. ``back``: the page of this hub to come back to."""
    sign_on = _configured(request)
    try:
        url, ticket = sign_on.begin(back)
    except FadaError as error:
        return _back_with(error)
    answer = _redirect(url)
    set_cookie(
        services, request, answer, TICKET, ticket, int(TICKET_SECONDS),
        path=TICKET_PATH, same_site="lax",  # the issuer's page sends the browser back here
    )  # fmt: skip
    return answer


@router.get(CALLBACK, summary="Come back from signing on", operation_id="signedOn", status_code=303)
async def finish(request: Request, services: ServicesDep) -> Response:
    """Opens a session, or goes to the sign-in page, which says why not (``?sign_on=<code>``)."""
    sign_on = _configured(request)
    attempts: LoginAttempts = request.app.state.attempts
    try:
        with attempts.attempt(request, "sign-on"):
            person = await sign_on.finish(
                request.cookies.get(TICKET, ""), dict(request.query_params)
            )
            answer = await run_in_threadpool(_open, services, request, person)
    except FadaError as error:
        answer = _back_with(error)
    answer.delete_cookie(TICKET, path=TICKET_PATH, httponly=True, samesite="lax")
    return answer


@router.post(
    LOGOUT,
    summary="Be told that somebody signed out at the issuer",
    operation_id="signedOut",
    openapi_extra=_LOGOUT_FORM,
)
async def signed_out(request: Request, services: ServicesDep) -> Response:
    """OpenID Connect Back-Channel Logout 1.0: the issuer's own request, proven by its ``logout_token``. Their
    sessions here end: the one that the token names, or all of the person.
    """
    sign_on = _configured(request)
    attempts: LoginAttempts = request.app.state.attempts
    with attempts.attempt(request, "sign-out"):
        token = _logout_token(await _small_body(request))
        subject, session = await run_in_threadpool(sign_on.signed_out, token)
    await run_in_threadpool(_end, services, subject, session)
    request.app.state.authenticator.invalidate()
    return Response(headers={"Cache-Control": "no-store"})


async def _small_body(request: Request) -> bytes:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > _MOST_FORM:
            raise TooLarge("A logout token has no such size.")
    return bytes(content)


def _logout_token(body: bytes) -> str:
    """Raises InvalidInput."""
    try:
        return dict(parse_qsl(body.decode("ascii"), strict_parsing=True))["logout_token"]
    except (ValueError, KeyError) as error:
        raise InvalidInput("Send a form with logout_token.") from error


def _end(services: Services, subject: str, session: str) -> None:
    with services.index.begin() as tx:
        for ended in tx.sessions.end_signed_on(subject, session):
            who = Principal(ended.subject, ended.site, ended.role)
            tx.audit.add(who, "sign_out", ended.credential, {"via": "issuer"})


def _open(services: Services, request: Request, person: SignedOn) -> Response:
    """Raises SignOnRefused: shut out here."""
    with services.index.begin() as tx:
        account = tx.accounts.signed_on(person.subject, person.site, _shown(person), person.role)
        if account.disabled_at is not None:
            tx.audit.add(account.principal, "sign_in.refused", account.id)
    if account.disabled_at is not None:
        raise SignOnRefused("A manager of this hub has shut you out.")
    until = time.time() + services.settings.oidc_session_hours * 3600
    token, until = start_session(
        services, request, _caller(account, until), account.id, person.issuer_session
    )
    answer = _redirect(person.back)
    set_session(services, request, answer, token, until)
    kept = person.id_token if len(person.id_token) <= _MOST_COOKIE else "too-long"
    seconds = int(until - time.time())
    set_cookie(services, request, answer, SIGN_OUT_HINT, kept, seconds, path="/logout")
    return answer


def _caller(account: Account, until: float) -> Caller:
    return Caller(account.principal, "oidc", until)


def _shown(person: SignedOn) -> str:
    return "".join(c for c in person.name if c.isprintable())[:80].strip() or person.subject[:80]


def _configured(request: Request) -> SignOn:
    sign_on: SignOn | None = request.app.state.sign_on
    if sign_on is None:
        raise NoSuchAddress("This hub has no sign-on service.")
    return sign_on


def _redirect(url: str) -> RedirectResponse:
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})


def _back_with(error: FadaError) -> Response:
    """A person in a browser is told by a page, in their language."""
    metrics.REFUSED.labels(error.code).inc()
    _log.info("sign-on refused", extra={"code": error.code})
    return _redirect("/?" + urlencode({"sign_on": error.code}))
