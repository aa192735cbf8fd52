"""What the index promises about page sessions: who is signed in where, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.study import Principal, Role


@dataclass(frozen=True, slots=True)
class PageSession:
    """A browser that is signed in. ``via``: key, oidc or account; ``credential``: the key's or account's
    id. ``address`` and ``browser`` are for people, to recognise it by. ``issuer_session``: what the
    issuer of a sign-on calls it (``sid``), if it said.
    """

    id: str
    site: str
    subject: str
    role: Role
    via: str
    credential: str
    name: str
    address: str
    browser: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    issuer_session: str | None = None


class Sessions(Protocol):
    """Page sessions. Nothing signed is enough by itself: a session holds while its row says so."""

    def create(
        self,
        principal: Principal,
        *,
        via: str,
        credential: str,
        name: str,
        address: str,
        browser: str,
        expires_at: datetime,
        issuer_session: str | None = None,
    ) -> PageSession:
        """A new one, for a caller who was identified."""
        ...

    def live(self, session_id: str) -> PageSession | None:
        """None: there is none, it ended, its time is over, or its key or account was revoked."""
        ...

    def find(self, site: str, subject: str | None = None) -> list[PageSession]:
        """Those that still hold, newest first; of one person, or of the whole site."""
        ...

    def end(self, site: str, session_id: str) -> None:
        """It holds no more. Raises NotFound, also in another site."""
        ...

    def end_all(self, site: str, subject: str) -> int:
        """All of one person's; how many."""
        ...

    def end_signed_on(self, external: str, issuer_session: str) -> list[PageSession]:
        """Those that a sign-on opened, ended now: of the person ``external`` ("": of anybody), and of the
        issuer's session ("": of any). One whose session the issuer did not name counts as that."""
        ...

    def purge(self, before: datetime) -> int:
        """Remove those that were over before that moment; how many."""
        ...
