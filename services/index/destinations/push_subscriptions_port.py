"""What the index promises about the browsers that people subscribed to a destination."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.study import Principal


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """A browser of one person. ``key`` and ``secret`` are its own (RFC 8291), base64url."""

    id: str
    site: str
    destination_id: str
    account_id: str
    endpoint: str
    key: str
    secret: str
    language: str
    created_at: datetime


class PushSubscriptions(Protocol):
    """A person's at most ``MOST``; those of a disabled account are kept and not told anything."""

    def add(
        self,
        who: Principal,
        destination_id: str,
        account_id: str,
        endpoint: str,
        key: str,
        secret: str,
        language: str,
    ) -> PushSubscription:
        """A known endpoint becomes this person's. Raises NotFound, Conflict (too many)."""
        ...

    def find(self, site: str, destination_id: str) -> list[PushSubscription]:
        """Of people whose account is open."""
        ...

    def of_account(self, site: str, account_id: str) -> list[PushSubscription]:
        """One person's, oldest first."""
        ...

    def remove(self, who: Principal, account_id: str, endpoint: str) -> None:
        """One's own; nothing where there is none."""
        ...

    def forget(self, site: str, subscription_id: str) -> None:
        """The push service says that it is gone."""
        ...
