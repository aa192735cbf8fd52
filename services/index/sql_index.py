"""The index on SQLite or PostgreSQL: it opens transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from services.index import port
from services.index.database.clock import ServerClock
from services.index.database.connection import Clock, Session, connect
from services.index.database.migrate import migrate
from services.index.destinations.port import FirstDestinations
from services.index.messaging.quiet_time import QuietSeconds
from services.index.unit_of_work import UnitOfWork


class SqlIndex:
    """The port's ``Index`` on SQLite or PostgreSQL."""

    def __init__(
        self, engine: Engine, clock: Clock, first: FirstDestinations, quiet: QuietSeconds
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._first = first
        self._quiet = quiet

    @contextmanager
    def begin(self) -> Iterator[port.Transaction]:
        """A transaction that may write; committed at the end of the block, or rolled back."""
        with connect(self._engine) as connection:
            self._ask_the_time(connection)
            unit = UnitOfWork(Session(connection, self._clock), self._first, self._quiet)
            yield unit
            unit.flush()

    @contextmanager
    def read(self) -> Iterator[port.Transaction]:
        """One that may not, and waits for nobody."""
        with connect(self._engine, read=True) as connection:
            self._ask_the_time(connection)
            session = Session(connection, self._clock, read=True)
            yield UnitOfWork(session, self._first, self._quiet)

    def _ask_the_time(self, connection: Connection) -> None:
        if isinstance(self._clock, ServerClock):
            self._clock.ask(connection)

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
