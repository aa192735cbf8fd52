"""People of a site: invited by a link, changed, shut out. Roles are those of keys."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from gateway.api.administration.sessions import open_session
from gateway.dependencies import Services, ServicesDep
from gateway.http.authenticator import Caller
from gateway.http.authorization import holds
from gateway.http.limits import LoginAttempts
from gateway.http.params import Manager, Reader, RecordId
from gateway.http.passwords import hash_password, matches
from services.domain.errors import Forbidden, NotAuthenticated
from services.domain.study import Role
from services.index.port import Account

router = APIRouter(tags=["Access"])
INVITATION_SECONDS = 3 * 24 * 3600.0
_NAME = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_NAME)]
Password = Annotated[str, Field(max_length=1024)]


class AccountIn(BaseModel):
    """``login``: what they type to sign in, such as an e-mail address; ``name`` is shown to others."""

    login: Annotated[str, StringConstraints(min_length=3, max_length=120, pattern=r"^\S+$")]
    name: Name
    role: Role


class AccountChange(BaseModel):
    """What is left out stays."""

    name: Name | None = None
    role: Role | None = None
    disabled: bool | None = None


class Invitation(BaseModel):
    """The secret of a link."""

    secret: str = Field(min_length=16, max_length=100)


class Acceptance(Invitation):
    """With the password that the person chose."""

    password: Password


class PasswordChange(BaseModel):
    """Of the caller's own account."""

    current: Password
    new: Password


@router.get("/api/accounts", summary="List accounts", operation_id="listAccounts")
def list_accounts(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """The people of the site."""
    with services.index.read() as tx:
        return {"items": [_json(account) for account in tx.accounts.find(who.site)]}


@router.post(
    "/api/accounts", summary="Invite a person", operation_id="makeAccount", status_code=201
)
def make_account(
    body: AccountIn, who: Manager, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """``url`` is shown this once: give it to the person, who chooses a password there."""
    _at_most_own(who.role, body.role)
    if body.role is Role.DEVICE:
        raise Forbidden("Machines have keys; phones are enrolled.")
    with services.index.begin() as tx:
        account = tx.accounts.create(who, body.login, body.name, body.role)
        secret = tx.accounts.invite(who, account.id, INVITATION_SECONDS)
    return {**_json(account), **_link(services, request, secret)}


@router.post(
    "/api/accounts/{account_id}/invitations", summary="Invite a person again",
    operation_id="inviteAgain", status_code=201,
)  # fmt: skip
def invite_again(
    account_id: RecordId, who: Manager, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """For a lost link or a forgotten password; the old password holds until the new one is chosen."""
    with services.index.begin() as tx:
        _at_most_own(who.role, tx.accounts.get(who.site, account_id).role)
        secret = tx.accounts.invite(who, account_id, INVITATION_SECONDS)
    return _link(services, request, secret)


@router.patch(
    "/api/accounts/{account_id}", summary="Change an account", operation_id="changeAccount"
)
def change_account(
    account_id: RecordId, body: AccountChange, who: Manager, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """Name and role; ``disabled`` shuts the person out and ends their sessions."""
    with services.index.begin() as tx:
        _at_most_own(who.role, tx.accounts.get(who.site, account_id).role)
        if body.role is not None:
            _at_most_own(who.role, body.role)
        account = tx.accounts.change(
            who, account_id, name=body.name, role=body.role, disabled=body.disabled
        )
    request.app.state.authenticator.invalidate()
    return _json(account)


@router.post("/api/invitations/look", summary="Look at an invitation", operation_id="invited")
def look(body: Invitation, services: ServicesDep, request: Request) -> dict[str, Any]:
    """For whom a link is."""
    attempts: LoginAttempts = request.app.state.attempts
    with attempts.attempt(request, "invitation"), services.index.read() as tx:
        account = tx.accounts.invited(body.secret)
    return {"login": account.login, "name": account.name, "site": account.site}


@router.post("/api/invitations/accept", summary="Accept an invitation", operation_id="accept")
def accept(body: Acceptance, services: ServicesDep, request: Request) -> Response:
    """Sets the password and signs in."""
    attempts: LoginAttempts = request.app.state.attempts
    with attempts.attempt(request, "invitation"), services.index.read() as tx:
        account = tx.accounts.invited(body.secret)
    hashed = hash_password(body.password, account.login, account.name)
    with services.index.begin() as tx:
        account = tx.accounts.accept(body.secret, hashed)
    request.app.state.authenticator.invalidate()
    return open_session(services, request, Caller(account.principal, "account"), account.id)


@router.post("/api/me/password", summary="Change one's password", operation_id="changePassword")
def change_password(
    body: PasswordChange, who: Reader, services: ServicesDep, request: Request
) -> Response:
    """Ends all other sessions of the account."""
    kind, _, account_id = who.subject.partition(":")
    if kind != "person":
        raise Forbidden("A key has no password.")
    with services.index.read() as tx:
        account = tx.accounts.get(who.site, account_id)
    if not matches(account.password_hash, body.current):
        with services.index.begin() as tx:
            tx.accounts.failed(account)
        raise NotAuthenticated("The present password is another one.")
    hashed = hash_password(body.new, account.login, account.name)
    with services.index.begin() as tx:
        tx.accounts.set_password(who, account_id, hashed)
    request.app.state.authenticator.invalidate()
    return open_session(services, request, Caller(account.principal, "account"), account.id)


def _at_most_own(own: Role, other: Role) -> None:
    if other is not Role.DEVICE and not holds(own, other):
        raise Forbidden("You cannot give or change a higher role than yours.")


def _link(services: Services, request: Request, secret: str) -> dict[str, Any]:
    base = services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    # Behind the hash it is sent to no server and stands in no log.
    return {"url": f"{base}/invitation#{secret}", "expires_in": int(INVITATION_SECONDS)}


def _json(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "login": account.login if account.external is None else "",
        "name": account.name,
        "role": account.role.value,
        "sign_on": account.external is not None,
        "created_at": account.created_at,
        "invited": not account.password_hash and account.external is None,
        "disabled_at": account.disabled_at,
        "locked_until": account.locked_until,
    }
