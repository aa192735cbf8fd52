"""Of which study a machine's procedure step is, and which images it says were made

Revision: 0023, after: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

_TABLE = "procedure_steps"


def upgrade() -> None:
    uid = sa.Column("study_uid", sa.String(length=64), nullable=False, server_default="")
    images = sa.Column("images", sa.JSON(), nullable=False, server_default="[]")
    op.add_column(_TABLE, uid)
    op.add_column(_TABLE, images)
    op.create_index(op.f("ix_procedure_steps_study_uid"), _TABLE, ["study_uid"])


def downgrade() -> None:
    op.drop_index(op.f("ix_procedure_steps_study_uid"), _TABLE)
    with op.batch_alter_table(_TABLE) as table:
        table.drop_column("images")
        table.drop_column("study_uid")
