"""The tables about the object store: whose it is, and which objects wait to be deleted."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from services.index.database.tables import at_column, metadata

# One row. The store carries the same identity: another index must not delete from it.
index_identity = Table(
    "index_identity",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("identity", String(36), nullable=False),
)

orphans = Table(
    "orphans",
    metadata,
    Column("site", String, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    at_column("since"),
)
