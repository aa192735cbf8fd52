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
from services.index.access.devices_port import Device, Devices
from services.index.access.passkeys_port import Passkey, Passkeys
from services.index.access.port import (
    ApiKey,
    Audit,
    AuditEntry,
    Idempotency,
    Keys,
    Remembered,
    Share,
    Shares,
    Upload,
    Uploads,
)
from services.index.access.sessions_port import PageSession, Sessions
from services.index.clinical.port import (
    Case,
    CasePicture,
    Cases,
    CaseVersion,
    Objects,
    Results,
    Studies,
)
from services.index.commitments.port import CommitmentQuestion, CommitmentRequest, Commitments
from services.index.destinations.port import (
    FROM_SETTINGS,
    Destination,
    Destinations,
    FirstDestinations,
    NewDestination,
)
from services.index.destinations.push_subscriptions_port import PushSubscription, PushSubscriptions
from services.index.erasure.port import Erasure, Erasures, Retention
from services.index.messaging.deliveries_port import (
    Deliveries,
    Delivery,
    DeliveryState,
    ObjectOutcome,
    ObjectState,
)
from services.index.messaging.port import (
    Event,
    Events,
    Jobs,
    Outbox,
    OutboxRow,
    Progress,
    ReadFrame,
    Webhook,
    Webhooks,
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
from services.index.quotas.port import Quotas, SiteQuota
from services.index.record.port import Examinations, Facts, Identities, Patients
from services.index.records import (
    MATCHABLE,
    MOST_COUNTED,
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
from services.index.transaction import Transaction
from services.index.workitems.port import Workitem, WorkitemEvent, Workitems

__all__ = [
    "FROM_SETTINGS",
    "MATCHABLE",
    "MOST_COUNTED",
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
    "CommitmentQuestion",
    "CommitmentRequest",
    "Commitments",
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
    "PushSubscription",
    "PushSubscriptions",
    "Quotas",
    "ReadFrame",
    "Received",
    "Remembered",
    "Result",
    "Results",
    "Retention",
    "Sessions",
    "Share",
    "Shares",
    "SiteQuota",
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
    "Workitem",
    "WorkitemEvent",
    "Workitems",
]


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
