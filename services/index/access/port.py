"""What the index promises about those who come: keys, uploads, links, and what they did."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.domain.study import Principal, Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key's record; the secret itself is never stored."""

    id: str
    site: str
    role: Role
    name: str
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class Keys(Protocol):
    """API keys: shown once, kept as a hash. Form: ``fada_<id>_<secret>``."""

    def create(self, site: str, role: Role, name: str) -> tuple[ApiKey, str]:
        """The new key and its text, which is shown once."""
        ...

    def verify(self, key: str) -> Principal | None:
        """Who has this key; None for anything that is not a live key."""
        ...

    def find(self, site: str | None) -> list[ApiKey]:
        """Oldest first; of all sites with None."""
        ...

    def sites(self, key_ids: Collection[str]) -> dict[str, str]:
        """Id → site of those that there are, revoked ones too."""
        ...

    def revoke(self, site: str | None, key_id: str) -> None:
        """It works no more. Raises NotFound, also in another site."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """A tus upload. ``offset`` is durable; the bytes lie in the spool under ``id``."""

    id: str
    site: str
    owner: str
    length: int | None
    offset: int
    metadata: dict[str, str]
    created_at: datetime
    expires_at: datetime
    state: str  # open, complete, failed, expired
    outcome: dict[str, Any] = field(default_factory=dict)


class Uploads(Protocol):
    """Resumable uploads. Every method but ``expired`` raises NotFound in another site."""

    def create(
        self,
        principal: Principal,
        length: int | None,
        metadata: dict[str, str],
        expires_at: datetime,
    ) -> Upload:
        """A new one, open. ``length`` in bytes; ``expires_at``: when it may be removed."""
        ...

    def get(self, site: str, upload_id: str) -> Upload:
        """Raises NotFound."""
        ...

    def advance(self, site: str, upload_id: str, expected: int, offset: int) -> None:
        """From ``expected`` to ``offset``, in bytes. Raises OffsetMismatch when it stands elsewhere."""
        ...

    def finish(self, site: str, upload_id: str, state: str, outcome: dict[str, Any]) -> None:
        """``state``: complete or failed; ``outcome`` as JSON, what became of each file."""
        ...

    def unfinished(self, site: str | None) -> list[Upload]:
        """Open ones of a site, or with None of all, oldest first."""
        ...

    def give_up(self, site: str, upload_id: str) -> None:
        """From open to expired before its time: its sender starts again."""
        ...

    def expired(self, limit: int = 100) -> list[Upload]:
        """Of all sites, in any state, those whose time is over."""
        ...

    def expire(self, site: str, upload_id: str) -> None:
        """From open to expired, if its time is over; one that is finished keeps its outcome."""
        ...

    def delete(self, site: str, upload_id: str) -> None:
        """Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer that a request got. ``request_hash``: SHA-256 of what was asked."""

    request_hash: str
    status: int
    body: bytes
    media_type: str


class Idempotency(Protocol):
    """Answers kept for a request that is sent again; all of them expire."""

    def find(self, site: str, key: str) -> Remembered | None:
        """None: there is none, or its time is over."""
        ...

    def keep(self, site: str, key: str, answer: Remembered, expires_at: datetime) -> None:
        """The first answer under a key stays; one that has expired gives way."""
        ...

    def purge(self) -> int:
        """Remove what has expired; how many."""
        ...


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did. ``actor``: a principal's subject."""

    seq: int
    at: datetime
    site: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class Audit(Protocol):
    """Who did what. Append-only; holds ids, never patient data."""

    def add(
        self, principal: Principal, action: str, subject: str, detail: dict[str, Any] | None = None
    ) -> None:
        """In the caller's transaction: what is rolled back was not done."""
        ...

    def find(
        self, site: str, *, subject: str | None = None, limit: int = 200, before: int | None = None
    ) -> list[AuditEntry]:
        """Newest first; ``before`` is the ``seq`` to go on from."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """A link to a study's latest result, for whoever has it, until ``expires_at`` or its revocation."""

    id: str
    site: str
    study_id: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_by: str | None = None
    revoked_at: datetime | None = None


class Shares(Protocol):
    """Share links. Creation and revocation write their own audit entries."""

    def create(self, principal: Principal, study_id: str, expires_at: datetime) -> Share:
        """A link to a study of the principal's site, which the caller has looked up."""
        ...

    def get(self, site: str, study_id: str, share_id: str) -> Share:
        """In whatever state it is. Raises NotFound."""
        ...

    def find(self, site: str, study_id: str) -> list[Share]:
        """All that were ever given out, oldest first."""
        ...

    def open_shares(self, site: str, study_id: str) -> list[Share]:
        """Those that still hold, oldest first."""
        ...

    def revoke(self, principal: Principal, study_id: str, share_id: str) -> None:
        """It shows nothing from now on. Raises NotFound when no such link is open."""
        ...
