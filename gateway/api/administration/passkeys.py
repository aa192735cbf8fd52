"""Passkeys of people: registered with their password, listed, removed; and signing in with one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from gateway.api.administration.sign_in import (
    is_known,
    open_known_session,
    refuse_while_locked,
    verified_password,
)
from gateway.dependencies import Services, ServicesDep
from gateway.http.limits import LoginAttempts
from gateway.http.params import Reader, RecordId
from gateway.http.passkeys import PasskeyRefused, RelyingParty
from gateway.http.problems import NoSuchAddress
from services.domain.errors import Forbidden
from services.domain.study import Principal
from services.index.port import Account, Passkey, Transaction

router = APIRouter(tags=["Access"])
_NAME = r"^[^\x00-\x1f\x7f]+$"
Ticket = Annotated[str, Field(min_length=8, max_length=1000)]


class Password(BaseModel):
    """Of the caller's own account: a session that somebody left open registers nothing."""

    password: str = Field(max_length=1024)


class NewPasskey(BaseModel):
    """``credential``: the browser's PublicKeyCredential as JSON (WebAuthn Level 3)."""

    ticket: Ticket
    name: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_NAME)]
    credential: dict[str, Any]


class PasskeyLogin(BaseModel):
    """``credential``: the browser's PublicKeyCredential as JSON (WebAuthn Level 3)."""

    ticket: Ticket
    credential: dict[str, Any]


@router.get("/api/me/passkeys", summary="List one's passkeys", operation_id="listPasskeys")
def list_passkeys(who: Reader, services: ServicesDep) -> dict[str, Any]:
    """Those of the caller's account."""
    with services.index.read() as tx:
        account = _own(tx, who)
        return {"items": [_json(one) for one in tx.passkeys.find(who.site, account.id)]}


@router.post(
    "/api/me/passkeys/options", summary="Begin to register a passkey", operation_id="askForPasskey"
)
def options_of_new(
    body: Password, who: Reader, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """``options`` for ``navigator.credentials.create``, and a ``ticket`` to send back with its answer."""
    party = _party(request)
    with services.index.read() as tx:
        account = _own(tx, who)
        known = tx.passkeys.find(who.site, account.id)
    attempts: LoginAttempts = request.app.state.attempts
    with attempts.attempt(request, account.id):
        verified_password(services, body.password, account, known=True)
    return party.ask_for_new(account, known)


@router.post(
    "/api/me/passkeys", summary="Register a passkey", operation_id="addPasskey", status_code=201
)
def add(body: NewPasskey, who: Reader, services: ServicesDep, request: Request) -> dict[str, Any]:
    """It opens the pages from now on."""
    party = _party(request)
    with services.index.begin() as tx:
        account = _own(tx, who)
        made = party.made(account, body.ticket, body.credential)
        return _json(tx.passkeys.add(who, account.id, *made, body.name))


@router.delete(
    "/api/me/passkeys/{passkey_id}", summary="Remove a passkey", operation_id="removePasskey",
    status_code=204,
)  # fmt: skip
def remove(passkey_id: RecordId, who: Reader, services: ServicesDep) -> Response:
    """It opens nothing any more."""
    with services.index.begin() as tx:
        tx.passkeys.remove(who, _own(tx, who).id, passkey_id)
    return Response(status_code=204)


@router.post(
    "/login/passkey/options", summary="Begin to sign in by passkey", operation_id="passkeyOptions"
)
async def options(request: Request) -> dict[str, Any]:
    """``options`` for ``navigator.credentials.get``, and a ``ticket`` to send back with its answer."""
    return _party(request).ask()


@router.post("/login/passkey", summary="Sign in by passkey", operation_id="passkeyLogin")
def sign_in(body: PasskeyLogin, request: Request, services: ServicesDep) -> JSONResponse:
    """After ``/login/passkey/options``, or after a password that needs a passkey beside it
    (``passkey_needed``). Wrong answers count as wrong passwords do.
    """
    party = _party(request)
    attempts: LoginAttempts = request.app.state.attempts
    with attempts.attempt(request, str(body.credential.get("id", ""))[:256]):
        account = _answered(party, body, request, services)
    return open_known_session(services, request, account)


def _answered(
    party: RelyingParty, body: PasskeyLogin, request: Request, services: Services
) -> Account:
    """Whose passkey it is. Raises NotAuthenticated, RateLimited."""
    asked = party.asked(body.ticket)
    with services.index.read() as tx:
        passkey = tx.passkeys.by_credential(str(body.credential.get("id", "")))
        if passkey is None:
            raise PasskeyRefused()
        account = tx.accounts.get(passkey.site, passkey.account_id)
    known = is_known(request, account)
    refuse_while_locked(account, known)
    try:
        if account.disabled_at is not None:
            raise PasskeyRefused()
        count = party.answered(asked, passkey, body.credential)
        with services.index.begin() as tx:
            if not tx.passkeys.used(passkey, count, asked.challenge_at):
                raise PasskeyRefused()
            tx.accounts.succeeded(account)
    except PasskeyRefused:
        if not known:
            with services.index.begin() as tx:
                tx.accounts.failed(account)
        raise
    return account


def _own(tx: Transaction, who: Principal) -> Account:
    """Raises Forbidden: a key, or somebody who signs on elsewhere."""
    kind, _, account_id = who.subject.partition(":")
    account = tx.accounts.get(who.site, account_id) if kind == "person" else None
    if account is None or account.external is not None:
        raise Forbidden("Passkeys belong to accounts with a password of this hub.")
    return account


def _party(request: Request) -> RelyingParty:
    party: RelyingParty | None = request.app.state.relying_party
    if party is None:
        raise NoSuchAddress("Passkeys need FADA_PUBLIC_URL: a name, with https.")
    return party


def _json(passkey: Passkey) -> dict[str, Any]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "created_at": passkey.created_at,
        "last_used_at": passkey.last_used_at,
    }
