"""People: accounts, their invitations, and the waits after wrong passwords."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, insert, select, update

from services.domain.errors import Conflict, Gone, NotFound
from services.domain.study import Principal, Role
from services.index.access.accounts_port import Account
from services.index.access.audit import AuditTable
from services.index.access.sessions import SessionsTable
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import accounts, invitations

_FREE_FAILURES = 5  # wrong passwords before the first wait
_LONGEST_WAIT = timedelta(minutes=15)


class LoginTaken(Conflict):
    """Another person has it, here or at another site."""

    code, title = "login_taken", "This sign-in name is taken; choose another"


class NamedElsewhere(Conflict):
    """Name, role and password of somebody who signs on elsewhere are that service's matter."""

    code, title = "named_elsewhere", "This person signs on elsewhere; change it there"


class AccountsTable:
    """The port's ``Accounts``."""

    def __init__(self, session: Session, audit: AuditTable, sessions: SessionsTable) -> None:
        self._session, self._audit, self._sessions = session, audit, sessions

    def create(self, who: Principal, login: str, name: str, role: Role) -> Account:
        """Without a password yet. Raises LoginTaken."""
        now = self._session.now()
        account = Account(new_id(), who.site, _folded(login), name, role, "", now, who.subject)
        if not self._insert(account):
            raise LoginTaken
        self._audit.add(who, "account.created", account.id, {"role": role.value})
        return account

    def find(self, site: str) -> list[Account]:
        """Oldest first."""
        query = select(accounts).where(accounts.c.site == site).order_by(accounts.c.id)
        return [_account(row) for row in self._session.connection.execute(query).mappings()]

    def get(self, site: str, account_id: str) -> Account:
        """Raises NotFound, also in another site."""
        account = self._one(accounts.c.site == site, accounts.c.id == account_id)
        if account is None:
            raise NotFound
        return account

    def by_login(self, login: str) -> Account | None:
        """Of any site; upper and lower case are one."""
        return self._one(accounts.c.login == _folded(login))

    def signed_on(self, external: str, site: str, name: str, role: Role) -> Account:
        """Whom a sign-on service let in; made at the first time, and renamed as it says."""
        where = (accounts.c.external == external, accounts.c.site == site)
        known = self._one(*where)
        if known is None:
            made = new_id()
            who = Principal(f"person:{made}", site, role)
            account = Account(
                made, site, f"sign-on:{made}", name, role, "", self._session.now(), who.subject,
                external=external,
            )  # fmt: skip
            if self._insert(account):
                self._audit.add(who, "account.created", made, {"role": role.value})
                return account
            known = self._one(*where)  # made by another sign-on of theirs at the same moment
            assert known is not None
        if known.disabled_at is None and (known.name, known.role) != (name, role):
            self._set(known.id, name=name, role=role.value)
            if known.role is not role:
                detail = {"role": role.value, "disabled": False}
                self._audit.add(known.principal, "account.changed", known.id, detail)
            return replace(known, name=name, role=role)
        return known

    def change(
        self,
        who: Principal,
        account_id: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
    ) -> Account:
        """What is None stays; one that is disabled is signed out. Raises NotFound,
        NamedElsewhere.
        """
        before = self.get(who.site, account_id)
        if before.external is not None and (name is not None or role is not None):
            raise NamedElsewhere
        after = replace(before, name=name or before.name, role=role or before.role)
        if disabled is not None:
            after = replace(after, disabled_at=self._session.now() if disabled else None)
        self._set(account_id, name=after.name, role=after.role, disabled_at=after.disabled_at)
        if disabled:
            self._sessions.end_all(who.site, before.principal.subject)
        detail = {"role": after.role.value, "disabled": after.disabled_at is not None}
        self._audit.add(who, "account.changed", account_id, detail)
        return after

    def invite(self, who: Principal, account_id: str, seconds: float) -> str:
        """A secret for a link, good once; links made before hold no more. Raises NotFound,
        NamedElsewhere.
        """
        if self.get(who.site, account_id).external is not None:
            raise NamedElsewhere
        secret, now = secrets.token_urlsafe(24), self._session.now()
        before = update(invitations).where(
            invitations.c.account_id == account_id, invitations.c.used_at.is_(None)
        )
        self._session.connection.execute(before.values(used_at=now))
        values = {
            "secret_hash": _hash(secret),
            "account_id": account_id,
            "site": who.site,
            "created_at": now,
            "expires_at": now + timedelta(seconds=seconds),
        }
        self._session.connection.execute(insert(invitations), values)
        self._audit.add(who, "account.invited", account_id)
        return secret

    def invited(self, secret: str) -> Account:
        """Whom a link is for. Raises Gone: unknown, used or over."""
        query = select(invitations.c.account_id).where(self._holds(secret))
        account_id = self._session.connection.execute(query).scalar_one_or_none()
        account = self._one(accounts.c.id == account_id) if account_id else None
        if account is None or account.disabled_at is not None:
            raise Gone("This invitation was used or has ended. Ask for a new one.")
        return account

    def accept(self, secret: str, password_hash: str) -> Account:
        """The link is used and the password set; sessions from before end. Raises Gone."""
        account = self.invited(secret)
        use = update(invitations).where(self._holds(secret)).values(used_at=self._session.now())
        if self._session.connection.execute(use).rowcount != 1:
            raise Gone("This invitation was used or has ended. Ask for a new one.")
        self.set_password(account.principal, account.id, password_hash)
        return self.get(account.site, account.id)

    def set_password(self, who: Principal, account_id: str, password_hash: str) -> None:
        """By the person; their sessions end. Raises NotFound."""
        account = self.get(who.site, account_id)
        self._set(account_id, password_hash=password_hash, failures=0, locked_until=None)
        self._sessions.end_all(account.site, account.principal.subject)
        self._audit.add(who, "account.password_set", account_id)

    def failed(self, account: Account) -> datetime | None:
        """A wrong password: from the sixth on the account waits, each time twice as long."""
        change = update(accounts).where(accounts.c.id == account.id)
        self._session.connection.execute(change.values(failures=accounts.c.failures + 1))
        failures = self.get(account.site, account.id).failures
        over = failures - _FREE_FAILURES
        until = None
        if over > 0:
            wait = min(timedelta(seconds=2.0 ** min(over, 20)), _LONGEST_WAIT)
            until = self._session.now() + wait
            self._set(account.id, locked_until=until)
        self._audit.add(account.principal, "sign_in.refused", account.id, {"failures": failures})
        return until

    def succeeded(self, account: Account) -> None:
        """A right one: the failures before are forgotten."""
        self._set(account.id, failures=0, locked_until=None)

    def _one(self, *where: ColumnElement[bool]) -> Account | None:
        row = self._session.connection.execute(select(accounts).where(*where)).mappings().first()
        return None if row is None else _account(row)

    def _insert(self, account: Account) -> bool:
        """False: login or external name is taken."""
        values = {column: getattr(account, column) for column in accounts.c.keys()}  # noqa: SIM118
        return self._session.insert_new(accounts, {**values, "role": account.role.value})

    def _set(self, account_id: str, **values: Any) -> None:
        change = update(accounts).where(accounts.c.id == account_id)
        self._session.connection.execute(change.values(**values))

    def _holds(self, secret: str) -> ColumnElement[bool]:
        columns = invitations.c
        return (
            (columns.secret_hash == _hash(secret))
            & columns.used_at.is_(None)
            & (columns.expires_at > self._session.now())
        )


def _folded(login: str) -> str:
    return login.strip().casefold()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _account(row: RowMapping) -> Account:
    return Account(**{**row, "role": Role(row["role"])})
