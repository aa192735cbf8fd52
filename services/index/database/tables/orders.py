"""The tables of orders, of machines' procedure steps, and of what a hospital says anew of a woman."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.index.database.tables import at_column, id_column, metadata, site_column

# ``number``, ``name`` (DICOM PN) and ``birth_date`` (ISO 8601) are what the order says of the woman, who
# may have no record yet. ``day`` and ``time`` are the hub's own. A study that met its order has the
# order's id in ``studies.order_id``.
orders = Table(
    "orders",
    metadata,
    id_column(),
    site_column(),
    Column("accession", String(16), nullable=False),
    Column("placer", Text, nullable=False),
    Column("placer_system", Text, nullable=False),
    Column("source", String, nullable=False),
    Column("state", String, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("birth_date", String(10), nullable=False),
    Column("sex", String(1), nullable=False),
    Column("procedure", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("referring", Text, nullable=False),
    Column("station", String(16), nullable=False),
    Column("day", String(10), nullable=False),
    Column("time", String(5), nullable=False),
    Column("study_uid", String(64), nullable=False),
    at_column("created_at"),
    at_column("changed_at"),
    UniqueConstraint("site", "accession"),
    UniqueConstraint("site", "study_uid"),
    Index(None, "site", "day"),
    Index(None, "site", "number"),
    Index(
        "uq_orders_placer",
        "site",
        "placer_system",
        "placer",
        unique=True,
        sqlite_where=text("placer <> ''"),
        postgresql_where=text("placer <> ''"),
    ),
)

# A machine's own record of a step (MPPS). ``order_id`` is null where no order was named; ``images`` are
# the SOP Instance UIDs that it says were made.
procedure_steps = Table(
    "procedure_steps",
    metadata,
    Column("site", String, primary_key=True),
    Column("uid", String(64), primary_key=True),
    Column("order_id", String(36)),
    Column("state", String, nullable=False),
    Column("station", String, nullable=False),
    Column("performed", JSON, nullable=False),
    Column("study_uid", String(64), nullable=False, server_default=""),
    Column("images", JSON, nullable=False, server_default="[]"),
    at_column("created_at"),
    at_column("changed_at"),
    Index(None, "order_id"),
    Index(None, "study_uid"),
)

# What contradicts her record waits here for a person; ``decision`` is empty until then.
patient_news = Table(
    "patient_news",
    metadata,
    id_column(),
    site_column(),
    Column("number", Text, nullable=False),
    Column("prior", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("birth_date", String(10), nullable=False),
    Column("message", Text, nullable=False),
    at_column("received_at"),
    Column("decision", String, nullable=False),
    Column("decided_by", String, nullable=False),
    at_column("decided_at", nullable=True),
    Index(None, "site", "decision"),
)
