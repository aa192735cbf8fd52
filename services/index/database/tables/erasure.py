"""The tables of erasure: what was erased on whose word, what is still to go, and how long a site keeps."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from services.index.database.tables import at_column, id_column, metadata, site_column

# No patient data: ids, counts and names of receivers alone.
erasures = Table(
    "erasures",
    metadata,
    id_column(),
    site_column(),
    Column("kind", String, nullable=False),  # patient, study, retention
    Column("subject", String(36), nullable=False),  # the patient's or study's id
    Column("actor", String, nullable=False),
    Column("reason", Text, nullable=False),
    at_column("asked_at"),
    at_column("finished_at", nullable=True),  # when the store holds nothing of it any more
    Column("removed", JSON, nullable=False),  # table → rows
    Column("receivers", JSON, nullable=False),  # names of those outside that had been sent results
    Index(None, "site", "asked_at"),
)

# A study named here is gone; triggers let its results, artefacts and facts be deleted, and no others.
erased_studies = Table(
    "erased_studies",
    metadata,
    Column("study_id", String(36), primary_key=True),
    Column("erasure_id", String(36), ForeignKey("erasures.id"), nullable=False),
    site_column(),
    Index(None, "erasure_id"),
)

# Objects that are to go from the store. ``kept``: another study of the site has the same bytes.
erased_objects = Table(
    "erased_objects",
    metadata,
    Column("erasure_id", String(36), ForeignKey("erasures.id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    site_column(),
    at_column("gone_at", nullable=True),
    Column("kept", Integer, nullable=False, server_default="0"),
    Index(None, "gone_at"),
)

# Cases that a phone may still hold: it is asked to forget them when it comes, and says that it has.
erased_cases = Table(
    "erased_cases",
    metadata,
    Column("site", String, primary_key=True),
    Column("case_id", String(36), primary_key=True),
    Column("erasure_id", String(36), ForeignKey("erasures.id"), nullable=False),
    Column("owner", String, nullable=False),
    at_column("forgotten_at", nullable=True),
    Index(None, "site", "owner"),
    Index(None, "erasure_id"),
)

# Days after which a site's studies are erased; null: never. Studies without a person's word are kept.
retention = Table(
    "retention",
    metadata,
    Column("site", String, primary_key=True),
    Column("reviewed_days", Integer),
    Column("withdrawn_days", Integer),
    Column("actor", String, nullable=False),
    at_column("changed_at"),
)
