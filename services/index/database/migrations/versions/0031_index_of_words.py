"""Free text on SQLite is found by trigrams (FTS5), filled behind the receipt

Revision: 0031, after: 0033
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0033"
branch_labels = None
depends_on = None

# What is changed or erased leaves the index of words in the same transaction; the sweeper fills it anew.
_CHANGED = """
CREATE TRIGGER study_words_changed AFTER UPDATE OF searched ON studies
WHEN old.words IS NOT NULL AND new.searched IS NOT old.searched BEGIN
  DELETE FROM study_words WHERE rowid = old.words;
  UPDATE studies SET words = NULL WHERE id = new.id;
END
"""
_ERASED = """
CREATE TRIGGER study_words_erased AFTER DELETE ON studies WHEN old.words IS NOT NULL BEGIN
  DELETE FROM study_words WHERE rowid = old.words;
END
"""


def upgrade() -> None:
    op.add_column("studies", sa.Column("words", sa.BigInteger()))
    if op.get_bind().dialect.name != "sqlite":
        return  # trigrams of its own: 0045
    try:
        op.execute(
            "CREATE VIRTUAL TABLE study_words USING fts5("
            "study_id UNINDEXED, searched, short, detail=none, tokenize='trigram')"
        )
    except sa.exc.OperationalError:  # an SQLite of before 3.34, or without FTS5: its index is scanned
        return
    op.create_index(
        "ix_studies_without_words", "studies", ["site", "id"], sqlite_where=sa.text("words IS NULL")
    )
    op.execute("DROP INDEX IF EXISTS ix_studies_searched")
    op.execute(_CHANGED)
    op.execute(_ERASED)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("study_words_changed", "study_words_erased"):
            op.execute(f"DROP TRIGGER IF EXISTS {name}")
        op.execute("DROP TABLE IF EXISTS study_words")
        op.execute("DROP INDEX IF EXISTS ix_studies_without_words")
        op.execute(
            "CREATE INDEX IF NOT EXISTS ix_studies_searched ON studies (site, searched, id)"
            " WHERE withdrawn_at IS NULL"
        )
    with op.batch_alter_table("studies") as table:
        table.drop_column("words")
