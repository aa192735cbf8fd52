"""Work items (UPS)

Revision: 0025, after: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workitems",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("performer", sa.String(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("reading", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("site", "uid", name=op.f("pk_workitems")),
    )
    for columns in (("site", "created_at"), ("site", "study_uid"), ("reading", "state")):
        op.create_index(op.f(f"ix_workitems_{'_'.join(columns)}"), "workitems", list(columns))
    op.create_table(
        "workitem_subscriptions",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("subscriber", sa.String(length=16), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "site", "subscriber", "uid", name=op.f("pk_workitem_subscriptions")
        ),
    )
    op.create_table(
        "workitem_events",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subscriber", sa.String(length=16), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", "seq", name=op.f("pk_workitem_events")),
    )
    op.create_index(
        op.f("ix_workitem_events_site_subscriber_seq"),
        "workitem_events",
        ["site", "subscriber", "seq"],
    )


def downgrade() -> None:
    op.drop_table("workitem_events")
    op.drop_table("workitem_subscriptions")
    op.drop_table("workitems")
