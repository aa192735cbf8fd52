"""A copy of an SQLite index while it is in use, by SQLite's online backup, and the way back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from services.domain.errors import NotFound, ObjectCorrupt


def take(database: Path, copy: Path) -> None:
    """One step under one read lock: writers go on, and the copy is of one moment.

    Raises:
        NotFound: there is no such database.
    """
    if not database.is_file():
        raise NotFound(f"There is no index at {database}.")
    with (
        closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.execute("PRAGMA busy_timeout = 30000")
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    check(copy)


def check(copy: Path) -> None:
    """Raises ObjectCorrupt: SQLite finds it damaged."""
    try:
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise ObjectCorrupt("The copy of the index is no sound database.") from error
    if said != "ok":
        raise ObjectCorrupt("The copy of the index is damaged.")


@contextmanager
def reading(copy: Path) -> Iterator[Connection]:
    """A connection that changes nothing, not even the journal's form."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True),
        poolclass=NullPool,
        hide_parameters=True,
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def put_back(copy: Path, database: Path) -> Path | None:
    """Make ``copy`` the database. One that was there stays beside it, and is returned."""
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = None
    if database.exists():
        with closing(sqlite3.connect(database)) as connection:  # what its journal still holds
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode = DELETE")
        before = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        os.replace(database, before)
    for journal in ("-wal", "-shm", "-journal"):
        database.with_name(database.name + journal).unlink(missing_ok=True)
    copy.chmod(0o600)
    os.replace(copy, database)
    return before
