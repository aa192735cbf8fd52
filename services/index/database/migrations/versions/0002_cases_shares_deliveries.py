"""Cases, shares and deliveries get tables of their own

Cases lay among the remembered answers (keys ``case:…`` and ``case-of:…`` that end in the year 9000), share
links among the audit entries, deliveries among the outbox rows. Audit entries stay: they are audit.

Revision: 0002, after: 0001
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT_FOREVER = datetime(8000, 1, 1)
_BATCH = 500


def _table(name: str, *columns: Any) -> Any:
    return sa.table(name, *(c if isinstance(c, sa.ColumnClause) else sa.column(c) for c in columns))


def _at(name: str) -> Any:
    return sa.column(name, sa.DateTime(timezone=True))


_answers = _table(
    "idempotency", "site", "key", "request_hash", sa.column("body", sa.LargeBinary), _at("expires_at")
)
_studies = _table("studies", "id", "site", "study_uid", _at("received_at"))
_results = _table("results", "study_id", "version", "origin", "author", _at("created_at"))
_audit = _table(
    "audit", sa.column("seq", sa.Integer), _at("at"), "site", "actor", "action", "subject",
    sa.column("detail", sa.JSON),
)
_outbox = _table(
    "outbox", "id", "topic", "subject", sa.column("payload", sa.JSON), _at("created_at"), _at("due_at"),
    sa.column("attempts", sa.Integer), "error",
)


def upgrade() -> None:
    cases, versions, pictures = _create_cases()
    shares, deliveries = _create_shares(), _create_deliveries()
    _move_cases(cases, versions, pictures)
    _copy_shares(shares)
    _move_deliveries(deliveries)
    _rename_priority_key("need_key", "priority_key")


def _rename_priority_key(old: str, new: str) -> None:
    op.drop_index(f"ix_studies_site_{old}", table_name="studies")
    op.execute(f"ALTER TABLE studies RENAME COLUMN {old} TO {new}")
    op.create_index(f"ix_studies_site_{new}", "studies", ["site", new], unique=False)


def _create_cases() -> tuple[Any, Any, Any]:
    cases = op.create_table(
        "cases",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("pixel_mm_x", sa.Float(), nullable=True),
        sa.Column("pixel_mm_y", sa.Float(), nullable=True),
        sa.Column("patient_name", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("study_date", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_cases")),
    )
    versions = op.create_table(
        "case_versions",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("study_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("result_version", sa.Integer(), nullable=False),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site", "case_id"], ["cases.site", "cases.id"], name=op.f("fk_case_versions_site_case_id")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_case_versions_study_id")),
        sa.PrimaryKeyConstraint("site", "case_id", "number", name=op.f("pk_case_versions")),
    )
    op.create_index(op.f("ix_case_versions_study_id"), "case_versions", ["study_id"], unique=False)
    pictures = op.create_table(
        "case_pictures",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("sop_uid", sa.String(length=64), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["site", "case_id"], ["cases.site", "cases.id"], name=op.f("fk_case_pictures_site_case_id")
        ),
        sa.PrimaryKeyConstraint("site", "case_id", "sha256", name=op.f("pk_case_pictures")),
    )
    return cases, versions, pictures


def _create_shares() -> Any:
    table = op.create_table(
        "shares",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("study_id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_shares_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shares")),
    )
    op.create_index(op.f("ix_shares_study_id"), "shares", ["study_id"], unique=False)
    return table


def _create_deliveries() -> Any:
    table = op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("study_id", sa.String(length=36), nullable=False),
        sa.Column("webhook_id", sa.String(length=36), nullable=True),
        sa.Column("event_seq", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        op.f("ix_deliveries_state_next_attempt_at"), "deliveries", ["state", "next_attempt_at"]
    )
    op.create_index(op.f("ix_deliveries_site_state"), "deliveries", ["site", "state"])
    return table


# --- cases: what was kept among the remembered answers --------------------------------------------
def _move_cases(cases: Any, versions: Any, pictures: Any) -> None:
    links = _links()
    opened: dict[tuple[str, str], dict[str, Any]] = {}
    kept: dict[tuple[str, str], dict[int, tuple[str, dict[str, Any]]]] = defaultdict(dict)
    arrived: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for site, key, digest, body in _kept("case:"):
        _, case_id, *rest = key.split(":")
        if not rest:
            opened[site, case_id] = body
        elif rest[0].startswith("v"):
            kept[site, case_id][int(rest[0][1:])] = (digest, body)
        else:
            arrived[site, case_id][rest[0][1:]] = body["sop_uid"]
    made: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    taken: set[tuple[str, int]] = set()  # results whose case is known; most cases have one study
    for (site, case_id), case in sorted(opened.items(), key=lambda item: len(links[item[0]])):
        rows = _version_rows(site, case, kept[site, case_id], links[site, case_id], taken)
        made[0].append(_case_row(site, case, rows))
        made[1].extend(rows)
        made[2].extend(_picture_rows(site, case, rows, arrived[site, case_id]))
    for table, rows in zip((cases, versions, pictures), made, strict=True):
        _insert(table, rows)
    forever = _answers.c.expires_at >= _KEPT_FOREVER
    ours = sa.or_(_answers.c.key.like("case:%"), _answers.c.key.like("case-of:%"))
    op.get_bind().execute(sa.delete(_answers).where(forever, ours))


def _kept(prefix: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Site, key, hash and content of what was kept under keys that begin so."""
    query = sa.select(_answers).where(
        _answers.c.key.like(f"{prefix}%"), _answers.c.expires_at >= _KEPT_FOREVER
    )
    for row in op.get_bind().execute(query.order_by(_answers.c.site, _answers.c.key)).all():
        yield row.site, row.key, row.request_hash, json.loads(row.body)


def _links() -> dict[tuple[str, str], list[str]]:
    """(site, case) → the studies that it is linked from; of most cases, one."""
    links: dict[tuple[str, str], list[str]] = defaultdict(list)
    for site, key, _, body in _kept("case-of:"):
        links[site, body["case"]].append(key.split(":")[1])
    return links


def _version_rows(
    site: str,
    case: dict[str, Any],
    kept: dict[int, tuple[str, dict[str, Any]]],
    studies: list[str],
    taken: set[tuple[str, int]],
) -> list[dict[str, Any]]:
    own = _study(site, case["study_uid"])
    rows: list[dict[str, Any]] = []
    for number, (digest, body) in sorted(kept.items()):
        became = body["result_version"]
        results = _results_of(studies, became, case["owner"])
        study_id, at = next((r for r in results if (r[0], became) not in taken), (own.id, own.received_at))
        taken.add((study_id, became))
        rows.append(
            {
                "site": site, "case_id": case["id"], "number": number, "study_id": study_id,
                "sha256": digest, "result_version": became,
                "pictures": list(body.get("pictures", ())), "received_at": at,
            }
        )  # fmt: skip
    # A study that no result names was linked by a version without a report.
    left = [one for one in studies if one not in {row["study_id"] for row in rows}]
    for row, study_id in zip((r for r in rows if not r["result_version"]), left, strict=False):
        row["study_id"] = study_id
    return rows


def _study(site: str, study_uid: str) -> Any:
    query = sa.select(_studies).where(_studies.c.site == site, _studies.c.study_uid == study_uid)
    return op.get_bind().execute(query).one()


def _results_of(studies: list[str], version: int, author: str) -> list[tuple[str, datetime]]:
    """The studies, of these, in which the owner's result has this version, and when it came; in order."""
    if not version:
        return []
    columns = _results.c
    query = sa.select(columns.study_id, columns.created_at).where(
        columns.study_id.in_(studies), columns.version == version,
        columns.origin == "phone", columns.author == author,
    )  # fmt: skip
    return [(row[0], row[1]) for row in op.get_bind().execute(query.order_by(columns.created_at))]


def _case_row(site: str, case: dict[str, Any], versions: list[dict[str, Any]]) -> dict[str, Any]:
    width, height = case["pixel_mm"] or (None, None)
    came = min((row["received_at"] for row in versions), default=None)
    return {
        "site": site, "id": case["id"], "owner": case["owner"], "study_uid": case["study_uid"],
        "urgent": case["urgent"], "pixel_mm_x": width, "pixel_mm_y": height,
        "patient_name": case["subject"]["patient_name"], "patient_id": case["subject"]["patient_id"],
        "study_date": case["subject"]["study_date"],
        "created_at": came or _study(site, case["study_uid"]).received_at,
    }  # fmt: skip


def _picture_rows(
    site: str, case: dict[str, Any], versions: list[dict[str, Any]], arrived: dict[str, str]
) -> Iterable[dict[str, Any]]:
    """The opening report's, then those that only a later version names, then those that none does."""
    rows: dict[str, dict[str, Any]] = {}
    for position, one in enumerate(case["pictures"]):
        more = {"position": position, "size": one["size"], "media_type": one["media_type"]}
        rows.setdefault(one["sha256"], more)
    for sha256 in [*(name for row in versions for name in row["pictures"]), *arrived]:
        rows.setdefault(sha256, {"position": None, "size": None, "media_type": None})
    for sha256, row in rows.items():
        came = {"sop_uid": arrived.get(sha256, ""), "arrived_at": None}
        yield {"site": site, "case_id": case["id"], "sha256": sha256, **row, **came}


# --- shares: what was read back out of the audit entries -------------------------------------------
def _copy_shares(shares: Any) -> None:
    columns = _audit.c
    query = sa.select(_audit).where(columns.action.in_(("share.created", "share.revoked")))
    rows: dict[str, dict[str, Any]] = {}
    for entry in op.get_bind().execute(query.order_by(columns.seq)).all():
        share_id = entry.detail["share"]
        if entry.action == "share.created":
            rows[share_id] = {
                "id": share_id, "study_id": entry.subject, "site": entry.site,
                "created_by": entry.actor, "created_at": entry.at,
                "expires_at": _moment(entry.detail["expires_at"]),
                "revoked_by": None, "revoked_at": None,
            }  # fmt: skip
        elif share_id in rows:
            rows[share_id] |= {"revoked_by": entry.actor, "revoked_at": entry.at}
    _insert(shares, list(rows.values()))


def _moment(text: str) -> datetime:
    """SQLite keeps moments as UTC without a zone."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.replace(tzinfo=None) if op.get_bind().dialect.name == "sqlite" else moment


# --- deliveries: outbox rows that were kept until they had been delivered --------------------------
def _move_deliveries(deliveries: Any) -> None:
    """The id stays, so that a receiver knows a webhook that comes again; the outbox row is its message."""
    bind = op.get_bind()
    query = sa.select(_outbox).where(_outbox.c.topic.in_(("webhook", "push")))
    rows = bind.execute(query.order_by(_outbox.c.id)).all()
    made = [
        {
            "id": row.id, "site": row.payload["site"], "kind": row.topic,
            "study_id": row.payload["study_id"], "webhook_id": row.payload.get("webhook_id"),
            "event_seq": row.payload.get("event_seq"), "version": row.payload.get("version"),
            "state": "waiting", "attempts": row.attempts, "error_code": row.error,
            "created_at": row.created_at, "next_attempt_at": row.due_at, "finished_at": None,
        }
        for row in rows
    ]  # fmt: skip
    _insert(deliveries, made)
    for row in rows:
        change = sa.update(_outbox).where(_outbox.c.id == row.id)
        bind.execute(
            change.values(topic="deliver", subject=row.id, payload={"delivery_id": row.id})
        )


def _insert(table: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        op.bulk_insert(table, rows[start : start + _BATCH])


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the migration")
