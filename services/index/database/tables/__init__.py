"""The tables of studies, jobs, results and audit, and what all tables have in common.

``migrations/`` holds the same as history; a test compares. The others: ``access``,
``cases``, ``commitments``, ``destinations``, ``messaging``, ``objects``,
``orders``, ``patients``, ``progress``.

JSON is kept as text on both databases (``json``, not ``jsonb``): it is never searched inside, and
hostile content such as an escaped NUL must not turn into a database error.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
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


# ``priority_key`` orders by need with waiting time in it: all wait at the same pace, so the order of
# score - PER_HOUR * hour_of_receipt never changes and can be an index (see clinical.study_columns).
# The columns from ``patient_name`` on hold folded text that QIDO-RS and the page search in.
_OPEN, _GONE = text("withdrawn_at IS NULL"), text("withdrawn_at IS NOT NULL")


def _folded(column: str) -> Index:
    """A column that is matched whole and by its beginning, whatever PostgreSQL's locale is."""
    return Index(None, "site", column, postgresql_ops={column: "text_pattern_ops"})


studies = Table(
    "studies",
    metadata,
    id_column(),
    site_column(),
    Column("study_uid", String(64), nullable=False),
    Column("state", String, nullable=False),
    Column("source", String, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("score", Float, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("priority_key", Float, nullable=False),
    at_column("received_at"),
    Column("instances", Integer, nullable=False),
    Column("series", Integer, nullable=False),
    Column("modalities", String, nullable=False),
    # The version that is shown and shared. One that a person signed stays it until the next is signed;
    # ``newest_version`` counts all, ``signed_version`` is 0 where nobody has signed.
    Column("latest_version", Integer, nullable=False),
    Column("newest_version", Integer, nullable=False, server_default="0"),
    Column("signed_version", Integer, nullable=False, server_default="0"),
    Column("plane", String, nullable=False),
    Column("ga_days", Float),
    Column("error_code", String, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("patient_name", Text, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("accession", Text, nullable=False),
    Column("study_date", Text, nullable=False),
    Column("study_time", Text, nullable=False),
    Column("dicom_study_id", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("referring", Text, nullable=False),
    Column("birth_date", Text, nullable=False),
    Column("sex", Text, nullable=False),
    Column("searched", Text, nullable=False),
    # On SQLite its row in the index of words (``clinical.words``); null: it is not there yet.
    Column("words", BigInteger),
    # An examination of a patient (``patients``); no foreign key, which SQLite adds to no table
    # that is there. ``clash``: she came with another woman's name, birth date or number, and a person
    # has to decide. ``corrected``: what a person put right, DICOM JSON ``was`` and ``now``. ``claim``:
    # who reads this case. ``biometry`` and ``headline`` follow from its latest result.
    Column(
        "patient_key", String(36)
    ),  # the id of her record; ``patient_id`` above is the header's number
    Column("pregnancy_id", String(36)),
    Column("order_id", String(36)),  # of the order that it met
    at_column("withdrawn_at", nullable=True),
    Column("clash", JSON(none_as_null=True)),
    Column("corrected", JSON(none_as_null=True)),
    Column("claim", JSON(none_as_null=True)),
    Column("biometry", JSON(none_as_null=True)),
    Column("headline", JSON(none_as_null=True)),
    Index(None, "patient_key"),
    Index(None, "pregnancy_id"),
    Index(None, "order_id"),
    UniqueConstraint("site", "study_uid"),
    # The worklist's order with the id in it: to skip and to count, no row is read.
    Index(
        "ix_studies_listed",
        "site",
        "priority_key",
        "id",
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
    Index(None, "site", "received_at"),
    Index("ix_studies_withdrawn", "site", sqlite_where=_GONE, postgresql_where=_GONE),
    Index(None, "site", "state"),
    Index(None, "site", "study_date"),
    _folded("patient_name"),
    _folded("patient_id"),
    _folded("accession"),
    # On PostgreSQL with pg_trgm ``searched`` has a trigram index too (migration 0045); SQLite has the
    # virtual table ``study_words`` and ix_studies_without_words (migration 0031).
)

instances = Table(
    "instances",
    metadata,
    id_column(),
    study_column(),
    site_column(),
    Column("series_uid", String(64), nullable=False),
    Column("sop_uid", String(64), nullable=False),
    Column("sop_class", String(64), nullable=False),
    Column("transfer_syntax", String(64), nullable=False),
    Column("modality", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("attributes", JSON, nullable=False),
    at_column("received_at"),
    # Of FADA's own objects: the version that replaced it; null: it is the newest.
    Column("replaced_version", Integer),
    UniqueConstraint("site", "sop_uid"),
    Index(None, "study_id", "series_uid"),
    Index(None, "sha256"),
)

jobs = Table(
    "jobs",
    metadata,
    id_column(),
    study_column(),
    site_column(),
    Column("state", String, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("turns", Integer, nullable=False, server_default="0"),  # in which it was not finished
    Column("score", Float, nullable=False),
    at_column("created_at"),
    at_column("sent_at"),  # of the latest outbox row
    at_column("due_at", nullable=True),  # the end of the study's quiet time
    at_column("available_at", nullable=True),  # from when on a worker may have it: its place
    Column("request_id", String, nullable=False),
    Column("trace", JSON(none_as_null=True)),  # W3C headers of the span that asked for it
    Column("lease_owner", String),
    at_column("lease_until", nullable=True),
    Column("error_code", String, nullable=False),
    Column("error_detail", Text, nullable=False),
    at_column("finished_at", nullable=True),
    Index(None, "study_id"),
    Index(None, "state", "lease_until"),
    Index(None, "state", "sent_at"),
    Index(
        "ix_jobs_waiting",
        "urgent",
        "site",
        "available_at",
        "id",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index(
        "uq_jobs_one_queued",
        "study_id",
        unique=True,
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
)

# Append-only: triggers refuse UPDATE and DELETE on results, artefacts and audit.
results = Table(
    "results",
    metadata,
    id_column(),
    study_column(),
    site_column(),
    Column("version", Integer, nullable=False),
    Column("origin", String, nullable=False),
    Column("author", String, nullable=False),
    at_column("created_at"),
    Column("report", Text, nullable=False),
    Column("based_on", Integer),
    Column("job_id", String(36), ForeignKey("jobs.id"), unique=True),
    Column("scores", JSON, nullable=False),
    UniqueConstraint("study_id", "version"),
)

artefacts = Table(
    "artefacts",
    metadata,
    Column("result_id", String(36), ForeignKey("results.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    site_column(),
    Column("kind", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sop_uid", String(64), nullable=False),
    Column("frame", Integer, nullable=False),
    Column("label", String, nullable=False),
    Index(None, "sha256", "site"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    at_column("at"),
    site_column(),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "site", "subject"),
    sqlite_autoincrement=True,
)
