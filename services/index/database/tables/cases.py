"""The tables of cases from the field: the case, the versions of its report, its pictures, their previews."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from services.index.database.tables import at_column, metadata, study_column


def _case() -> tuple[Column[str], Column[str], ForeignKeyConstraint]:
    keys = Column("case_id", String(36), primary_key=True)
    site = Column("site", String, primary_key=True)
    return site, keys, ForeignKeyConstraint(["site", "case_id"], ["cases.site", "cases.id"])


# As the report that came first described it. The device makes the id, so it is unique in a site only.
cases = Table(
    "cases",
    metadata,
    Column("site", String, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("owner", String, nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("pixel_mm_x", Float),
    Column("pixel_mm_y", Float),
    Column("patient_name", String, nullable=False),
    Column("patient_id", String, nullable=False),
    Column("study_date", String(8), nullable=False),
    at_column("created_at"),
)

# ``pictures``: SHA-256 of those that this version names, in its order. ``result_version`` is 0 when the
# version held no report. The study is named here too: DICOM files of a later version may have another.
case_versions = Table(
    "case_versions",
    metadata,
    *_case(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    study_column(),
    Column("sha256", String(64), nullable=False),
    Column("result_version", Integer, nullable=False),
    Column("pictures", JSON, nullable=False),
    at_column("received_at"),
    Index(None, "study_id"),
)

# ``position``: place in the report that opened the case; empty: a later version named it, or none did.
# ``sop_uid``: empty until the picture has arrived.
case_pictures = Table(
    "case_pictures",
    metadata,
    *_case(),
    Column("sha256", String(64), primary_key=True),
    Column("position", Integer),
    Column("size", BigInteger),
    Column("media_type", String),
    Column("sop_uid", String(64), nullable=False),
    at_column("arrived_at", nullable=True),
)

# A small copy (JPEG) of a frame whose picture has not arrived: to be looked at, never measured on. It lies
# here and not in the store: it is small, and gone when the picture comes.
case_previews = Table(
    "case_previews",
    metadata,
    *_case(),
    Column("sop_uid", String(64), primary_key=True),
    Column("frame", Integer, primary_key=True, autoincrement=False),
    study_column(),
    Column("jpeg", LargeBinary, nullable=False),
    at_column("received_at"),
    Index(None, "study_id"),
)
