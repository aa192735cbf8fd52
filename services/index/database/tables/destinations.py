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

# A browser that a person subscribed to a destination of the kind "web_push".
push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    id_column(),
    site_column(),
    Column("destination_id", String(36), nullable=False),
    Column("account_id", String(36), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("endpoint_hash", String(64), nullable=False, unique=True),
    Column("key", String, nullable=False),
    Column("secret", String, nullable=False),
    Column("language", String, nullable=False),
    at_column("created_at"),
    Index(None, "destination_id"),
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
