"""What a device says of itself, its erasure, and the settings that a programme gives to its devices

Revision: 0021, after: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("status", sa.JSON(), nullable=True))
    op.add_column("devices", sa.Column("erase_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "device_settings",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_device_settings")),
    )


def downgrade() -> None:
    op.drop_table("device_settings")
    with op.batch_alter_table("devices") as table:
        table.drop_column("erase_at")
        table.drop_column("status")
