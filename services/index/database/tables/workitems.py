"""The tables of work items (UPS): the items, who subscribes to them, and what happened to them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, String, Table

from services.index.database.tables import at_column, metadata

# ``transaction_uid`` is that of the claim and never given out. ``reading``: it asks for this hub's reading;
# ``study_uid`` is then the study, else one that it names, or empty. ``began_at``: it was claimed.
workitems = Table(
    "workitems",
    metadata,
    Column("site", String, primary_key=True),
    Column("uid", String(64), primary_key=True),
    Column("state", String, nullable=False),
    Column("transaction_uid", String(64), nullable=False),
    Column("performer", String, nullable=False),  # who has claimed it
    Column("attributes", JSON, nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("reading", Boolean, nullable=False),
    at_column("created_at"),
    at_column("changed_at"),
    at_column("began_at", nullable=True),
    Index(None, "site", "created_at"),
    Index(None, "site", "study_uid"),
    Index(None, "reading", "state"),
)

# ``uid`` is an item's or the one that stands for all.
workitem_subscriptions = Table(
    "workitem_subscriptions",
    metadata,
    Column("site", String, primary_key=True),
    Column("subscriber", String(16), primary_key=True),
    Column("uid", String(64), primary_key=True),
    Column("suspended", Boolean, nullable=False),
    at_column("created_at"),
)

# Numbered for each subscriber's site without gaps, as ``events`` are, under a name of their own there.
workitem_events = Table(
    "workitem_events",
    metadata,
    Column("site", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subscriber", String(16), nullable=False),
    Column("uid", String(64), nullable=False),
    Column("report", JSON, nullable=False),
    at_column("created_at"),
    Index(None, "site", "subscriber", "seq"),
)
