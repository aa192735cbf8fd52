"""One transaction of the index: every table behind it, as its port promises it."""

from __future__ import annotations

from typing import Protocol

from services.index.access.accounts_port import Accounts
from services.index.access.audit_seals_port import AuditSeals
from services.index.access.devices_port import Devices
from services.index.access.passkeys_port import Passkeys
from services.index.access.port import Audit, Idempotency, Keys, Shares, Uploads
from services.index.access.sessions_port import Sessions
from services.index.clinical.port import Cases, Objects, Previews, Results, Studies
from services.index.commitments.port import Commitments
from services.index.destinations.port import Destinations
from services.index.destinations.push_subscriptions_port import PushSubscriptions
from services.index.erasure.port import Erasures
from services.index.messaging.deliveries_port import Deliveries
from services.index.messaging.port import Events, Jobs, Outbox, Progress, Webhooks
from services.index.orders.port import News, Orders, ProcedureSteps
from services.index.quotas.port import Quotas
from services.index.record.port import Examinations, Facts, Identities, Patients
from services.index.workitems.port import Workitems


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
    def push_subscriptions(self) -> PushSubscriptions:
        """Browsers that people subscribed."""
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
    def quotas(self) -> Quotas:
        """What sites may store."""
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
    def commitments(self) -> Commitments:
        """Storage commitment."""
        ...

    @property
    def workitems(self) -> Workitems:
        """Work items."""
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
