"""Sites take turns: a job's place among those of its site, and when each site had its last turn

Revision: 0046, after: 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0030"
branch_labels = None
depends_on = None

_QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("available_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("trace", sa.JSON(), nullable=True))
    op.execute("UPDATE jobs SET available_at = sent_at WHERE state = 'queued'")
    op.create_index(
        "ix_jobs_waiting", "jobs", ["urgent", "site", "available_at", "id"],
        sqlite_where=_QUEUED, postgresql_where=_QUEUED,
    )  # fmt: skip
    op.create_table(
        "site_queues",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", "urgent", name=op.f("pk_site_queues")),
    )


def downgrade() -> None:
    op.drop_table("site_queues")
    op.drop_index("ix_jobs_waiting", "jobs")
    with op.batch_alter_table("jobs") as table:
        table.drop_column("trace")
        table.drop_column("available_at")
