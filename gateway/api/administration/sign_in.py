"""Signing in: an API key, or a person's password, with a passkey beside it where their site asks for it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from gateway.api.administration.sessions import open_session, set_cookie
from gateway.dependencies import Services, ServicesDep
from gateway.http.authenticator import DEVICE_PREFIX, KEY_PREFIX, Authenticator, Caller
from gateway.http.limits import LoginAttempts
from gateway.http.passkeys import RelyingParty
from gateway.http.passwords import matches
from gateway.http.tokens import Signer
from services.domain.errors import Forbidden, NotAuthenticated, RateLimited
from services.domain.study import Principal, Role
from services.index.port import Account

router = APIRouter(tags=["Access"])
KNOWN, KNOWN_SECONDS = "fada_known", 365 * 24 * 3600.0  # a browser that its person signed in with


class Login(BaseModel):
    """An API key. People have a password, or sign on with the issuer (``/login/oidc``)."""

    key: str = Field(min_length=8, max_length=8192, examples=["fada_3f9c0a1b2c3d4e5f_…"])


@router.post("/login", summary="Sign in", operation_id="login")
async def login(body: Login, request: Request, services: ServicesDep) -> JSONResponse:
    """Sets the session cookie. Phones do not use it: they have a key of their own."""
    authenticator: Authenticator = request.app.state.authenticator
    attempts: LoginAttempts = request.app.state.attempts
    claimed = body.key.split("_")[1][:64] if body.key.startswith(KEY_PREFIX) else ""
    with attempts.attempt(request, claimed):
        try:
            if not body.key.startswith((KEY_PREFIX, DEVICE_PREFIX)):
                raise NotAuthenticated("A key begins with fada_.")
            caller = await run_in_threadpool(authenticator.identify, "bearer", body.key)
        except NotAuthenticated:
            await run_in_threadpool(_note_refusal, services, claimed)
            raise
    if caller.via == "device":
        raise Forbidden("A phone's token does not open the pages.")
    return await run_in_threadpool(open_session, services, request, caller, claimed)


def _note_refusal(services: Services, claimed: str) -> None:
    """A wrong key, in the trail of the site that the claimed one belongs to, if there is such a key."""
    with services.index.begin() as tx:
        site = tx.keys.sites([claimed]).get(claimed)
        if site is not None:
            who = Principal(f"key:{claimed}", site, Role.READER)
            tx.audit.add(who, "sign_in.refused", claimed)


class PasswordLogin(BaseModel):
    """A person's sign-in name and password."""

    login: str = Field(min_length=1, max_length=120)
    password: str = Field(max_length=1024)


@router.post("/login/password", summary="Sign in by password", operation_id="passwordLogin")
def password_login(body: PasswordLogin, request: Request, services: ServicesDep) -> JSONResponse:
    """After five wrong passwords the account takes none for a while, each time longer. A browser that
    the person signed in with before is counted by itself: others cannot lock them out of it. Where the
    site asks for a second factor the answer is ``passkey_needed``, with ``options`` and ``ticket`` for
    ``/login/passkey``.
    """
    attempts: LoginAttempts = request.app.state.attempts
    with services.index.read() as tx:
        account = tx.accounts.by_login(body.login)
    known = account is not None and is_known(request, account)
    place = f"known {request.cookies[KNOWN]}" if known else f"login {body.login.casefold()}"
    with attempts.attempt(request, hashlib.sha256(place.encode()).hexdigest()):
        account = verified_password(services, body.password, account, known=known)
    if services.settings.demands_passkey(account.site):
        _ask_for_passkey(services, request, account)
    return open_known_session(services, request, account)


def _ask_for_passkey(services: Services, request: Request, account: Account) -> None:
    """Raises PasskeyNeeded; Forbidden where there is none to ask for."""
    party: RelyingParty | None = request.app.state.relying_party
    with services.index.read() as tx:
        known = tx.passkeys.find(account.site, account.id)
    if party is None or not known:
        raise Forbidden("Your site asks for a passkey. Ask a manager for a new link to make one.")
    raise PasskeyNeeded(party.ask(account.id, known))


class PasskeyNeeded(NotAuthenticated):
    """The password was right, and is one factor of two."""

    code, title = "passkey_needed", "Now show your passkey"

    def __init__(self, asked: dict[str, Any]) -> None:
        super().__init__()
        self.members = asked


def open_known_session(services: Services, request: Request, account: Account) -> JSONResponse:
    """Of a person in a browser, which is known as theirs from now on. Blocking."""
    caller = Caller(account.principal, "account")
    answer = open_session(services, request, caller, account.id)
    signer: Signer = request.app.state.signer
    token = signer.sign("known", {"account": account.id}, KNOWN_SECONDS)
    set_cookie(services, request, answer, KNOWN, token, int(KNOWN_SECONDS))
    return answer


def refuse_while_locked(account: Account | None, known: bool) -> None:
    """``known``: in a browser of theirs nobody else can lock them out. Raises RateLimited."""
    until = account.locked_until if account is not None else None
    if until is not None and not known and until > (now := datetime.now(UTC)):
        wait = (until - now).total_seconds()
        raise RateLimited("Too many wrong passwords. Wait, then try again.", retry_after=wait)


def verified_password(
    services: Services, password: str, account: Account | None, *, known: bool
) -> Account:
    """Raises NotAuthenticated, RateLimited; none says whether there is such an account."""
    refuse_while_locked(account, known)
    right = matches(account.password_hash if account is not None else "", password)
    if account is None or not right or account.disabled_at is not None:
        if account is not None and not known:
            with services.index.begin() as tx:
                tx.accounts.failed(account)
        raise NotAuthenticated("The name or the password is wrong.")
    with services.index.begin() as tx:
        tx.accounts.succeeded(account)
    return account


def is_known(request: Request, account: Account) -> bool:
    """Whether the account's person signed in with this browser before."""
    signer: Signer = request.app.state.signer
    try:
        claims = signer.read("known", request.cookies.get(KNOWN, ""))
    except NotAuthenticated:
        return False
    return bool(claims["account"] == account.id)
