"""A database of the version before comes up with nothing lost, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from servers_postgres import fresh_database
from sqlalchemy import create_engine, text

from services.domain.dicom.values import first_text
from services.domain.errors import Conflict, NotFound
from services.domain.patient import differences, identity_of
from services.domain.study import Principal, Role
from services.index import open_index
from services.index.port import DeliveryState, Index, JobState, StudyQuery, Transaction
from services.reading import report_json

DUMPS = Path(__file__).parent / "dumps"
KINDS = ("sqlite", "postgres")


@contextmanager
def restored(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database made from the kept dump."""
    script = (DUMPS / f"0001-{kind}.sql").read_text()
    if kind == "sqlite":
        with sqlite3.connect(folder / "index.db") as connection:
            connection.executescript(script)
        yield f"sqlite:///{folder}/index.db"
        return
    with fresh_database(request.getfixturevalue("postgres_url")) as url:
        with psycopg.connect(url) as server:
            server.execute(script.encode())
        yield url


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def before(kind: str) -> dict[str, Any]:
    """What the version before read from the same database."""
    content: dict[str, Any] = json.loads((DUMPS / f"0001-{kind}.json").read_text())
    return content


@pytest.fixture
def index(
    kind: str, before: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Index]:
    at = datetime.fromisoformat(before["at"])
    with restored(kind, tmp_path, request) as url:
        opened = open_index(url, clock=lambda: at)
        opened.migrate()
        yield opened
        opened.close()


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


def test_a_share_that_is_over_is_not_open(
    kind: str, before: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    later = datetime.fromisoformat(before["at"]) + timedelta(hours=1)
    with restored(kind, tmp_path, request) as url:
        index = open_index(url, clock=lambda: later)
        index.migrate()
        (study_id,) = [s for s, shares in before["shares"].items() if len(shares) == 3]
        with index.read() as tx:
            ids = [share.id for share in tx.shares.open_shares("north", study_id)]
        index.close()
    assert ids == [share["id"] for share in before["made"]["open"]]
    assert before["made"]["ended"]["id"] not in ids


def test_deliveries_wait_with_their_attempts_and_messages(
    index: Index, before: dict[str, Any]
) -> None:
    expected = {row["id"]: row for row in before["outbox"]}
    with index.begin() as tx:
        deliveries = tx.deliveries.find(None, limit=1000)
        assert {one.id for one in deliveries} == set(expected)
        for one in deliveries:
            row = expected[one.id]
            assert one.state is DeliveryState.WAITING
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
        assert sorted(one.attempts for one in deliveries)[-2:] == [1, 1]
        assert tx.outbox.pending("deliver") == len(expected)
        assert tx.outbox.pending("analyse") == before["pending"]["analyse"] > 0
        due = {row.subject: row.payload for row in tx.outbox.claim("deliver", 1000)}
    assert due.items() <= {one: {"delivery_id": one} for one in expected}.items()
    assert len(due) == len(expected) - 2, "the two that failed are due later"


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


def test_remembered_answers_expire_and_hold_nothing_else(
    kind: str, before: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with restored(kind, tmp_path, request) as url:
        index = open_index(url)
        index.migrate()
        index.migrate()  # again: nothing happens
        index.close()
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            keys = connection.execute(text("SELECT key FROM idempotency")).scalars().all()
        engine.dispose()
    assert sorted(keys) == sorted(before["idempotency"])
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
    index: Index, before: dict[str, Any]
) -> None:
    """Studies with results, cases and shares; one that is being read is left."""
    erased = []
    for study_id, expected in before["studies"].items():
        manager = Principal("key:a manager", expected["site"], Role.MANAGER)
        try:
            with index.begin() as tx:
                erased.append(tx.erasures.of_study(manager, study_id, "the site closes"))
        except Conflict:
            continue
    assert len(erased) > len(before["studies"]) / 2
    assert sum(one.removed.get("results", 0) for one in erased) > 0
    assert sum(one.removed.get("cases", 0) for one in erased) > 0
    assert any(one.phones for one in erased)
    with index.read() as tx:
        for site in ("north", "south"):
            assert len(tx.audit.find(site, limit=100_000)) > before["audit"][site], (
                "the trail stays"
            )
