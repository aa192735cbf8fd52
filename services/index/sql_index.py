"""The index on SQLite or PostgreSQL: how it is opened, and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from services.domain.work import DestinationKind
from services.index import port
from services.index.database import connection as database
from services.index.database.clock import ServerClock
from services.index.database.migrate import migrate
from services.index.messaging.jobs import QuietSeconds, at_once
from services.index.port import FROM_SETTINGS, FirstDestinations, Index, NewDestination
from services.index.unit_of_work import UnitOfWork
from services.settings import Settings


class SqlIndex:
    """The port's ``Index`` on SQLite or PostgreSQL."""

    def __init__(
        self, engine: Engine, clock: database.Clock, first: FirstDestinations, quiet: QuietSeconds
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._first = first
        self._quiet = quiet

    @contextmanager
    def begin(self) -> Iterator[port.Transaction]:
        """A transaction that may write; committed at the end of the block, or rolled back."""
        with database.connect(self._engine) as connection:
            self._ask_the_time(connection)
            unit = UnitOfWork(database.Session(connection, self._clock), self._first, self._quiet)
            yield unit
            unit.flush()

    @contextmanager
    def read(self) -> Iterator[port.Transaction]:
        """One that may not, and waits for nobody."""
        with database.connect(self._engine, read=True) as connection:
            self._ask_the_time(connection)
            session = database.Session(connection, self._clock, read=True)
            yield UnitOfWork(session, self._first, self._quiet)

    def _ask_the_time(self, connection: Connection) -> None:
        if isinstance(self._clock, ServerClock):
            self._clock.ask(connection)

    def migrate(self) -> None:
        """Bring the database to the newest form of its tables."""
        migrate(self._engine)

    def ping(self) -> None:
        """Whether it is there, has its tables and commits: a write through the pool that all use."""
        with database.connect(self._engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def close(self) -> None:
        """Give back its connections."""
        self._engine.dispose()


def connect(settings: Settings) -> Index:
    """The index that the settings name; a PACS that they name is taken over as a destination."""
    return open_index(
        settings.index_url,
        first=lambda site: first_destinations(settings, site),
        quiet=settings.quiet_time,
    )


def first_destinations(settings: Settings, site: str) -> tuple[NewDestination, ...]:
    """What the settings name for a site. A token stays in the settings."""
    if settings.push_site not in ("", site):
        return ()
    named = (
        ("PACS (STOW-RS)", DestinationKind.STOW, settings.push_stow_url),
        ("PACS (C-STORE)", DestinationKind.C_STORE, settings.push_dimse),
    )
    return tuple(
        NewDestination(name, kind, address, source=FROM_SETTINGS)
        for name, kind, address in named
        if address
    )


def open_index(
    url: str,
    *,
    clock: database.Clock | None = None,
    first: FirstDestinations = lambda _site: (),
    quiet: QuietSeconds = at_once,
) -> Index:
    """Open ``sqlite:///file`` or ``postgresql://user:password@host/name``; connects when first used.

    Call ``migrate()`` once before the first use of a database; calling it again does nothing.
    ``first`` says which destinations the settings name for a site, ``quiet`` for how many seconds no
    image of a study of a site must have come before it is read. Without ``clock`` the time is the
    database server's; with SQLite this machine's.
    """
    engine = database.open_engine(url)
    own = database.utc_now if engine.dialect.name == "sqlite" else ServerClock()
    return SqlIndex(engine, clock or own, first, quiet)
