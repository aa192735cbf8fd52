"""What the index promises. One transaction is one ``with index.begin() as tx:`` block.

Every read takes the site. Records are frozen; identifiers made here are UUIDv7 strings.
Times are timezone-aware UTC. Methods that take a ``Principal`` and change something write their own
audit entry; what else is worth one (keys, exports) the caller adds.

``index.begin()`` may write: on SQLite it waits for other writers. ``index.read()`` may not, and
waits for nobody. Nothing is visible to others, and no event is numbered, before the block ends.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from services.index.access.port import (
    ApiKey,
    Audit,
    AuditEntry,
    Device,
    Devices,
    Idempotency,
    Keys,
    Remembered,
    Share,
    Shares,
    Upload,
    Uploads,
    Webhook,
    Webhooks,
)
from services.index.clinical.port import (
    Case,
    CasePicture,
    Cases,
    CaseVersion,
    Objects,
    Results,
    Studies,
)
from services.index.messaging.port import (
    Deliveries,
    Delivery,
    DeliveryState,
    Event,
    Events,
    Jobs,
    Outbox,
    OutboxRow,
)
from services.index.records import (
    MATCHABLE,
    Artefact,
    Instance,
    InstancesDiffer,
    Job,
    JobState,
    NewInstance,
    Received,
    Result,
    Study,
    StudyQuery,
    StudyState,
)

__all__ = [
    "MATCHABLE",
    "ApiKey",
    "Artefact",
    "Audit",
    "AuditEntry",
    "Case",
    "CasePicture",
    "CaseVersion",
    "Cases",
    "Deliveries",
    "Delivery",
    "DeliveryState",
    "Device",
    "Devices",
    "Event",
    "Events",
    "Idempotency",
    "Index",
    "Instance",
    "InstancesDiffer",
    "Job",
    "JobState",
    "Jobs",
    "Keys",
    "NewInstance",
    "Objects",
    "Outbox",
    "OutboxRow",
    "Received",
    "Remembered",
    "Result",
    "Results",
    "Share",
    "Shares",
    "Studies",
    "Study",
    "StudyQuery",
    "StudyState",
    "Transaction",
    "Upload",
    "Uploads",
    "Webhook",
    "Webhooks",
]


class Transaction(Protocol):
    """One transaction's view of every table."""

    @property
    def studies(self) -> Studies:
        """Studies and their instances."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Analysis jobs."""
        ...

    @property
    def results(self) -> Results:
        """Result versions."""
        ...

    @property
    def cases(self) -> Cases:
        """Cases from the field."""
        ...

    @property
    def shares(self) -> Shares:
        """Share links."""
        ...

    @property
    def objects(self) -> Objects:
        """The store's owner, and orphans in quarantine."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Messages to be sent."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """Deliveries to the outside."""
        ...

    @property
    def events(self) -> Events:
        """What happened."""
        ...

    @property
    def keys(self) -> Keys:
        """API keys."""
        ...

    @property
    def uploads(self) -> Uploads:
        """Resumable uploads."""
        ...

    @property
    def idempotency(self) -> Idempotency:
        """Answers kept for a retried request."""
        ...

    @property
    def audit(self) -> Audit:
        """Who did what."""
        ...

    @property
    def webhooks(self) -> Webhooks:
        """Subscribers outside."""
        ...

    @property
    def devices(self) -> Devices:
        """Enrolled phones."""
        ...


class Index(Protocol):
    """Raises IndexUnavailable when the database cannot be reached."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write; committed at the end of the block, or rolled back."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """One that may not, and waits for nobody."""
        ...

    def migrate(self) -> None:
        """Bring the database to the newest form of its tables."""
        ...

    def ping(self) -> None:
        """Whether it is there and has its tables."""
        ...

    def close(self) -> None:
        """Give back its connections."""
        ...
