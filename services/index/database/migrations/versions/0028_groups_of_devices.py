"""Groups of devices, and the settings that a programme gives to each

Revision: 0028, after: 0045
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("devices", "device_codes"):
        column = sa.Column("group_name", sa.String(), nullable=False, server_default="")
        op.add_column(table, column)
    op.create_table(
        "device_groups",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", "name", name=op.f("pk_device_groups")),
    )


def downgrade() -> None:
    op.drop_table("device_groups")
    for table in ("device_codes", "devices"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("group_name")
