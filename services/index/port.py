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

from services.index.access.accounts_port import Account, Accounts
from services.index.access.audit_seals_port import AuditSeals
from services.index.access.passkeys_port import Passkey, Passkeys
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
from services.index.access.sessions_port import PageSession, Sessions
from services.index.clinical.patient_port import Examinations, Facts, Identities, Patients
from services.index.clinical.port import (
    Case,
    CasePicture,
    Cases,
    CaseVersion,
    Objects,
    Previews,
    Results,
    Studies,
)
from services.index.erasure.port import Erasure, Erasures, Retention
from services.index.messaging.deliveries_port import (
    Deliveries,
    Delivery,
    DeliveryState,
    ObjectOutcome,
    ObjectState,
)
from services.index.messaging.destinations_port import (
    FROM_SETTINGS,
    Destination,
    Destinations,
    FirstDestinations,
    NewDestination,
)
from services.index.messaging.port import (
    Event,
    Events,
    Jobs,
    Outbox,
    OutboxRow,
    Progress,
    ReadFrame,
)
from services.index.orders.port import (
    News,
    Order,
    OrderQuery,
    Orders,
    ProcedureStep,
    ProcedureSteps,
    WaitingNews,
)
from services.index.records import (
    MATCHABLE,
    Artefact,
    ExaminationRecord,
    FactsVersion,
    Instance,
    InstancesDiffer,
    Job,
    JobState,
    NewInstance,
    Patient,
    Received,
    Result,
    Study,
    StudyQuery,
    StudyState,
)

__all__ = [
    "FROM_SETTINGS",
    "MATCHABLE",
    "Account",
    "Accounts",
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
    "Destination",
    "Destinations",
    "Device",
    "Devices",
    "Erasure",
    "Erasures",
    "Event",
    "Events",
    "ExaminationRecord",
    "Examinations",
    "Facts",
    "FactsVersion",
    "FirstDestinations",
    "Idempotency",
    "Identities",
    "Index",
    "Instance",
    "InstancesDiffer",
    "Job",
    "JobState",
    "Jobs",
    "Keys",
    "NewDestination",
    "NewInstance",
    "News",
    "ObjectOutcome",
    "ObjectState",
    "Objects",
    "Order",
    "OrderQuery",
    "Orders",
    "Outbox",
    "OutboxRow",
    "PageSession",
    "Passkey",
    "Passkeys",
    "Patient",
    "Patients",
    "ProcedureStep",
    "ProcedureSteps",
    "Progress",
    "ReadFrame",
    "Received",
    "Remembered",
    "Result",
    "Results",
    "Retention",
    "Sessions",
    "Share",
    "Shares",
    "Studies",
    "Study",
    "StudyQuery",
    "StudyState",
    "Transaction",
    "Upload",
    "Uploads",
    "WaitingNews",
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
    def progress(self) -> Progress:
        """What unfinished jobs have read."""
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
    def patients(self) -> Patients:
        """Patients and their pregnancies."""
        ...

    @property
    def orders(self) -> Orders:
        """What was asked for, and which studies met it."""
        ...

    @property
    def procedure_steps(self) -> ProcedureSteps:
        """What machines report of their steps."""
        ...

    @property
    def patient_news(self) -> News:
        """What a hospital says anew of its patients."""
        ...

    @property
    def identities(self) -> Identities:
        """Whose a study is, decided and corrected by people."""
        ...

    @property
    def examinations(self) -> Examinations:
        """Studies of one pregnancy beside each other."""
        ...

    @property
    def facts(self) -> Facts:
        """What people entered about examinations."""
        ...

    @property
    def erasures(self) -> Erasures:
        """What was erased, and how long sites keep studies."""
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
    def previews(self) -> Previews:
        """Small copies of pictures that have not arrived."""
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
    def destinations(self) -> Destinations:
        """Destinations outside, and the rules of who gets what."""
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
    def audit_seals(self) -> AuditSeals:
        """Seals over the audit trail."""
        ...

    @property
    def passkeys(self) -> Passkeys:
        """Passkeys of accounts."""
        ...

    @property
    def accounts(self) -> Accounts:
        """People."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Page sessions."""
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
