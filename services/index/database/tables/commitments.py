"""The tables of storage commitment: what the hub asked of a PACS, and what machines asked of the hub."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table

from services.index.database.tables import at_column, id_column, metadata, site_column

# A transaction with a PACS about objects of one delivery. ``accepted_at``: it took the request,
# ``answered_at``: it reported. ``superseded``: a person had the delivery run again since.
commitment_requests = Table(
    "commitment_requests",
    metadata,
    Column("transaction_uid", String(64), primary_key=True),
    site_column(),
    Column("delivery_id", String(36), nullable=False),
    Column("aet", String(16), nullable=False),  # who may report on it
    Column("objects", JSON, nullable=False),  # SOP Instance UIDs
    Column("superseded", Boolean, nullable=False),
    at_column("created_at"),
    at_column("accepted_at", nullable=True),
    at_column("answered_at", nullable=True),
    Index(None, "delivery_id"),
    Index(None, "answered_at"),
)

# What a machine wants to know; the answer is made when it is told. A row goes when it was.
commitment_questions = Table(
    "commitment_questions",
    metadata,
    id_column(),
    site_column(),
    Column("caller", String(16), nullable=False),
    Column("transaction_uid", String(64), nullable=False),
    Column("objects", JSON, nullable=False),  # pairs of class and instance
    Column("attempts", Integer, nullable=False),
    at_column("received_at"),
    at_column("next_attempt_at"),
    Index("uq_commitment_questions", "site", "caller", "transaction_uid", unique=True),
    Index(None, "next_attempt_at"),
)
