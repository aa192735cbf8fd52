"""What a site may store and send, and how many bytes it has

Revision: 0032, after: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quotas",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger()),
        sa.Column("daily_studies", sa.Integer()),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_quotas")),
    )
    op.create_table(
        "site_usage",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("since_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_site_usage")),
    )


def downgrade() -> None:
    op.drop_table("site_usage")
    op.drop_table("quotas")
