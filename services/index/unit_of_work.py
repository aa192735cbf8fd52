"""One transaction, with all its tables; and the index that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Engine, text

from services.index import port
from services.index.access.audit import AuditTable
from services.index.access.devices import DevicesTable
from services.index.access.keys import KeysTable
from services.index.access.shares import SharesTable
from services.index.access.uploads import IdempotencyTable, UploadsTable
from services.index.clinical.cases import CasesTable
from services.index.clinical.objects import ObjectsTable
from services.index.clinical.results import ResultsTable
from services.index.clinical.studies import StudiesTable
from services.index.database.connection import Clock, Session, connect
from services.index.database.migrate import migrate
from services.index.messaging.deliveries import DeliveriesTable, HasPacs
from services.index.messaging.events import EventsTable, WebhooksTable
from services.index.messaging.job_recovery import JobRecovery
from services.index.messaging.outbox import OutboxTable


class UnitOfWork:
    """The port's ``Transaction``. A table's class is made when it is first used."""

    def __init__(self, session: Session, has_pacs: HasPacs) -> None:
        self._session = session
        self._has_pacs = has_pacs

    @cached_property
    def studies(self) -> StudiesTable:
        """Studies and their instances."""
        return StudiesTable(self._session, self.jobs, self.events, self.audit)

    @cached_property
    def jobs(self) -> JobRecovery:
        """Analysis jobs."""
        return JobRecovery(self._session, self.outbox, self.events, self.results, self.audit)

    @cached_property
    def results(self) -> ResultsTable:
        """Result versions."""
        return ResultsTable(self._session, self.events, self.audit)

    @cached_property
    def cases(self) -> CasesTable:
        """Cases from the field."""
        return CasesTable(self._session)

    @cached_property
    def shares(self) -> SharesTable:
        """Share links."""
        return SharesTable(self._session, self.audit)

    @cached_property
    def objects(self) -> ObjectsTable:
        """The store's owner, and orphans in quarantine."""
        return ObjectsTable(self._session)

    @cached_property
    def outbox(self) -> OutboxTable:
        """Messages to be sent."""
        return OutboxTable(self._session)

    @cached_property
    def deliveries(self) -> DeliveriesTable:
        """Deliveries to the outside."""
        return DeliveriesTable(self._session, self.outbox, self.audit)

    @cached_property
    def events(self) -> EventsTable:
        """What happened."""
        return EventsTable(self._session)

    @cached_property
    def keys(self) -> KeysTable:
        """API keys."""
        return KeysTable(self._session)

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
            hooks, has_pacs = self.webhooks.find(site), self._has_pacs(site)
            for event in events if hooks or has_pacs else ():
                self.deliveries.add_for(event, hooks, has_pacs)


class SqlIndex:
    """The port's ``Index`` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, clock: Clock, has_pacs: HasPacs) -> None:
        self._engine = engine
        self._clock = clock
        self._has_pacs = has_pacs

    @contextmanager
    def begin(self) -> Iterator[port.Transaction]:
        """A transaction that may write; committed at the end of the block, or rolled back."""
        with connect(self._engine) as connection:
            unit = UnitOfWork(Session(connection, self._clock), self._has_pacs)
            yield unit
            unit.flush()

    @contextmanager
    def read(self) -> Iterator[port.Transaction]:
        """One that may not, and waits for nobody."""
        with connect(self._engine, read=True) as connection:
            yield UnitOfWork(Session(connection, self._clock, read=True), self._has_pacs)

    def migrate(self) -> None:
        """Bring the database to the newest form of its tables."""
        migrate(self._engine)

    def ping(self) -> None:
        """Whether it is there, has its tables and commits: a write through the pool that all use."""
        with connect(self._engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def close(self) -> None:
        """Give back its connections."""
        self._engine.dispose()
