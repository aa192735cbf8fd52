"""The tables of destinations outside and of the rules that say which results go there."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text, text

from services.index.database.tables import at_column, id_column, metadata, site_column

# A removed destination stays as a row without credentials: deliveries name it. ``source`` is
# "settings" for those that were taken over from the settings, which happens once.
destinations = Table(
    "destinations",
    metadata,
    id_column(),
    site_column(),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("address", Text, nullable=False),
    Column("options", JSON, nullable=False),
    Column("credentials", Text, nullable=False),  # sealed: services.credentials
    Column("by_default", Boolean, nullable=False),
    Column("source", String, nullable=False),
    at_column("created_at"),
    at_column("removed_at", nullable=True),
    Index(
        "uq_destinations_name",
        "site",
        "name",
        unique=True,
        sqlite_where=text("removed_at IS NULL"),
        postgresql_where=text("removed_at IS NULL"),
    ),
)

destination_rules = Table(
    "destination_rules",
    metadata,
    Column("site", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("results", JSON, nullable=False),
    Column("planes", JSON, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("origins", JSON, nullable=False),
    Column("destinations", JSON, nullable=False),  # ids, in order
)
