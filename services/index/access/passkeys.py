"""Passkeys (WebAuthn credentials) of accounts."""

from __future__ import annotations

from sqlalchemy import RowMapping, delete, select, update

from services.domain.errors import Conflict, NotFound
from services.domain.study import Principal
from services.index.access.accounts import AccountsTable
from services.index.access.audit import AuditTable
from services.index.access.passkeys_port import Passkey
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import passkeys


class PasskeysTable:
    """The port's ``Passkeys``."""

    def __init__(self, session: Session, audit: AuditTable, accounts: AccountsTable) -> None:
        self._session, self._audit, self._accounts = session, audit, accounts

    def add(
        self, who: Principal, account_id: str, credential_id: str, public_key: bytes,
        sign_count: int, name: str,
    ) -> Passkey:  # fmt: skip
        """A new one. Raises NotFound, Conflict."""
        self._accounts.get(who.site, account_id)
        made = Passkey(
            new_id(), who.site, account_id, credential_id, public_key, sign_count, name,
            self._session.now(),
        )  # fmt: skip
        values = {column: getattr(made, column) for column in passkeys.c.keys()}  # noqa: SIM118
        if not self._session.insert_new(passkeys, values):
            raise Conflict("This passkey is registered already.")
        self._audit.add(who, "passkey.created", account_id, {"passkey": made.id})
        return made

    def find(self, site: str, account_id: str) -> list[Passkey]:
        """Oldest first."""
        where = (passkeys.c.site == site, passkeys.c.account_id == account_id)
        query = select(passkeys).where(*where).order_by(passkeys.c.id)
        return [_passkey(row) for row in self._session.connection.execute(query).mappings()]

    def by_credential(self, credential_id: str) -> Passkey | None:
        """Of any site."""
        query = select(passkeys).where(passkeys.c.credential_id == credential_id)
        row = self._session.connection.execute(query).mappings().first()
        return None if row is None else _passkey(row)

    def used(self, passkey: Passkey, sign_count: int, challenge_at: int) -> bool:
        """False: that challenge or a later one was answered before."""
        fresh = (passkeys.c.id == passkey.id, passkeys.c.challenge_at < challenge_at)
        values = {"sign_count": sign_count, "challenge_at": challenge_at}
        change = update(passkeys).where(*fresh).values(**values, last_used_at=self._session.now())
        return self._session.connection.execute(change).rowcount == 1

    def remove(self, who: Principal, account_id: str, passkey_id: str) -> None:
        """Raises NotFound."""
        where = (passkeys.c.site == who.site, passkeys.c.account_id == account_id)
        gone = delete(passkeys).where(*where, passkeys.c.id == passkey_id)
        if self._session.connection.execute(gone).rowcount != 1:
            raise NotFound
        self._audit.add(who, "passkey.deleted", account_id, {"passkey": passkey_id})


def _passkey(row: RowMapping) -> Passkey:
    return Passkey(**row)
