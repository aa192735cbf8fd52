"""A phone is asked for a new key, and what it sealed under the one before is still taken

Revision: 0030, after: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("rotate_at", "key_at"):
        op.add_column("devices", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("devices", sa.Column("earlier_key", sa.String()))


def downgrade() -> None:
    with op.batch_alter_table("devices") as table:
        for name in ("earlier_key", "key_at", "rotate_at"):
            table.drop_column(name)
