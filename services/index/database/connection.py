"""The connection to SQLite or PostgreSQL: what makes both alike, a transaction, its clock and locks."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Insert, RowMapping, Table, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection, StaticPool
from uuid_utils import uuid7

from services.domain.errors import IndexDeadlock, IndexUnavailable, InvalidInput, NotFound
from services.index.database import tables
from services.index.database.limits import BUSY_SECONDS
from services.index.database.postgres_connection import KEEPALIVE, SERVER_OPTIONS, use_deadlines

Clock = Callable[[], datetime]
_UNREACHABLE = (OperationalError, InterfaceError, PoolTimeout)
_READ = "fada_read"  # of a pooled connection: its transaction only reads
_DEADLOCK = "40P01"  # PostgreSQL's SQLSTATE deadlock_detected


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql://…`` (psycopg 3).

    Statement values never reach an exception's text: they may be patient data.
    """
    target = make_url(url)
    engine = _sqlite(target) if target.get_backend_name() == "sqlite" else _postgres(target)
    _dispose_after_fork(engine)
    return engine


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {"pool_size": 8, "max_overflow": 56, "pool_timeout": BUSY_SECONDS}
    # The connection that wrote last is used next: its page cache is the one that still holds.
    options["pool_use_lifo"] = True
    if url.database in (None, "", ":memory:"):
        options = {"poolclass": StaticPool}
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
        **options,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are ours, not the driver's
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    # Not by an event: an engine with one lets every statement look for listeners, a tenth of its time.
    engine.dialect.do_begin = _begin_sqlite  # type: ignore[method-assign, assignment]
    return engine


def _begin_sqlite(connection: PoolProxiedConnection) -> None:
    # A writer takes the lock at once: upgrading later could fail half way through.
    mode = "" if connection.info.get(_READ, False) else " IMMEDIATE"
    connection.cursor().execute(f"BEGIN{mode}")


def _write_ahead(cursor: Any) -> None:
    """Switching the journal does not wait for other processes that do the same: so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _postgres(url: URL) -> Engine:
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(
        url,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=24,
        pool_timeout=BUSY_SECONDS,
        connect_args={
            "connect_timeout": 5,
            "application_name": "fada",
            "options": SERVER_OPTIONS,
            **KEEPALIVE,
        },
    )
    use_deadlines(engine)
    return engine


def _dispose_after_fork(engine: Engine) -> None:
    """A forked child must not speak on its parent's connections."""
    reference = weakref.ref(engine)

    def forget() -> None:
        inherited = reference()
        if inherited is not None:
            inherited.dispose(close=False)

    os.register_at_fork(after_in_child=forget)


@contextmanager
def connect(engine: Engine, *, read: bool = False) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back on any error.

    Raises:
        IndexUnavailable: no connection, a lock held too long, a full disk.
        IndexDeadlock: another transaction held what this one waited for, and waited for it.
        InvalidInput: a value that no column holds, a text with NUL in PostgreSQL for example.
    """
    try:
        with engine.connect() as connection:
            connection.connection.info[_READ] = read
            with connection.begin():
                yield connection
    except DataError as error:
        raise InvalidInput("A value has a character or a size that cannot be kept.") from error
    except _UNREACHABLE as error:
        deadlock = getattr(getattr(error, "orig", None), "sqlstate", None) == _DEADLOCK
        raise (IndexDeadlock if deadlock else IndexUnavailable)(
            "The index cannot be reached or is busy. Try again shortly.", retry_after=2.0
        ) from error


def utc_now() -> datetime:
    """The present moment, timezone-aware."""
    return datetime.now(UTC)


def new_id() -> str:
    """A UUIDv7: unique, and ordered by the time it was made."""
    return str(uuid7())


@dataclass(frozen=True, slots=True)
class Session:
    """One transaction's connection. ``read``: nothing may be written in it."""

    connection: Connection
    clock: Clock
    read: bool = False

    def now(self) -> datetime:
        """The moment that goes into rows; tests move it."""
        return self.clock()

    def insert_new(self, table: Table, values: dict[str, Any]) -> bool:
        """Insert, or leave what is there: False. Waits for another that has not committed yet."""
        statement = _insert_new(table, self.connection.dialect.name)
        return self.connection.execute(statement, values).rowcount == 1

    def lock_study(self, study_id: str, site: str | None = None) -> RowMapping:
        """The study's row, held until the end of the transaction.

        All that changes a study or its jobs takes this lock first, so nothing else can race.

        Raises:
            NotFound: no such study in ``site`` (None: in any).
        """
        row = self._study(study_id, site, skip_locked=False)
        if row is None:
            raise NotFound
        return row

    def try_lock_study(self, study_id: str) -> bool:
        """The same without waiting: False when another transaction holds it."""
        return self._study(study_id, None, skip_locked=True) is not None

    def _study(self, study_id: str, site: str | None, *, skip_locked: bool) -> RowMapping | None:
        query = select(tables.studies).where(tables.studies.c.id == study_id)
        if site is not None:
            query = query.where(tables.studies.c.site == site)
        query = query.with_for_update(key_share=True, skip_locked=skip_locked)
        return self.connection.execute(query).mappings().first()


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    """Built once: SQLAlchemy finds its compiled form by the object."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement: Insert = insert(table).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)
