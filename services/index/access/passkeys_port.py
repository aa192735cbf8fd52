"""What the index promises about passkeys (WebAuthn credentials) of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.study import Principal


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key whose private half an authenticator holds. ``credential_id``: base64url, as the
    authenticator names it. ``challenge_at``: when the last challenge that it answered was made,
    microseconds since 1970.
    """

    id: str
    site: str
    account_id: str
    credential_id: str
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
    challenge_at: int = 0


class Passkeys(Protocol):
    """Passkeys. Methods that take a ``Principal`` write their own audit entry."""

    def add(
        self, who: Principal, account_id: str, credential_id: str, public_key: bytes,
        sign_count: int, name: str,
    ) -> Passkey:  # fmt: skip
        """A new one of an account of the site. Raises NotFound, Conflict: it is registered already."""
        ...

    def find(self, site: str, account_id: str) -> list[Passkey]:
        """Those of an account, oldest first."""
        ...

    def by_credential(self, credential_id: str) -> Passkey | None:
        """Of any site."""
        ...

    def used(self, passkey: Passkey, sign_count: int, challenge_at: int) -> bool:
        """It answered a challenge; False: that one or a later one was answered before."""
        ...

    def remove(self, who: Principal, account_id: str, passkey_id: str) -> None:
        """It opens nothing any more. Raises NotFound."""
        ...
