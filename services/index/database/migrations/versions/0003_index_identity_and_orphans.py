"""The index gets an identity that its store carries too, and orphans wait in quarantine

Revision: 0003, after: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "index_identity",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_index_identity")),
    )
    op.create_table(
        "orphans",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", "sha256", name=op.f("pk_orphans")),
    )


def downgrade() -> None:
    op.drop_table("orphans")
    op.drop_table("index_identity")
