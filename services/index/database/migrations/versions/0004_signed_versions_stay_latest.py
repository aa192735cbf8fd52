"""Studies count their versions apart from the latest one, which a signed version stays

Where a later version had displaced a signed one, the signed one is the latest again.

Revision: 0004, after: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SIGNED = (
    "SELECT max(results.version) FROM results WHERE results.study_id = studies.id"
    " AND results.origin = 'review'"
)


def upgrade() -> None:
    for name in ("newest_version", "signed_version"):
        op.add_column("studies", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE studies SET newest_version = latest_version")
    op.execute(
        f"UPDATE studies SET signed_version = coalesce(({_SIGNED}), 0) WHERE state = 'reviewed'"
    )
    op.execute("UPDATE studies SET latest_version = signed_version WHERE signed_version > 0")


def downgrade() -> None:
    op.execute("UPDATE studies SET latest_version = newest_version")
    with op.batch_alter_table("studies") as table:
        table.drop_column("signed_version")
        table.drop_column("newest_version")
