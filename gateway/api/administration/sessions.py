"""Page sessions: whoever is identified gets a cookie that scripts cannot read; listed and ended."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.authenticator import COOKIE, Authenticator, Caller
from gateway.http.authorization import holds
from gateway.http.oidc.sign_on import SignOn
from gateway.http.params import Reader, ReaderOrDevice, RecordId
from gateway.representations.serializers import display_name
from services.domain.errors import Forbidden, Unavailable
from services.domain.study import Principal, Role
from services.index.port import PageSession, Transaction

router = APIRouter(tags=["Access"])
SIGN_OUT_HINT = "fada_sign_out"  # the ID token of a sign-on, which its issuer asks for at sign-out


def open_session(
    services: Services, request: Request, caller: Caller, credential: str
) -> JSONResponse:
    """The caller as JSON, with the cookie of a new session. Blocking."""
    token, until = start_session(services, request, caller, credential)
    answer = JSONResponse(_caller_json(caller, until))
    set_session(services, request, answer, token, until)
    return answer


def start_session(
    services: Services,
    request: Request,
    caller: Caller,
    credential: str,
    issuer_session: str = "",
) -> tuple[str, float]:
    """Of a caller who was identified: (cookie's value, Unix seconds of its end). Blocking."""
    authenticator: Authenticator = request.app.state.authenticator
    with services.index.read() as tx:
        name = display_name(tx, caller.principal)
    token, until = authenticator.new_session(caller, request, credential, name, issuer_session)
    with services.index.begin() as tx:
        tx.audit.add(caller.principal, "sign_in", credential or caller.via, {"via": caller.via})
    return token, until


def set_session(
    services: Services, request: Request, answer: Response, token: str, until: float
) -> None:
    """The session's cookie."""
    seconds = max(int(until - datetime.now(UTC).timestamp()), 1)
    set_cookie(services, request, answer, COOKIE, token, seconds)


def set_cookie(
    services: Services,
    request: Request,
    answer: Response,
    name: str,
    value: str,
    seconds: int,
    *,
    path: str = "/",
    same_site: Literal["strict", "lax"] = "strict",
) -> None:
    """A cookie that no script reads, and that goes over TLS alone where the hub has TLS."""
    public = services.settings.public_url
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite=same_site,
        secure=request.url.scheme == "https" or public.startswith("https://"),
    )


@router.post("/logout", summary="Sign out", operation_id="logout")
def logout(request: Request) -> Response:
    """Removes the cookie, and ends its session here: a copy of it opens nothing. ``url``: where somebody
    who signed on with an issuer signs out there too, or null.
    """
    authenticator: Authenticator = request.app.state.authenticator
    sign_on: SignOn | None = request.app.state.sign_on
    if token := request.cookies.get(COOKIE):
        authenticator.end_session(token)
    url = None
    if sign_on is not None and (id_token := request.cookies.get(SIGN_OUT_HINT)):
        with suppress(Unavailable):  # then they are signed out here alone
            url = sign_on.end_session_url(id_token)
    answer = JSONResponse({"url": url})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    answer.delete_cookie(SIGN_OUT_HINT, path="/logout", httponly=True, samesite="strict")
    return answer


@router.get("/api/me", summary="Get the caller", operation_id="me")
def me(request: Request, _: ReaderOrDevice, services: ServicesDep) -> dict[str, Any]:
    """Subject, name, site and role of the caller, and how they signed in. ``account``: of people with
    a password of this hub, whether passkeys are possible, and whether they cannot come again without one.
    """
    caller: Caller = request.scope["state"]["caller"]
    with services.index.read() as tx:
        name = display_name(tx, caller.principal)
        account = _account_json(request, services, tx, caller.principal)
    return {**_caller_json(caller, caller.until), "name": name, "account": account}


def _account_json(
    request: Request, services: Services, tx: Transaction, who: Principal
) -> dict[str, bool] | None:
    kind, _, account_id = who.subject.partition(":")
    if kind != "person" or tx.accounts.get(who.site, account_id).external is not None:
        return None
    demanded = services.settings.demands_passkey(who.site)
    return {
        "passkeys": request.app.state.relying_party is not None,
        "needs_passkey": demanded and not tx.passkeys.find(who.site, account_id),
    }


@router.get("/api/sessions", summary="List page sessions", operation_id="listSessions")
def list_sessions(
    request: Request, who: Reader, services: ServicesDep, everyone: bool = False
) -> dict[str, Any]:
    """One's own; with ``everyone`` those of the site, for managers."""
    if everyone and not holds(who.role, Role.MANAGER):
        raise Forbidden("Only managers see the sessions of others.")
    caller: Caller = request.scope["state"]["caller"]
    with services.index.read() as tx:
        sessions = tx.sessions.find(who.site, None if everyone else who.subject)
    return {"items": [{**_session_json(s), "this": s.id == caller.session} for s in sessions]}


@router.delete(
    "/api/sessions/{session_id}", summary="End a page session", operation_id="endSession",
    status_code=204,
)  # fmt: skip
def end_session(
    session_id: RecordId, who: Reader, services: ServicesDep, request: Request
) -> Response:
    """One's own, or as a manager any of the site's; it is refused from now on."""
    with services.index.begin() as tx:
        own = {s.id for s in tx.sessions.find(who.site, who.subject)}
        if session_id not in own and not holds(who.role, Role.MANAGER):
            raise Forbidden("Only managers end the sessions of others.")
        tx.sessions.end(who.site, session_id)
        tx.audit.add(who, "session.ended", session_id)
    request.app.state.authenticator.invalidate()
    return Response(status_code=204)


def _session_json(row: PageSession) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name or row.subject,
        "role": row.role.value,
        "via": row.via,
        "address": row.address,
        "browser": row.browser,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }


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
