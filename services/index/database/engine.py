"""The connection to SQLite or PostgreSQL, and what makes both behave alike."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from services.domain.errors import IndexUnavailable

BUSY_SECONDS = 30.0  # how long a writer waits for another
_UNREACHABLE = (OperationalError, InterfaceError, PoolTimeout)


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

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: upgrading later could fail half way through.
        read_only = connection.get_execution_options().get("fada_read", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


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
    milliseconds = int(BUSY_SECONDS * 1000)
    return create_engine(
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
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
            " -c timezone=UTC",
        },
    )


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
        IndexUnavailable: no connection, a lock held too long, a deadlock, a full disk.
    """
    try:
        with engine.connect() as connection:
            if read:
                connection = connection.execution_options(fada_read=True)
            with connection.begin():
                yield connection
    except _UNREACHABLE as error:
        raise IndexUnavailable(
            "The index cannot be reached or is busy. Try again shortly.", retry_after=2.0
        ) from error
