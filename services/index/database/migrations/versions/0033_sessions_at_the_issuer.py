"""The issuer's name of a page session, by which it ends it

Revision: 0033, after: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("issuer_session", sa.String()))
    op.create_index("ix_sessions_issuer_session", "sessions", ["issuer_session"])


def downgrade() -> None:
    op.drop_index("ix_sessions_issuer_session", "sessions")
    with op.batch_alter_table("sessions") as batch:
        batch.drop_column("issuer_session")
