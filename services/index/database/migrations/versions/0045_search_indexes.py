"""Searches and lists of studies by indexes of their own

Revision: 0045, after: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0024"
branch_labels = None
depends_on = None

_FOLDED = ("patient_name", "patient_id", "accession")
_OPEN, _WITHDRAWN = sa.text("withdrawn_at IS NULL"), sa.text("withdrawn_at IS NOT NULL")


def upgrade() -> None:
    for column in _FOLDED:
        op.create_index(
            f"ix_studies_site_{column}", "studies", ["site", column],
            postgresql_ops={column: "text_pattern_ops"},
        )
    op.create_index("ix_studies_site_study_date", "studies", ["site", "study_date"])
    op.drop_index("ix_studies_site_priority_key", "studies")
    op.create_index(
        "ix_studies_listed", "studies", ["site", "priority_key", "id"],
        sqlite_where=_OPEN, postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_studies_withdrawn", "studies", ["site"],
        sqlite_where=_WITHDRAWN, postgresql_where=_WITHDRAWN,
    )
    if op.get_bind().dialect.name == "postgresql":
        _trigrams()
    else:  # free text is a scan there, of this index and not of whole rows
        op.create_index(
            "ix_studies_searched", "studies", ["site", "searched", "id"], sqlite_where=_OPEN
        )


def _trigrams() -> None:
    """Where the server has the extension and lets us use it; without it free text is found all the same."""
    connection = op.get_bind()
    query = sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
    if connection.execute(query).first() is None:
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            connection.execute(
                sa.text("CREATE INDEX ix_studies_searched ON studies USING gin (searched gin_trgm_ops)")
            )
    except sa.exc.ProgrammingError:  # an account that may not
        return


def downgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_studies_searched")
    op.drop_index("ix_studies_withdrawn", "studies")
    op.drop_index("ix_studies_listed", "studies")
    op.create_index("ix_studies_site_priority_key", "studies", ["site", "priority_key"])
    op.drop_index("ix_studies_site_study_date", "studies")
    for column in _FOLDED:
        op.drop_index(f"ix_studies_site_{column}", "studies")
