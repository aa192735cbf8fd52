"""Erasure of studies and patients, and how long a site keeps its studies

Results, artefacts and facts stay append-only; rows of a study that is named as erased may be deleted.

Revision: 0018, after: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OF_STUDY = "SELECT 1 FROM erased_studies WHERE study_id = OLD.study_id"
_OF_RESULT = (
    "SELECT 1 FROM erased_studies JOIN results ON results.study_id = erased_studies.study_id"
    " WHERE results.id = OLD.result_id"
)
_TABLES = {"results": _OF_STUDY, "artefacts": _OF_RESULT, "facts": _OF_STUDY}


def upgrade() -> None:
    _make_tables()
    for table, erased in _TABLES.items():
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {table}_no_delete")
            op.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS ({erased}) "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            continue
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION fada_append_only()"
        )
        op.execute(
            f"CREATE FUNCTION fada_erased_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF NOT EXISTS ({erased}) THEN "
            "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END IF; RETURN OLD; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_erased_only BEFORE DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION fada_erased_{table}()"
        )


def downgrade() -> None:
    for table in _TABLES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {table}_no_delete")
            op.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            continue
        op.execute(f"DROP FUNCTION fada_erased_{table}() CASCADE")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION fada_append_only()"
        )
    for name in ("retention", "erased_cases", "erased_objects", "erased_studies", "erasures"):
        op.drop_table(name)


def _make_tables() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.Column("receivers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_site_asked_at"), "erasures", ["site", "asked_at"])
    op.create_table(
        "erased_studies",
        sa.Column("study_id", sa.String(36), nullable=False),
        _erasure("erased_studies"),
        sa.Column("site", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_erased_studies")),
    )
    op.create_index(op.f("ix_erased_studies_erasure_id"), "erased_studies", ["erasure_id"])
    op.create_table(
        "erased_objects",
        _erasure("erased_objects"),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("gone_at", _MOMENT, nullable=True),
        sa.Column("kept", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("erasure_id", "sha256", name=op.f("pk_erased_objects")),
    )
    op.create_index(op.f("ix_erased_objects_gone_at"), "erased_objects", ["gone_at"])
    op.create_table(
        "erased_cases",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        _erasure("erased_cases"),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("forgotten_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("site", "case_id", name=op.f("pk_erased_cases")),
    )
    op.create_index(op.f("ix_erased_cases_site_owner"), "erased_cases", ["site", "owner"])
    op.create_index(op.f("ix_erased_cases_erasure_id"), "erased_cases", ["erasure_id"])
    op.create_table(
        "retention",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("reviewed_days", sa.Integer(), nullable=True),
        sa.Column("withdrawn_days", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_retention")),
    )


def _erasure(table: str) -> sa.Column[str]:
    name = op.f(f"fk_{table}_erasure_id_erasures")
    return sa.Column(
        "erasure_id", sa.String(36), sa.ForeignKey("erasures.id", name=name), nullable=False
    )
