"""Previews of a case's pictures, until the pictures themselves are here

Revision: 0020, after: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_previews",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sop_uid", sa.String(length=64), nullable=False),
        sa.Column("frame", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("study_id", sa.String(length=36), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site", "case_id"],
            ["cases.site", "cases.id"],
            name=op.f("fk_case_previews_site_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_case_previews_study_id")
        ),
        sa.PrimaryKeyConstraint(
            "site", "case_id", "sop_uid", "frame", name=op.f("pk_case_previews")
        ),
    )
    op.create_index(op.f("ix_case_previews_study_id"), "case_previews", ["study_id"])


def downgrade() -> None:
    op.drop_table("case_previews")
