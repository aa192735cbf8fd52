"""Erasure takes all of a study or a woman and nothing else; what is append-only stays so for the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from index_cases import ANNA, BEN, START, Clock, instance, patient, report, send
from sqlalchemy import inspect, text

from services.domain.errors import Conflict, NotFound
from services.domain.orders.order import NewOrder, OrderSource
from services.domain.patient import Identity
from services.domain.report import Origin
from services.domain.study import Principal, Role
from services.index.port import Artefact, Case, CasePicture, CaseVersion, Index, Transaction

PHONE = Principal("device:1", "north", Role.DEVICE)
CASE = "018f0000-0000-7000-8000-000000000001"


def sha(letter: str) -> str:
    return letter * 64


def study(tx: Transaction, uid: str, sop: str, *, pid: str, mask: str, of: str = "") -> str:
    """A study of the patient ``pid`` with a job, facts, a share and a result with a mask; its id."""
    new = instance(f"{sop}.1", series=sop, sha=of or sha(sop[-1]))
    send(tx, uid, [new], attributes=patient(f"Of^{pid}X", f"{pid}X"))
    record = tx.studies.by_uid("north", uid)
    tx.facts.state(ANNA, record.id, comment="kept apart")
    artefact = Artefact("mask", sha(mask), "image/png", 9)
    tx.results.add(ANNA, record.id, report(uid), [artefact], origin=Origin.HUB, based_on=None)
    tx.shares.create(ANNA, record.id, START + timedelta(days=1))
    return record.id


def rows_of(index: Index, study_id: str) -> dict[str, int]:
    """Rows of any table that name the study, or rows that belong to it."""
    counts: dict[str, int] = {}
    with index._engine.connect() as connection:  # type: ignore[attr-defined]
        for table in inspect(connection).get_table_names():
            columns = {one["name"] for one in inspect(connection).get_columns(table)}
            for name in columns & {"study_id", "subject"} | (
                {"id"} if table == "studies" else set()
            ):
                if table.startswith("eras") or table == "audit":
                    continue
                query = text(f'SELECT count(*) FROM {table} WHERE "{name}" = :id')
                counts[table] = (
                    counts.get(table, 0) + connection.execute(query, {"id": study_id}).scalar_one()
                )
    return {table: count for table, count in counts.items() if count}


def places_of(index: Index, word: str) -> set[str]:
    """Tables in which the word stands anywhere."""
    tables = set()
    with index._engine.connect() as connection:  # type: ignore[attr-defined]
        for table in inspect(connection).get_table_names():
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            if any(word.lower() in str(value).lower() for row in rows for value in row):
                tables.add(table)
    return tables


def test_a_woman_is_erased_and_others_stay(index: Index) -> None:
    with index.begin() as tx:
        first = study(tx, "1.2", "1.3.1", pid="P1", mask="a")
        second = study(tx, "1.4", "1.3.2", pid="P1", mask="b")
        other = study(tx, "1.6", "1.3.3", pid="P2", mask="b")
        for number in ("P1X", "P2X"):  # she is expected again
            tx.orders.place(ANNA, NewOrder(Identity(number), "2026-03-01", OrderSource.TYPED))
        known = tx.patients.by_number("north", "P1X")
        assert known is not None
        woman = known.id
    before = rows_of(index, other)
    with index.begin() as tx:
        made = tx.erasures.of_patient(ANNA, woman, "she asked")
    assert set(made.studies) == {first, second}
    assert made.removed["studies"] == 2
    assert made.removed["patients"] == 1
    assert made.removed["facts"] == 2
    assert (made.objects, made.waiting, made.finished_at) == (4, 4, None)
    assert rows_of(index, first) == {"events": 1}, "that it was erased"
    assert rows_of(index, other) == before
    assert places_of(index, "P1X") == set(), "neither number nor name"
    assert places_of(index, "P2X") >= {"patients", "studies", "orders"}
    with index.read() as tx:
        with pytest.raises(NotFound):
            tx.patients.get("north", woman)
        waiting = {sha256: needed for _, _, sha256, needed in tx.erasures.waiting_objects()}
    assert waiting == {sha("1"): False, sha("2"): False, sha("a"): False, sha("b"): True}
    with index.begin() as tx:
        for sha256, needed in waiting.items():
            tx.erasures.object_gone(made.id, sha256, kept=needed)
    with index.read() as tx:
        done = tx.erasures.get("north", made.id)
        assert done.finished_at is not None
        assert (done.waiting, done.shared) == (0, 1)
        assert [one.action for one in tx.audit.find("north", subject=woman)] == [
            "erasure.done", "erasure.asked",
        ]  # fmt: skip
        assert tx.erasures.find("south") == []
        with pytest.raises(NotFound):
            tx.erasures.get("south", made.id)


def test_another_sites_study_is_not_found(index: Index) -> None:
    with index.begin() as tx:
        one = study(tx, "1.2", "1.3.1", pid="P1", mask="a")
    with pytest.raises(NotFound), index.begin() as tx:
        tx.erasures.of_study(BEN, one, "no")


def test_what_is_being_read_is_not_erased(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        job = send(tx)[0].job_id
        one = tx.studies.by_uid("north", "1.2").id
    assert job is not None
    with index.begin() as tx:
        tx.jobs.lease(job, "worker", 60)
    with pytest.raises(Conflict), index.begin() as tx:
        tx.erasures.of_study(ANNA, one, "now")
    clock.pass_(120)
    with index.begin() as tx:
        assert tx.erasures.of_study(ANNA, one, "its worker is gone").studies == (one,)


@pytest.mark.parametrize("table", ["results", "artefacts", "facts"])
def test_nothing_else_can_be_deleted(index: Index, table: str) -> None:
    with index.begin() as tx:
        study(tx, "1.2", "1.3.1", pid="P1", mask="a")
        gone = study(tx, "1.4", "1.3.2", pid="P2", mask="b")
        tx.erasures.of_study(ANNA, gone, "wrong")
    engine: Any = index._engine  # type: ignore[attr-defined]

    def delete_all() -> None:
        with engine.begin() as connection:
            connection.execute(text(f"DELETE FROM {table}"))

    with pytest.raises(Exception, match="append-only"):
        delete_all()


def test_a_phone_is_asked_to_forget_until_it_has(index: Index) -> None:
    picture = CasePicture(sha("c"), 10, "image/png")
    with index.begin() as tx:
        one = study(tx, "1.2", "1.3.1", pid="P1", mask="a")
        tx.cases.open(
            "north", Case(CASE, PHONE.subject, "1.2", (picture,), False, None, "", "", "")
        )
        tx.cases.add_version("north", CASE, CaseVersion(1, one, sha("d"), (picture,), 0))
        made = tx.erasures.of_study(ANNA, one, "wrong woman")
    assert made.removed["cases"] == 1
    with index.read() as tx:
        assert tx.erasures.to_forget(PHONE) == [CASE]
        assert tx.erasures.to_forget(Principal("device:2", "north", Role.DEVICE)) == []
        assert tx.erasures.is_erased("north", CASE)
        assert not tx.erasures.is_erased("south", CASE)
    with index.begin() as tx:
        tx.erasures.forgotten(PHONE, CASE)
    with pytest.raises(NotFound), index.begin() as tx:
        tx.erasures.forgotten(Principal("device:2", "north", Role.DEVICE), CASE)
    with index.read() as tx:
        assert tx.erasures.to_forget(PHONE) == []
        assert tx.erasures.get("north", made.id).phones == ((PHONE.subject, 1, 1),)


def test_by_age_only_what_a_person_signed_or_withdrew(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        unread = study(tx, "1.2", "1.3.1", pid="P1", mask="a")
        signed = study(tx, "1.4", "1.3.2", pid="P2", mask="b")
        withdrawn = study(tx, "1.6", "1.3.3", pid="P3", mask="d")
        by_a_person = report("1.4")
        tx.results.add(
            ANNA,
            signed,
            replace(by_a_person, reviewed_by="anna"),
            [],
            origin=Origin.REVIEW,
            based_on=1,
        )
        tx.studies.withdraw(ANNA, withdrawn, "twice")
        assert tx.erasures.retention("north").reviewed_days is None
    day = 24 * 3600.0
    clock.pass_(100 * day)
    with index.begin() as tx:
        assert tx.erasures.over() == []
        tx.erasures.set_retention(ANNA, 90, 120)
        assert tx.erasures.over() == [("north", signed)]
        tx.erasures.set_retention(ANNA, None, 90)
        assert tx.erasures.over() == [("north", withdrawn)]
        tx.erasures.set_retention(ANNA, 90, 90)
        assert {one for _, one in tx.erasures.over()} == {signed, withdrawn}
        assert tx.studies.get("north", unread)
        assert tx.audit.find("north", subject="north")[0].detail == {
            "reviewed_days": 90, "withdrawn_days": 90,
        }  # fmt: skip
