"""Storage commitment: what a PACS was asked for, and what machines ask

Revision: 0024, after: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commitment_requests",
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("aet", sa.String(length=16), nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("transaction_uid", name=op.f("pk_commitment_requests")),
    )
    for column in ("delivery_id", "answered_at"):
        op.create_index(
            op.f(f"ix_commitment_requests_{column}"), "commitment_requests", [column]
        )
    op.create_table(
        "commitment_questions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("caller", sa.String(length=16), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment_questions")),
    )
    op.create_index(
        "uq_commitment_questions",
        "commitment_questions",
        ["site", "caller", "transaction_uid"],
        unique=True,
    )
    op.create_index(
        op.f("ix_commitment_questions_next_attempt_at"),
        "commitment_questions",
        ["next_attempt_at"],
    )


def downgrade() -> None:
    op.drop_table("commitment_questions")
    op.drop_table("commitment_requests")
