"""Destinations and their rules get tables; a delivery names its destination and what became of each object

The PACS that the settings name is taken over when a site's first result comes (see
``services.index.destinations.destinations``): settings are not known here. Its waiting deliveries stay.

Revision: 0009, after: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destinations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("by_default", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destinations")),
    )
    op.create_index(
        "uq_destinations_name", "destinations", ["site", "name"], unique=True,
        sqlite_where=sa.text("removed_at IS NULL"), postgresql_where=sa.text("removed_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "destination_rules",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("planes", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("destinations", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("site", "position", name=op.f("pk_destination_rules")),
    )
    op.add_column("deliveries", sa.Column("destination_id", sa.String(length=36), nullable=True))
    op.add_column("deliveries", sa.Column("results", sa.JSON(), nullable=True))
    op.add_column("deliveries", sa.Column("objects", sa.JSON(), nullable=True))
    op.create_index(
        op.f("ix_deliveries_destination_id_state"), "deliveries", ["destination_id", "state"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_deliveries_destination_id_state"), "deliveries")
    with op.batch_alter_table("deliveries") as table:
        for name in ("objects", "results", "destination_id"):
            table.drop_column(name)
    op.drop_table("destination_rules")
    op.drop_table("destinations")
