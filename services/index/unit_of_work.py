"""One transaction, with all its tables; and the index that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from services.index import port
from services.index.access.audit import AuditTable
from services.index.access.devices import DevicesTable
from services.index.access.keys import KeysTable
from services.index.access.shares import SharesTable
from services.index.access.uploads import IdempotencyTable, UploadsTable
from services.index.access.webhooks import WebhooksTable
from services.index.clinical.cases import CasesTable
from services.index.clinical.receive import Intake
from services.index.clinical.results import ResultsTable
from services.index.clinical.studies import StudiesTable
from services.index.database import engine as database
from services.index.database.migrate import migrate
from services.index.database.session import Clock, Session
from services.index.messaging.deliveries import DeliveriesTable, HasPacs
from services.index.messaging.events import EventsTable
from services.index.messaging.jobs import JobsTable
from services.index.messaging.outbox import OutboxTable


class UnitOfWork:
    """The port's ``Transaction``."""

    def __init__(self, session: Session, has_pacs: HasPacs) -> None:
        outbox = OutboxTable(session)
        webhooks = WebhooksTable(session)
        audit = AuditTable(session)
        deliveries = DeliveriesTable(session, outbox, audit)
        self._events = EventsTable(session, deliveries, webhooks, has_pacs)
        results = ResultsTable(session, self._events, audit)
        jobs = JobsTable(session, outbox, self._events, results, audit)
        intake = Intake(session, jobs, self._events, audit)
        self.studies: port.Studies = StudiesTable(session, jobs, audit, intake)
        self.jobs: port.Jobs = jobs
        self.results: port.Results = results
        self.cases: port.Cases = CasesTable(session)
        self.shares: port.Shares = SharesTable(session, audit)
        self.outbox: port.Outbox = outbox
        self.deliveries: port.Deliveries = deliveries
        self.events: port.Events = self._events
        self.keys: port.Keys = KeysTable(session)
        self.uploads: port.Uploads = UploadsTable(session)
        self.idempotency: port.Idempotency = IdempotencyTable(session)
        self.audit: port.Audit = audit
        self.webhooks: port.Webhooks = webhooks
        self.devices: port.Devices = DevicesTable(session, audit)

    def flush(self) -> None:
        """Write what is written last: the events, and the deliveries that they cause."""
        self._events.flush()


class SqlIndex:
    """The port's ``Index`` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, clock: Clock, has_pacs: HasPacs) -> None:
        self._engine = engine
        self._clock = clock
        self._has_pacs = has_pacs

    @contextmanager
    def begin(self) -> Iterator[port.Transaction]:
        with database.connect(self._engine) as connection:
            unit = UnitOfWork(Session(connection, self._clock), self._has_pacs)
            yield unit
            unit.flush()

    @contextmanager
    def read(self) -> Iterator[port.Transaction]:
        with database.connect(self._engine, read=True) as connection:
            yield UnitOfWork(Session(connection, self._clock, read=True), self._has_pacs)

    def migrate(self) -> None:
        migrate(self._engine)

    def ping(self) -> None:
        with database.connect(self._engine, read=True) as connection:
            connection.execute(text("SELECT count(*) FROM alembic_version"))

    def close(self) -> None:
        self._engine.dispose()
