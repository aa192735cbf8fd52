"""Objects of older versions are marked

Of what there was before, all SEG and SR of the hub but those of the newest version that has any.

Revision: 0011, after: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# The newest version with objects that does not list this one, though an older version does.
_REPLACED = """
UPDATE instances SET replaced_version = (
  SELECT max(newest.version) FROM results newest
  JOIN artefacts theirs ON theirs.result_id = newest.id
  WHERE newest.study_id = instances.study_id AND theirs.kind IN ('seg', 'sr', 'sr_obgyn'))
WHERE frames = 0 AND EXISTS (
  SELECT 1 FROM results older JOIN artefacts own ON own.result_id = older.id
  WHERE older.study_id = instances.study_id AND own.sha256 = instances.sha256
  AND own.kind IN ('seg', 'sr', 'sr_obgyn'))
AND NOT EXISTS (
  SELECT 1 FROM results latest JOIN artefacts own ON own.result_id = latest.id
  WHERE latest.study_id = instances.study_id AND own.sha256 = instances.sha256
  AND latest.version = (
    SELECT max(newest.version) FROM results newest
    JOIN artefacts theirs ON theirs.result_id = newest.id
    WHERE newest.study_id = instances.study_id AND theirs.kind IN ('seg', 'sr', 'sr_obgyn')))
"""


def upgrade() -> None:
    op.add_column("instances", sa.Column("replaced_version", sa.Integer(), nullable=True))
    op.execute(_REPLACED)


def downgrade() -> None:
    with op.batch_alter_table("instances") as table:
        table.drop_column("replaced_version")
