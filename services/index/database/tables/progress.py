"""What has been read of a study whose job is not done yet."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from services.index.database.tables import at_column, metadata, site_column

# ``frame`` 0 tells of the instance itself. The rows go when the study's result is there.
read_frames = Table(
    "read_frames",
    metadata,
    Column("study_id", String(36), ForeignKey("studies.id"), primary_key=True),
    Column("sop_uid", String(64), primary_key=True),
    Column("frame", Integer, primary_key=True, autoincrement=False),
    site_column(),
    Column("sha256", String(64), nullable=False),  # of the instance's bytes that were read
    Column("release", String(64), nullable=False),  # the hash of its manifest
    Column("content", Text, nullable=False),  # JSON
    at_column("at"),
)
