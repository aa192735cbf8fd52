"""The tables of patients, their pregnancies, and the facts that people enter about an examination."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from services.index.database.tables import (
    at_column,
    id_column,
    metadata,
    site_column,
)

# ``name`` is DICOM PN text, ``birth_date`` ISO 8601 or empty; ``searched`` is folded text of both.
patients = Table(
    "patients",
    metadata,
    id_column(),
    site_column(),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("birth_date", String(10), nullable=False),
    Column("searched", Text, nullable=False),
    at_column("created_at"),
    UniqueConstraint("site", "number"),
)

pregnancies = Table(
    "pregnancies",
    metadata,
    id_column(),
    site_column(),
    Column("patient_id", String(36), ForeignKey("patients.id"), nullable=False),
    at_column("created_at"),
    Index(None, "patient_id"),
)

# Append-only: triggers refuse UPDATE and DELETE. ``entered`` is what the contract of facts holds.
facts = Table(
    "facts",
    metadata,
    Column("study_id", String(36), ForeignKey("studies.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    site_column(),
    Column("author", String, nullable=False),
    at_column("at"),
    Column("entered", JSON, nullable=False),
)
