"""What the index promises about those who come: keys, phones, webhooks, uploads, and what they did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.domain.study import Principal, Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    site: str
    role: Role
    name: str
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class Keys(Protocol):
    """API keys: shown once, kept as a hash. Form: ``fada_<id>_<secret>``."""

    def create(self, site: str, role: Role, name: str) -> tuple[ApiKey, str]: ...
    def verify(self, key: str) -> Principal | None: ...
    def find(self, site: str | None) -> list[ApiKey]: ...
    def revoke(self, site: str | None, key_id: str) -> None: ...


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
    def create(
        self,
        principal: Principal,
        length: int | None,
        metadata: dict[str, str],
        expires_at: datetime,
    ) -> Upload: ...
    def get(self, site: str, upload_id: str) -> Upload: ...  # NotFound
    def advance(
        self, site: str, upload_id: str, expected: int, offset: int
    ) -> None: ...  # OffsetMismatch
    def finish(self, site: str, upload_id: str, state: str, outcome: dict[str, Any]) -> None: ...
    def expired(self, limit: int = 100) -> list[Upload]: ...
    def expire(self, site: str, upload_id: str) -> None: ...
    def delete(self, site: str, upload_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Remembered:
    request_hash: str
    status: int
    body: bytes
    media_type: str


class Idempotency(Protocol):
    def find(self, site: str, key: str) -> Remembered | None: ...
    def keep(self, site: str, key: str, answer: Remembered, expires_at: datetime) -> None: ...
    def purge(self) -> int: ...


@dataclass(frozen=True, slots=True)
class AuditEntry:
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
    ) -> None: ...
    def find(
        self, site: str, *, subject: str | None = None, limit: int = 200, before: int | None = None
    ) -> list[AuditEntry]: ...


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    site: str
    url: str
    secret: str  # Standard Webhooks, whsec_…
    events: tuple[str, ...]  # types; empty: all but study.progress
    created_at: datetime
    disabled: bool = False


class Webhooks(Protocol):
    def create(self, site: str, url: str, events: tuple[str, ...]) -> Webhook: ...
    def find(self, site: str) -> list[Webhook]: ...
    def get(self, webhook_id: str) -> Webhook: ...
    def delete(self, site: str, webhook_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Device:
    """A phone bound to a site. ``public_key``: Ed25519, base64."""

    id: str
    site: str
    name: str
    public_key: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    release: str
    revoked_at: datetime | None


class Devices(Protocol):
    def new_code(self, principal: Principal, seconds: float) -> str: ...  # one-time, kept as a hash
    def enrol(self, code: str, name: str, public_key: str) -> Device: ...  # NotFound, Gone
    def get(self, device_id: str) -> Device: ...
    def find(self, site: str) -> list[Device]: ...
    def seen(self, device_id: str, release: str) -> None: ...
    def revoke(self, site: str, device_id: str) -> None: ...


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

    def create(self, principal: Principal, study_id: str, expires_at: datetime) -> Share: ...
    def get(self, site: str, study_id: str, share_id: str) -> Share: ...
    def find(self, site: str, study_id: str) -> list[Share]: ...
    def open_shares(self, site: str, study_id: str) -> list[Share]: ...
    def revoke(self, principal: Principal, study_id: str, share_id: str) -> None: ...
