"""What all tables have in common: their metadata, the type of moments, and columns that recur.

JSON is kept as text on both databases (``json``, not ``jsonb``): it is never searched inside, and
hostile content such as an escaped NUL must not turn into a database error.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    TypeDecorator,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware UTC on both sides; SQLite keeps it as sortable text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database. Raises ValueError for a moment without time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the index carry a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database, always in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A number that the database counts.
SERIAL = BigInteger().with_variant(Integer, "sqlite")


def id_column() -> Column[str]:
    """The primary key: a UUIDv7 as text."""
    return Column("id", String(36), primary_key=True)


def site_column() -> Column[str]:
    """The tenant; every query names it."""
    return Column("site", String, nullable=False)


def study_column() -> Column[str]:
    """The study that the row belongs to."""
    return Column("study_id", String(36), ForeignKey("studies.id"), nullable=False)


def at_column(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A moment, timezone-aware UTC."""
    return Column(name, UtcDateTime, nullable=nullable)
