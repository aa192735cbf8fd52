"""Page sessions have rows, so that signing out ends them here too

Who was signed in before signs in again.

Revision: 0007, after: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    texts = ("site", "subject", "role", "via", "credential", "name", "address", "browser")
    moments = {"created_at": False, "expires_at": False, "ended_at": True}
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
            for name, nullable in moments.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_site_subject"), "sessions", ["site", "subject"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])


def downgrade() -> None:
    op.drop_table("sessions")
