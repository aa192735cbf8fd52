"""People who sign on elsewhere have accounts

Revision: 0014, after: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("external", sa.String(), nullable=True))
    op.create_index(
        op.f("ix_accounts_external_site"), "accounts", ["external", "site"], unique=True
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_accounts_external_site"), "accounts")
    op.drop_column("accounts", "external")
