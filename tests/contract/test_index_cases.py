"""Cases, share links and deliveries in the index, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from index_cases import ANNA, BEN, START, Clock, send

from services.domain.errors import Conflict, DifferentBytes, NotFound
from services.domain.study import Principal, Role
from services.index.port import Case, CasePicture, CaseVersion, DeliveryState, Index

PHONE = Principal("device:p1", "north", Role.DEVICE)
OTHER = Principal("device:p2", "north", Role.DEVICE)
FAR = Principal("device:p1", "south", Role.DEVICE)
HEAD, FEMUR, FACE = (CasePicture(letter * 64, 1000, "image/png") for letter in "abc")
CASE = Case(
    "0192f0c1-0000-7000-8000-000000000001", PHONE.subject, "1.2", (HEAD, FEMUR),
    pixel_mm=(0.2, 0.21), patient_name="Doe^Jane", study_date="20260301",
)  # fmt: skip


def study_of(index: Index) -> str:
    with index.begin() as tx:
        return send(tx)[0].study_id


def version(study_id: str, number: int = 1, *pictures: CasePicture) -> CaseVersion:
    return CaseVersion(number, study_id, f"{number}" * 64, pictures or (HEAD, FEMUR), number)


def test_a_case_is_what_its_first_report_said(index: Index) -> None:
    with index.begin() as tx:
        assert tx.cases.open("north", CASE) == CASE
        later = replace(CASE, pictures=(FACE,), patient_name="", pixel_mm=None, urgent=True)
        assert tx.cases.open("north", later) == CASE
        with pytest.raises(Conflict):
            tx.cases.open("north", replace(CASE, owner=OTHER.subject))
        assert tx.cases.get(PHONE, CASE.id) == CASE
        for stranger in (OTHER, FAR):
            with pytest.raises(NotFound):
                tx.cases.get(stranger, CASE.id)
        assert tx.cases.open("south", replace(CASE, urgent=True)).urgent, "another site's own"


def test_what_is_missing_follows_what_arrived_and_what_each_version_names(index: Index) -> None:
    study_id = study_of(index)
    with index.begin() as tx:
        tx.cases.open("north", CASE)
        tx.cases.add_version("north", CASE.id, version(study_id))
        tx.cases.add_version("north", CASE.id, version(study_id, 2, HEAD, FACE))
        names = [HEAD.sha256, FEMUR.sha256, FACE.sha256]
        assert tx.cases.missing("north", CASE.id) == names[:2]
        assert tx.cases.missing("north", CASE.id, 2) == names
        tx.cases.arrived("north", CASE.id, HEAD.sha256, "1.2.3")
        tx.cases.arrived("north", CASE.id, "d" * 64, "1.2.4")  # named by no report
        assert tx.cases.missing("north", CASE.id, 2) == names[1:]
        tx.cases.add_version(
            "north", CASE.id, version(study_id, 3, CasePicture("d" * 64, 5, "image/jpeg"))
        )
        assert tx.cases.missing("north", CASE.id, 3) == [FEMUR.sha256]
        with pytest.raises(NotFound):
            tx.cases.missing("north", CASE.id, 4)


def test_a_version_has_one_content(index: Index) -> None:
    study_id = study_of(index)
    first = version(study_id)
    with index.begin() as tx:
        tx.cases.open("north", CASE)
        assert tx.cases.known_version("north", CASE.id, 1, first.sha256) is None
        tx.cases.add_version("north", CASE.id, first)
        tx.cases.add_version("north", CASE.id, first)
        assert tx.cases.known_version("north", CASE.id, 1, first.sha256) == first
        with pytest.raises(DifferentBytes):
            tx.cases.known_version("north", CASE.id, 1, "f" * 64)
        with pytest.raises(DifferentBytes):
            tx.cases.add_version("north", CASE.id, replace(first, sha256="f" * 64))
        assert [case.id for case in tx.cases.of_study("north", study_id)] == [CASE.id]
        assert tx.cases.of_study("south", study_id) == []


def test_the_same_case_at_once_is_stored_once(index: Index) -> None:
    study_id, gate = study_of(index), threading.Barrier(6)

    def act(number: int) -> object:
        gate.wait(30)
        try:
            with index.begin() as tx:
                tx.cases.open("north", CASE)
                made = replace(version(study_id), sha256=f"{number % 2}" * 64)
                tx.cases.add_version("north", CASE.id, made)
                return made.sha256
        except DifferentBytes:
            return None

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(act, range(6)))
    with index.read() as tx:
        kept = tx.cases.version("north", CASE.id, 1)
    assert answers == {kept.sha256, None}


def test_a_share_holds_until_it_is_over_or_taken_back(index: Index, clock: Clock) -> None:
    study_id = study_of(index)
    with index.begin() as tx:
        short = tx.shares.create(ANNA, study_id, START + timedelta(hours=1))
        clock.pass_(1)
        long = tx.shares.create(ANNA, study_id, START + timedelta(hours=9))
        assert tx.shares.open_shares("north", study_id) == [short, long]
        assert tx.shares.open_shares("south", study_id) == []
        with pytest.raises(NotFound):
            tx.shares.revoke(BEN, study_id, long.id)
        clock.pass_(3600)
        assert tx.shares.open_shares("north", study_id) == [long]
        tx.shares.revoke(ANNA, study_id, long.id)
        for gone in (short, long):
            with pytest.raises(NotFound):
                tx.shares.revoke(ANNA, study_id, gone.id)
        assert tx.shares.get("north", study_id, long.id).revoked_by == ANNA.subject
        with pytest.raises(NotFound):
            tx.shares.get("south", study_id, long.id)
        actions = [entry.action for entry in tx.audit.find("north", subject=study_id)]
    assert actions[:3] == ["share.revoked", "share.created", "share.created"]


def test_a_delivery_is_tried_given_up_and_run_again(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        tx.webhooks.create("north", "https://receiver.example/hook", ("study.received",))
        tx.webhooks.create("north", "https://receiver.example/other", ("study.ready",))
    study_of(index)
    with index.begin() as tx:
        (made,) = tx.deliveries.find("north")
        started = tx.deliveries.start(made.id, 60)
        assert started is not None
        assert started.attempts == 1
        assert tx.deliveries.start(made.id, 60) is None, "somebody is at it"
        tx.deliveries.failed(made.id, "webhook_failed", delay=5)
        assert [row.subject for row in tx.outbox.claim("deliver", 10)] == [made.id]
        clock.pass_(6)
        assert [row.subject for row in tx.outbox.claim("deliver", 10)] == [made.id]
        tx.deliveries.failed(made.id, "webhook_refused", delay=None)
        assert tx.deliveries.start(made.id, 60) is None
        (dead,) = tx.deliveries.find("north", states=(DeliveryState.DEAD,))
        assert (dead.id, dead.error_code, dead.finished_at) == (
            made.id,
            "webhook_refused",
            clock.at,
        )
        assert tx.deliveries.find("south") == []
        with pytest.raises(NotFound):
            tx.deliveries.run_again(BEN, made.id)
        again = tx.deliveries.run_again(ANNA, made.id)
        assert (again.state, again.attempts) == (DeliveryState.WAITING, 0)
        with pytest.raises(Conflict):
            tx.deliveries.run_again(ANNA, made.id)
        tx.deliveries.delivered(made.id)
        tx.deliveries.failed(made.id, "late", delay=5)
        assert tx.deliveries.get("north", made.id).state is DeliveryState.DELIVERED
        assert tx.deliveries.depth() == {"waiting": 0, "delivered": 1, "dead": 0}
