"""Patients, pregnancies and facts; studies find their patient by number

A study that contradicts its patient's record in name or birth date gets none: it is marked, and a person
decides. Studies of one patient belong to one pregnancy within 300 days of its first.

Revision: 0006, after: 0005
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from uuid_utils import uuid7

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_PREGNANCY_DAYS = 300
_BATCH = 500
_studies = sa.table(
    "studies",
    sa.column("id", sa.String),
    sa.column("site", sa.String),
    sa.column("received_at", sa.DateTime(timezone=True)),
    sa.column("attributes", sa.JSON),
    sa.column("patient_key", sa.String),
    sa.column("pregnancy_id", sa.String),
    sa.column("clash", sa.JSON(none_as_null=True)),
)


def upgrade() -> None:
    patients, pregnancies = _create_tables()
    for name in ("patient_key", "pregnancy_id"):
        op.add_column("studies", sa.Column(name, sa.String(length=36), nullable=True))
    op.add_column("studies", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("clash", "corrected", "claim", "biometry", "headline"):
        op.add_column("studies", sa.Column(name, sa.JSON(), nullable=True))
    for name in ("patient_key", "pregnancy_id"):
        op.create_index(op.f(f"ix_studies_{name}"), "studies", [name], unique=False)
    _refuse_changes("facts")
    _find_patients(patients, pregnancies)


def _create_tables() -> tuple[Any, Any]:
    patients = op.create_table(
        "patients",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=False),
        sa.Column("searched", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("site", "number", name=op.f("uq_patients_site_number")),
    )
    pregnancies = op.create_table(
        "pregnancies",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_pregnancies_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pregnancies")),
    )
    op.create_index(op.f("ix_pregnancies_patient_id"), "pregnancies", ["patient_id"], unique=False)
    op.create_table(
        "facts",
        sa.Column("study_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_facts_study_id")),
        sa.PrimaryKeyConstraint("study_id", "version", name=op.f("pk_facts")),
    )
    return patients, pregnancies


def _refuse_changes(table: str) -> None:
    """What a person entered can only be added to, as results and audit."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION fada_append_only()"
    )


# --- studies get their patients -------------------------------------------------------------------
def _find_patients(patients: Any, pregnancies: Any) -> None:
    """Oldest first: the first study of a number makes the record."""
    bind = op.get_bind()
    known: dict[tuple[str, str], dict[str, Any]] = {}
    query = sa.select(
        _studies.c.id, _studies.c.site, _studies.c.received_at, _studies.c.attributes
    ).order_by(_studies.c.received_at, _studies.c.id)
    changes: list[dict[str, Any]] = []
    first_days: dict[str, list[tuple[date, str]]] = {}
    made: tuple[list[Any], list[Any]] = ([], [])
    for row in bind.execute(query).all():
        said = _identity(row.attributes)
        if not said["number"]:
            continue
        patient = known.get((row.site, said["number"]))
        if patient is None:
            patient = {"id": str(uuid7()), "site": row.site, **said, "created_at": row.received_at}
            patient["searched"] = _searched(said)
            known[row.site, said["number"]] = patient
            made[0].append(patient)
        fields = _differences(patient, said)
        change: dict[str, Any] = {"study": row.id, "patient": None, "pregnancy": None, "why": None}
        if fields:
            change["why"] = {
                "kind": "patient", "patient_id": patient["id"], "fields": fields, "received": said,
                "sop_uids": [],
            }  # fmt: skip
        else:
            day = _day(row.attributes) or row.received_at.date()
            pregnancy, is_new = _pregnancy(first_days.setdefault(patient["id"], []), day)
            if is_new:
                made[1].append(
                    {"id": pregnancy, "site": row.site, "patient_id": patient["id"],
                     "created_at": row.received_at}
                )  # fmt: skip
            change |= {"patient": patient["id"], "pregnancy": pregnancy}
        changes.append(change)
    for table, rows in zip((patients, pregnancies), made, strict=True):
        for start in range(0, len(rows), _BATCH):
            op.bulk_insert(table, rows[start : start + _BATCH])
    _write(changes)


def _write(changes: list[dict[str, Any]]) -> None:
    change = (
        sa.update(_studies)
        .where(_studies.c.id == sa.bindparam("study"))
        .values(
            patient_key=sa.bindparam("patient"),
            pregnancy_id=sa.bindparam("pregnancy"),
            clash=sa.bindparam("why"),
        )
    )
    for start in range(0, len(changes), _BATCH):
        op.get_bind().execute(change, changes[start : start + _BATCH])


def _pregnancy(known: list[tuple[date, str]], day: date) -> tuple[str, bool]:
    """(id, whether it is new) of the pregnancy whose first examination lies near; ``known`` grows."""
    for first, pregnancy in known:
        if abs((day - first).days) <= _PREGNANCY_DAYS:
            return pregnancy, False
    made = str(uuid7())
    known.append((day, made))
    return made, True


def _identity(attributes: dict[str, Any]) -> dict[str, str]:
    name = _first(attributes, "00100010")
    if isinstance(name, dict):
        name = "=".join(str(name.get(group) or "") for group in _GROUPS).rstrip("=")
    born = _day(attributes, "00100030")
    return {
        "number": _clean(str(_first(attributes, "00100020") or "")),
        "name": _clean(str(name or "")),
        "birth_date": born.isoformat() if born else "",
    }


def _first(attributes: dict[str, Any], tag: str) -> Any:
    return ((attributes.get(tag) or {}).get("Value") or [""])[0]


def _day(attributes: dict[str, Any], tag: str = "00080020") -> date | None:
    text = str(_first(attributes, tag) or "").strip()
    try:
        return datetime.strptime(text, "%Y%m%d").date() if len(text) == 8 else None
    except ValueError:
        return None


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _words(name: str) -> list[str]:
    return _fold(name).replace("^", " ").split()


def _searched(said: dict[str, str]) -> str:
    return " ".join((*_words(said["name"].replace("=", " ")), _fold(said["number"])))


def _differences(patient: dict[str, Any], said: dict[str, str]) -> list[dict[str, str]]:
    fields = []
    pairs = zip(patient["name"].split("="), said["name"].split("="), strict=False)
    if any(_words(a) and _words(b) and _words(a) != _words(b) for a, b in pairs):
        fields.append("name")
    if patient["birth_date"] and said["birth_date"] and patient["birth_date"] != said["birth_date"]:
        fields.append("birth_date")
    return [{"field": name, "recorded": patient[name], "received": said[name]} for name in fields]


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the migration")
