"""Orders, machines' procedure steps and news of patients get tables; a study knows its order

Revision: 0016, after: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("accession", sa.String(length=16), nullable=False),
        sa.Column("placer", sa.Text(), nullable=False),
        sa.Column("placer_system", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("referring", sa.Text(), nullable=False),
        sa.Column("station", sa.String(length=16), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("time", sa.String(length=5), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("site", "accession", name=op.f("uq_orders_site_accession")),
        sa.UniqueConstraint("site", "study_uid", name=op.f("uq_orders_site_study_uid")),
    )
    op.create_index(op.f("ix_orders_site_day"), "orders", ["site", "day"])
    op.create_index(op.f("ix_orders_site_number"), "orders", ["site", "number"])
    op.create_index(
        "uq_orders_placer", "orders", ["site", "placer_system", "placer"], unique=True,
        sqlite_where=sa.text("placer <> ''"), postgresql_where=sa.text("placer <> ''"),
    )  # fmt: skip
    op.create_table(
        "procedure_steps",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("station", sa.String(), nullable=False),
        sa.Column("performed", sa.JSON(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("site", "uid", name=op.f("pk_procedure_steps")),
    )
    op.create_index(op.f("ix_procedure_steps_order_id"), "procedure_steps", ["order_id"])
    op.create_table(
        "patient_news",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("prior", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_news")),
    )
    op.create_index(op.f("ix_patient_news_site_decision"), "patient_news", ["site", "decision"])
    op.add_column("studies", sa.Column("order_id", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_studies_order_id"), "studies", ["order_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_studies_order_id"), "studies")
    with op.batch_alter_table("studies") as table:
        table.drop_column("order_id")
    for table_name in ("patient_news", "procedure_steps", "orders"):
        op.drop_table(table_name)
