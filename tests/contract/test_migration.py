"""A database of an earlier version comes up with nothing lost, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from servers_postgres import fresh_database
from sqlalchemy import MetaData, create_engine, select

from services.domain.dicom.values import first_text
from services.domain.errors import Conflict, NotFound
from services.domain.patient import differences, identity_of
from services.domain.study import Principal, Role
from services.index import open_index
from services.index.port import DeliveryState, Index, JobState, StudyQuery, Transaction
from services.reading import report_json

DUMPS = Path(__file__).parent / "dumps"
KEPT = ["0001-sqlite", "0001-postgres", "0.2.0-sqlite", "0.2.0-postgres"]
RENAMED = {"door": "source", "need_key": "priority_key"}
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Migrated:
    """A kept database, migrated. ``before``: what its own version read from it, ``rows``: its tables."""

    url: str
    before: dict[str, Any]
    rows: Rows

    @contextmanager
    def open(self, later: timedelta = timedelta(0)) -> Iterator[Index]:
        """The index as of the time of the dump, or ``later``."""
        at = datetime.fromisoformat(self.before["at"]) + later
        index = open_index(self.url, clock=lambda: at)
        yield index
        index.close()


def restore(url: str, script: str) -> None:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.executescript(script)
        return
    with psycopg.connect(url) as server:
        server.execute(script.encode())


def rows_of(url: str) -> Rows:
    """Each table's rows, by its name, in the order of the primary key."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = {
            name: [
                dict(row)
                for row in connection.execute(select(one).order_by(*one.primary_key)).mappings()
            ]
            for name, one in tables.tables.items()
        }
    engine.dispose()
    return rows


@pytest.fixture(scope="module", params=KEPT)
def migrated(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Migrated]:
    """Restored and migrated once; who writes takes a copy (``index_to_write``)."""
    before = json.loads((DUMPS / f"{request.param}.json").read_text())
    with ExitStack() as stack:
        if request.param.endswith("sqlite"):
            url = f"sqlite:///{tmp_path_factory.mktemp('kept')}/index.db"
        else:
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_url")))
        restore(url, (DUMPS / f"{request.param}.sql").read_text())
        one = Migrated(url, before, rows_of(url))
        with one.open() as index:
            index.migrate()
        yield one


@pytest.fixture
def before(migrated: Migrated) -> dict[str, Any]:
    """What the version before read from the same database."""
    return migrated.before


@pytest.fixture
def index(migrated: Migrated) -> Iterator[Index]:
    """To read."""
    with migrated.open() as opened:
        yield opened


@pytest.fixture
def index_to_write(
    migrated: Migrated, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Index]:
    """A copy, for who changes it."""
    with ExitStack() as stack:
        if migrated.url.startswith("sqlite"):
            shutil.copy(migrated.url.removeprefix("sqlite:///"), tmp_path / "index.db")
            url = f"sqlite:///{tmp_path}/index.db"
        else:
            server, _, template = migrated.url.rpartition("/")
            url = stack.enter_context(fresh_database(f"{server}/postgres", template))
        yield stack.enter_context(replace(migrated, url=url).open())


def test_every_row_is_there_with_what_it_held(migrated: Migrated) -> None:
    now = rows_of(migrated.url)
    moved = {"alembic_version"}
    if "cases" not in migrated.rows:  # 0002 took cases, shares and deliveries out of them
        moved |= {"outbox", "idempotency"}
    was = {
        name: [
            {RENAMED.get(column, column): value for column, value in row.items()} for row in rows
        ]
        for name, rows in migrated.rows.items()
        if rows and name not in moved
    }
    assert was.keys() >= {"api_keys", "artefacts", "audit", "devices", "events", "instances"}
    for name, rows in was.items():
        assert [{column: row[column] for column in rows[0]} for row in now[name]] == rows, name


def test_cases_with_versions_and_pictures(index: Index, before: dict[str, Any]) -> None:
    assert len(before["cases"]) == 5
    with index.read() as tx:
        for case_id, expected in before["cases"].items():
            _same_case(tx, case_id, expected)


def _same_case(tx: Transaction, case_id: str, expected: dict[str, Any]) -> None:
    site, owner = expected["site"], Principal(expected["owner"], expected["site"], Role.DEVICE)
    case = tx.cases.get(owner, case_id)
    assert case.study_uid == expected["study_uid"]
    assert case.urgent == expected["urgent"]
    assert case.pixel_mm == (tuple(expected["pixel_mm"]) if expected["pixel_mm"] else None)
    subject = {name: getattr(case, name) for name in expected["subject"]}
    assert subject == expected["subject"]
    pictures = [
        {"sha256": p.sha256, "size": p.size, "media_type": p.media_type} for p in case.pictures
    ]
    assert pictures == expected["pictures"]
    assert tx.cases.missing(site, case_id) == expected["missing"]
    for number, version in expected["versions"].items():
        stored = tx.cases.version(site, case_id, int(number))
        assert stored.sha256 == version["sha256"]
        assert stored.result_version == version["result_version"]
        assert [one.sha256 for one in stored.pictures] == version["pictures"]
        assert tx.cases.missing(site, case_id, int(number)) == expected["missing_of"][number]
    with pytest.raises(NotFound):
        tx.cases.version(site, case_id, len(expected["versions"]) + 1)


def test_cases_of_studies(index: Index, before: dict[str, Any]) -> None:
    assert max(len(ids) for ids in before["cases_of"].values()) == 2
    with index.read() as tx:
        for study_id, ids in before["cases_of"].items():
            site = before["studies"][study_id]["site"]
            assert [case.id for case in tx.cases.of_study(site, study_id)] == ids


def test_shares_open_revoked_and_over(index: Index, before: dict[str, Any]) -> None:
    made = before["made"]
    with index.read() as tx:
        for study_id, expected in before["shares"].items():
            site = before["studies"][study_id]["site"]
            stored_shares = [
                {
                    "id": share.id,
                    "created_by": share.created_by,
                    "created_at": share.created_at.isoformat(),
                    "expires_at": share.expires_at.isoformat(),
                }
                for share in tx.shares.open_shares(site, study_id)
            ]
            assert stored_shares == expected
        (study_id,) = [s for s, shares in before["shares"].items() if len(shares) == 3]
        revoked = tx.shares.get("north", study_id, made["gone"]["id"])
        assert revoked.revoked_by
        assert revoked.revoked_at
        assert len(tx.shares.find("north", study_id)) == 4


def test_a_share_that_is_over_is_not_open(migrated: Migrated) -> None:
    before = migrated.before
    (study_id,) = [s for s, shares in before["shares"].items() if len(shares) == 3]
    with migrated.open(later=timedelta(hours=1)) as index, index.read() as tx:
        ids = [share.id for share in tx.shares.open_shares("north", study_id)]
    assert ids == [share["id"] for share in before["made"]["open"]]
    assert before["made"]["ended"]["id"] not in ids


def test_deliveries_stay_with_their_attempts_and_messages(
    index_to_write: Index, before: dict[str, Any]
) -> None:
    expected = {row["id"]: row for row in before["outbox"]}
    with index_to_write.begin() as tx:
        deliveries = tx.deliveries.find(None, limit=1000)
        assert {one.id for one in deliveries} == set(expected)
        for one in deliveries:
            row = expected[one.id]
            # Before 0002 a row of the outbox was the delivery, and only one that waits was kept.
            assert one.state is DeliveryState(row.get("state", "waiting"))
            assert (one.kind, one.attempts, one.error_code) == (
                row["topic"],
                row["attempts"],
                row["error"],
            )
            content = row["payload"]
            assert (one.site, one.study_id) == (content["site"], content["study_id"])
            assert one.webhook_id == content.get("webhook_id")
            assert one.event_seq == content.get("event_seq")
            assert one.version == content.get("version")
        assert {one.kind for one in deliveries} == {"webhook", "push"}
        waiting = {one.id: one.attempts for one in deliveries if one.state is DeliveryState.WAITING}
        assert sorted(waiting.values())[-3:] == [0, 1, 1]
        messages = {topic: n for topic, n in before["pending"].items() if topic != "analyse"}
        assert tx.outbox.pending("deliver") == sum(messages.values())
        assert tx.outbox.pending("analyse") == before["pending"]["analyse"] > 0
        tx.deliveries.resend_stale(-1)  # also those whose message is at the broker
        due = {row.subject: row.payload for row in tx.outbox.claim("deliver", 1000)}
    assert due == {
        one: {"delivery_id": one} for one, attempts in waiting.items() if not attempts
    }, "the two that failed are due later"


def test_studies_results_jobs_uploads_and_the_rest(index: Index, before: dict[str, Any]) -> None:
    with index.read() as tx:
        for study_id, expected in before["studies"].items():
            study = tx.studies.get(expected["site"], study_id)
            assert {name: getattr(study, name) for name in expected} == expected
            versions = tx.results.versions(expected["site"], study_id)
            assert [_result(one) for one in versions] == before["results"][study_id]
        for job_id, (site, state, code) in before["jobs"].items():
            job = tx.jobs.get(site, job_id)
            assert (job.state, job.error_code) == (JobState(state), code)
        assert {one.id: [one.state, one.offset] for one in _uploads(tx, before)} == before[
            "uploads"
        ]
        for site in ("north", "south"):
            assert tx.events.latest(site) == before["events"][site]
            assert len(tx.audit.find(site, limit=100_000)) == before["audit"][site]
            assert [one.id for one in tx.devices.find(site)] == before["devices"][site]
            studies = tx.studies.find(site, StudyQuery(by_need=True, limit=1000))
            assert len(studies) == sum(one["site"] == site for one in before["studies"].values())
        assert [one.id for one in tx.webhooks.find("north")] == before["webhooks"]


def _result(one: Any) -> dict[str, Any]:
    return {
        "id": one.id, "version": one.version, "origin": one.origin.value, "author": one.author,
        "based_on": one.based_on, "scores": one.scores,
        "artefacts": [artefact.sha256 for artefact in one.artefacts],
        "reviewed_by": one.report.reviewed_by,
        "report": hashlib.sha256(_as_written(report_json.dump(one.report))).hexdigest(),
    }  # fmt: skip


def _as_written(report: bytes) -> bytes:
    """The report without the fields that have been added since: empty, for a report of that time."""
    written = json.loads(report)
    for frame in written["frames"]:
        assert frame.pop("subplane") is None
        assert frame.pop("angles") == []
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()


def _uploads(tx: Transaction, before: dict[str, Any]) -> list[Any]:
    return [tx.uploads.get("north", upload_id) for upload_id in before["uploads"]]


def test_remembered_answers_expire_and_hold_nothing_else(migrated: Migrated) -> None:
    with migrated.open() as index:
        index.migrate()  # again: nothing happens
    keys = [row["key"] for row in rows_of(migrated.url)["idempotency"]]
    assert sorted(keys) == sorted(migrated.before["idempotency"])
    assert keys


def test_studies_find_their_patients(index: Index, before: dict[str, Any]) -> None:
    numbers: dict[str, set[str]] = {}
    with index.read() as tx:
        for study_id, expected in before["studies"].items():
            study = tx.studies.get(expected["site"], study_id)
            number = first_text(study.attributes, "00100020")
            if not number:
                assert (study.patient_id, study.clash) == (None, None)
            elif study.clash is None:
                assert study.patient_id is not None
                patient = tx.patients.get(study.site, study.patient_id)
                assert patient.number == number
                assert differences(patient.identity, identity_of(study.attributes)) == ()
                numbers.setdefault(f"{study.site}/{number}", set()).add(patient.id)
                groups = dict(tx.patients.pregnancies(study.site, patient.id))
                assert study.pregnancy_id in groups
                visit = tx.examinations.of_study(study.site, study_id).visit
                assert bool(visit.biometry.mm) <= bool(study.latest_version)
            else:
                assert study.clash["fields"]
    assert numbers
    assert all(len(ids) == 1 for ids in numbers.values())


def test_what_came_from_before_can_be_erased_and_the_rest_stays_append_only(
    index_to_write: Index, before: dict[str, Any]
) -> None:
    """Studies with results, cases and shares; one that is being read is left."""
    erased = []
    for study_id, expected in before["studies"].items():
        manager = Principal("key:a manager", expected["site"], Role.MANAGER)
        try:
            with index_to_write.begin() as tx:
                erased.append(tx.erasures.of_study(manager, study_id, "the site closes"))
        except Conflict:
            continue
    assert len(erased) > len(before["studies"]) / 2
    assert sum(one.removed.get("results", 0) for one in erased) > 0
    assert sum(one.removed.get("cases", 0) for one in erased) > 0
    assert any(one.phones for one in erased)
    with index_to_write.read() as tx:
        for site in ("north", "south"):
            assert len(tx.audit.find(site, limit=100_000)) > before["audit"][site], (
                "the trail stays"
            )
