"""What each table's class works with: the open connection, the clock, and the study's lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, RowMapping, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from uuid_utils import uuid7

from services.domain.errors import NotFound
from services.index.database import tables

Clock = Callable[[], datetime]


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
