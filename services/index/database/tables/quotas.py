"""The tables of quotas: what a site may store and send, and how many bytes it has."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from services.index.database.tables import at_column, metadata

# Null: no bound.
quotas = Table(
    "quotas",
    metadata,
    Column("site", String, primary_key=True),
    Column("stored_bytes", BigInteger),
    Column("daily_studies", Integer),
    Column("actor", String, nullable=False),
    at_column("changed_at"),
)

# Bytes of all objects at the last count, and those that came since; ``state``: what was said last.
site_usage = Table(
    "site_usage",
    metadata,
    Column("site", String, primary_key=True),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("since_bytes", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    at_column("counted_at", nullable=True),
)
