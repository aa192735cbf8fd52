"""What the index promises about people: invited by a link, or known to a sign-on service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.study import Principal, Role


@dataclass(frozen=True, slots=True)
class Account:
    """A person of one site. ``login`` is theirs alone on the whole hub; without a password hash the
    invitation was not taken up yet. ``failures``: wrong passwords since the last right one.
    ``external``: who they are to the sign-on service, which says their name and role; None: they have
    a password here.
    """

    id: str
    site: str
    login: str
    name: str
    role: Role
    password_hash: str
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None
    failures: int = 0
    locked_until: datetime | None = None
    external: str | None = None

    @property
    def principal(self) -> Principal:
        """Who they are in every query and audit entry."""
        return Principal(f"person:{self.id}", self.site, self.role)


class Accounts(Protocol):
    """People. Methods that take a ``Principal`` write their own audit entry."""

    def create(self, who: Principal, login: str, name: str, role: Role) -> Account:
        """Without a password yet. Raises LoginTaken."""
        ...

    def find(self, site: str) -> list[Account]:
        """Oldest first."""
        ...

    def get(self, site: str, account_id: str) -> Account:
        """Raises NotFound, also in another site."""
        ...

    def by_login(self, login: str) -> Account | None:
        """Of any site; upper and lower case are one."""
        ...

    def signed_on(self, external: str, site: str, name: str, role: Role) -> Account:
        """Whom a sign-on service let in, as it names them now; made at the first time. One that was
        shut out here is given back as such.
        """
        ...

    def change(
        self,
        who: Principal,
        account_id: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
    ) -> Account:
        """What is None stays. Raises NotFound, NamedElsewhere."""
        ...

    def invite(self, who: Principal, account_id: str, seconds: float) -> str:
        """A secret for a link, good once; links made before hold no more. Raises NotFound,
        NamedElsewhere.
        """
        ...

    def invited(self, secret: str) -> Account:
        """Whom a link is for. Raises Gone: unknown, used or over."""
        ...

    def accept(self, secret: str, password_hash: str) -> Account:
        """The link is used and the password set; sessions from before end. Raises Gone."""
        ...

    def set_password(self, who: Principal, account_id: str, password_hash: str) -> None:
        """By the person. Raises NotFound."""
        ...

    def failed(self, account: Account) -> datetime | None:
        """A wrong password: until when the account takes none, if it does not."""
        ...

    def succeeded(self, account: Account) -> None:
        """A right one: the failures before are forgotten."""
        ...
