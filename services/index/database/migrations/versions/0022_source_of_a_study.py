"""What a study came in by is called its source

Revision: 0022, after: 0014
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE studies RENAME COLUMN door TO source")  # without batch: SQLite can


def downgrade() -> None:
    op.execute("ALTER TABLE studies RENAME COLUMN source TO door")
