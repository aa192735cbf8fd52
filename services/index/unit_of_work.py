"""One transaction, with all its tables."""

from __future__ import annotations

from functools import cached_property

from services.domain.work import consequences
from services.index.access.accounts import AccountsTable
from services.index.access.audit import AuditTable
from services.index.access.audit_seals import AuditSealsTable
from services.index.access.devices import DevicesTable
from services.index.access.keys import KeysTable
from services.index.access.passkeys import PasskeysTable
from services.index.access.sessions import SessionsTable
from services.index.access.shares import SharesTable
from services.index.access.uploads import IdempotencyTable, UploadsTable
from services.index.clinical.cases import CasesTable
from services.index.clinical.objects import ObjectsTable
from services.index.clinical.previews import PreviewsTable
from services.index.clinical.results import ResultsTable
from services.index.clinical.studies import StudiesTable
from services.index.commitments.commitments import CommitmentsTable
from services.index.database.connection import Session
from services.index.destinations.destinations import DestinationsTable
from services.index.destinations.port import FirstDestinations
from services.index.destinations.push_subscriptions import PushSubscriptionsTable
from services.index.erasure.erasures import ErasuresTable
from services.index.messaging.deliveries import DeliveriesTable
from services.index.messaging.events import EventsTable, WebhooksTable
from services.index.messaging.job_turns import JobTurns
from services.index.messaging.jobs import QuietSeconds, at_once
from services.index.messaging.outbox import OutboxTable
from services.index.messaging.progress import ProgressTable
from services.index.orders.matching import OrderMatching
from services.index.orders.orders import OrdersTable
from services.index.orders.patient_news import PatientNewsTable
from services.index.orders.procedure_steps import ProcedureStepsTable
from services.index.quotas.quotas import QuotasTable
from services.index.record.examinations import ExaminationsTable
from services.index.record.facts import FactsTable
from services.index.record.identity import IdentityTable
from services.index.record.patients import PatientsTable
from services.index.workitems.workitems import WorkitemsTable


class UnitOfWork:
    """The port's ``Transaction``. A table's class is made when it is first used."""

    def __init__(
        self, session: Session, first: FirstDestinations, quiet: QuietSeconds = at_once
    ) -> None:
        self._session = session
        self._first = first
        self._quiet = quiet

    @cached_property
    def studies(self) -> StudiesTable:
        """Studies and their instances."""
        return StudiesTable(
            self._session,
            self.patients,
            self.jobs,
            self.events,
            self.audit,
            self.order_matching,
        )

    @cached_property
    def jobs(self) -> JobTurns:
        """Analysis jobs."""
        return JobTurns(
            self._session,
            self.outbox,
            self.events,
            self.results,
            self.audit,
            self.progress,
            self._quiet,
        )

    @cached_property
    def progress(self) -> ProgressTable:
        """What unfinished jobs have read."""
        return ProgressTable(self._session)

    @cached_property
    def results(self) -> ResultsTable:
        """Result versions."""
        return ResultsTable(self._session, self.examinations, self.events, self.audit)

    @cached_property
    def cases(self) -> CasesTable:
        """Cases from the field."""
        return CasesTable(self._session)

    @cached_property
    def patients(self) -> PatientsTable:
        """Patients and their pregnancies."""
        return PatientsTable(self._session, self.examinations)

    @cached_property
    def identities(self) -> IdentityTable:
        """Whose a study is, decided and corrected by people."""
        return IdentityTable(
            self._session,
            self.patients,
            self.examinations,
            self.jobs,
            self.events,
            self.audit,
            self.order_matching,
        )

    @cached_property
    def order_matching(self) -> OrderMatching:
        """How a study meets its order."""
        return OrderMatching(self._session, self.patients, self.audit)

    @cached_property
    def orders(self) -> OrdersTable:
        """What was asked for."""
        return OrdersTable(self._session, self.order_matching, self.identities, self.audit)

    @cached_property
    def procedure_steps(self) -> ProcedureStepsTable:
        """What machines report of their steps."""
        return ProcedureStepsTable(self._session, self.orders, self.studies, self.audit)

    @cached_property
    def patient_news(self) -> PatientNewsTable:
        """What a hospital says anew of its patients."""
        return PatientNewsTable(self._session, self.patients, self.identities, self.audit)

    @cached_property
    def examinations(self) -> ExaminationsTable:
        """Studies of one pregnancy beside each other."""
        return ExaminationsTable(self._session)

    @cached_property
    def facts(self) -> FactsTable:
        """What people entered about examinations."""
        return FactsTable(self._session, self.examinations, self.events, self.audit)

    @cached_property
    def erasures(self) -> ErasuresTable:
        """What was erased, and how long sites keep studies."""
        return ErasuresTable(self._session, self.events, self.audit)

    @cached_property
    def passkeys(self) -> PasskeysTable:
        """Passkeys of accounts."""
        return PasskeysTable(self._session, self.audit, self.accounts)

    @cached_property
    def quotas(self) -> QuotasTable:
        """What sites may store."""
        return QuotasTable(self._session, self.audit)

    @cached_property
    def shares(self) -> SharesTable:
        """Share links."""
        return SharesTable(self._session, self.audit)

    @cached_property
    def objects(self) -> ObjectsTable:
        """The store's owner, and orphans in quarantine."""
        return ObjectsTable(self._session)

    @cached_property
    def previews(self) -> PreviewsTable:
        """Small copies of pictures that have not arrived."""
        return PreviewsTable(self._session)

    @cached_property
    def outbox(self) -> OutboxTable:
        """Messages to be sent."""
        return OutboxTable(self._session)

    @cached_property
    def deliveries(self) -> DeliveriesTable:
        """Deliveries to the outside."""
        return DeliveriesTable(self._session, self.outbox, self.audit)

    @cached_property
    def commitments(self) -> CommitmentsTable:
        """Storage commitment."""
        return CommitmentsTable(self._session, self.deliveries, self.audit)

    @cached_property
    def workitems(self) -> WorkitemsTable:
        """Work items."""
        return WorkitemsTable(self._session, self.audit)

    @cached_property
    def destinations(self) -> DestinationsTable:
        """Destinations outside, and the rules of who gets what."""
        return DestinationsTable(self._session, self.deliveries, self.audit, self._first)

    @cached_property
    def push_subscriptions(self) -> PushSubscriptionsTable:
        """Browsers that people subscribed."""
        return PushSubscriptionsTable(self._session, self.destinations, self.audit)

    @cached_property
    def events(self) -> EventsTable:
        """What happened."""
        return EventsTable(self._session)

    @cached_property
    def keys(self) -> KeysTable:
        """API keys."""
        return KeysTable(self._session)

    @cached_property
    def audit_seals(self) -> AuditSealsTable:
        """Seals over the audit trail."""
        return AuditSealsTable(self._session)

    @cached_property
    def accounts(self) -> AccountsTable:
        """People."""
        return AccountsTable(self._session, self.audit, self.sessions)

    @cached_property
    def sessions(self) -> SessionsTable:
        """Page sessions."""
        return SessionsTable(self._session)

    @cached_property
    def uploads(self) -> UploadsTable:
        """Resumable uploads."""
        return UploadsTable(self._session)

    @cached_property
    def idempotency(self) -> IdempotencyTable:
        """Answers kept for a retried request."""
        return IdempotencyTable(self._session)

    @cached_property
    def audit(self) -> AuditTable:
        """Who did what."""
        return AuditTable(self._session)

    @cached_property
    def webhooks(self) -> WebhooksTable:
        """Subscribers outside."""
        return WebhooksTable(self._session)

    @cached_property
    def devices(self) -> DevicesTable:
        """Enrolled phones."""
        return DevicesTable(self._session, self.audit)

    def flush(self) -> None:
        """Write what is written last: the events, and the deliveries that they cause."""
        if "events" not in self.__dict__:
            return  # nothing happened
        for site, events in self.events.flush().items():
            hooks = self.webhooks.find(site)
            held = self.studies.held(
                {
                    one.study_id
                    for one in events
                    # nothing waits of a study that was made now
                    if hooks or consequences(one.type).push or one.study_id not in self.studies.made
                }
            )
            for study_id in held:
                self.deliveries.drop_waiting(study_id)
            for event in (one for one in events if one.study_id not in held):
                self.deliveries.add_for(event, hooks)
                if consequences(event.type).push:
                    self.destinations.deliver_event(event)
