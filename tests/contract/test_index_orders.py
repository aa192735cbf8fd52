"""Orders in the index, how studies meet them, steps and news, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from index_cases import ANNA, BEN, Clock, instance, patient, send

from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.orders.order import NewOrder, OrderSource, OrderState, PatientNews, StepNews
from services.domain.patient import Identity
from services.domain.study import Principal
from services.index.port import Index, Order, OrderQuery, Study, StudyQuery

DAY = "2026-03-01"
JANE = Identity("P1", "Doe^Jane", "1990-02-01")
HIS = NewOrder(
    JANE, DAY, OrderSource.HL7, "A1", "77", "HIS", "09:30", "US1", procedure="Growth scan"
)


def place(index: Index, new: NewOrder = HIS, who: Principal = ANNA) -> Order:
    with index.begin() as tx:
        return tx.orders.place(who, new)[0]


def order(index: Index, order_id: str) -> Order:
    with index.read() as tx:
        return tx.orders.get("north", order_id)


def receive(index: Index, uid: str, who: Principal = ANNA, **tags: str) -> Study:
    """``tags``: name, pid, accession, day."""
    header = patient(tags.get("name", "Doe^Jane"), tags.get("pid", "P1"))
    header["00080020"] = {"vr": "DA", "Value": [tags.get("day", "20260301")]}
    if "accession" in tags:
        header["00080050"] = {"vr": "SH", "Value": [tags["accession"]]}
    with index.begin() as tx:
        study_id = send(tx, uid, [instance(f"{uid}.1")], who=who, attributes=header)[0].study_id
    with index.read() as tx:
        return tx.studies.get(who.site, study_id)


def test_the_same_order_twice_is_one_and_each_site_has_its_own(index: Index) -> None:
    first = place(index)
    with index.begin() as tx:
        again, made = tx.orders.place(ANNA, replace(HIS, time="10:00", accession="A2"))
    assert (again.id, made, again.time, again.accession) == (first.id, False, "10:00", "A2")
    assert again.study_uid == first.study_uid
    elsewhere = place(index, who=BEN)
    assert elsewhere.id != first.id
    typed = place(index, NewOrder(Identity("P9"), DAY, OrderSource.TYPED))
    assert len(typed.accession) <= 16
    assert typed.study_uid.startswith("2.25.")
    with index.read() as tx:
        assert {one.id for one in tx.orders.find("north", OrderQuery(day_from=DAY))} == {
            first.id, typed.id,
        }  # fmt: skip
        of_machine = OrderQuery(DAY, DAY, station="US2")
        assert [one.id for one in tx.orders.find("north", of_machine)] == [typed.id]
        assert [o.id for o in tx.orders.find("north", OrderQuery(text="jane A2"))] == [first.id]
        with pytest.raises(NotFound):
            tx.orders.get("south", first.id)
    with pytest.raises(Conflict), index.begin() as tx:
        tx.orders.place(ANNA, NewOrder(Identity("P8"), DAY, OrderSource.TYPED, accession="A2"))
    with pytest.raises(InvalidInput), index.begin() as tx:
        tx.orders.place(ANNA, NewOrder(Identity(), DAY, OrderSource.TYPED))


def test_a_study_meets_its_order_by_uid_accession_or_number_of_the_day(
    index: Index, clock: Clock
) -> None:
    made = place(index)
    by_uid = receive(index, made.study_uid, pid="")
    assert by_uid.order_id == made.id
    # What its header left out it has from its order, and the record of the woman is hers.
    assert by_uid.attributes["00100020"]["Value"] == ["P1"]
    assert by_uid.attributes["00080050"]["Value"] == ["A1"]
    assert by_uid.patient_id is not None
    assert order(index, made.id).state is OrderState.IN_PROGRESS
    assert receive(index, "1.5", accession="A1").order_id == made.id
    second = place(index, replace(HIS, accession="B1", placer="78"))
    assert receive(index, "1.6", day="20260302").order_id is None
    assert receive(index, "1.7", accession="unknown").order_id is None
    by_number = receive(index, "1.8")
    assert by_number.order_id == second.id
    assert receive(index, "1.9").order_id is None, "the order has its study"
    assert receive(index, "1.8", who=BEN).order_id is None
    with index.read() as tx:
        assert [one.study_uid for one in tx.orders.unmatched("north", DAY, 10)] == [
            "1.9", "1.7", "1.6",
        ]  # fmt: skip
        assert [s.id for s in tx.orders.studies("north", [second.id])[second.id]] == [by_number.id]
    late = receive(index, "1.10", pid="P9", day="20200101")  # sent late, or by a wrong clock
    with index.read() as tx:
        today = clock().date().isoformat()
        assert late.study_uid in [one.study_uid for one in tx.orders.unmatched("north", today, 10)]


def test_a_study_that_is_moved_leaves_the_other_womans_order(index: Index) -> None:
    made = place(index)
    study = receive(index, made.study_uid, pid="")
    assert study.order_id == made.id
    with index.begin() as tx:
        tx.identities.move(ANNA, study.id, JANE, "the same woman")
        assert tx.studies.get("north", study.id).order_id == made.id
    with index.begin() as tx:
        tx.identities.move(ANNA, study.id, Identity("P9", "Other^Ann"), "mixed up")
    with index.read() as tx:
        moved = tx.studies.get("north", study.id)
        assert moved.order_id is None
        assert moved.attributes["00100020"]["Value"] == ["P9"]
        assert not moved.attributes["00080050"].get("Value"), "the order's number is not its own"
        assert tx.orders.studies("north", [made.id])[made.id] == []
        assert [one.id for one in tx.orders.unmatched("north", DAY, 10)] == [study.id]


def test_two_orders_of_one_day_wait_for_a_person(index: Index) -> None:
    first = place(index)
    place(index, replace(HIS, accession="B1", placer="78"))
    study = receive(index, "1.4")
    assert study.order_id is None
    with index.begin() as tx:
        tx.orders.match(ANNA, first.id, study.id)
    with index.read() as tx:
        met = tx.studies.get("north", study.id)
        assert (met.order_id, met.attributes["00080050"]["Value"]) == (first.id, ["A1"])
    with pytest.raises(Conflict), index.begin() as tx:
        tx.orders.match(ANNA, first.id, study.id)
    with pytest.raises(Conflict), index.begin() as tx:
        tx.orders.set_state(ANNA, first.id, OrderState.CANCELLED)
    with pytest.raises(NotFound), index.begin() as tx:
        tx.orders.match(BEN, first.id, study.id)
    with index.begin() as tx:
        tx.orders.unmatch(ANNA, study.id)
    with index.read() as tx:
        parted = tx.studies.get("north", study.id)
        assert parted.order_id is None
        assert not parted.attributes["00080050"].get("Value")
        assert tx.studies.find("north", StudyQuery(match={"AccessionNumber": "A1"})) == []


@pytest.mark.parametrize("decision", ["keep_record", "take_new", "other_patient"])
def test_another_womans_study_under_an_orders_number_waits(index: Index, decision: str) -> None:
    made = place(index)
    study = receive(index, "1.4", name="Roe^Ann", pid="P7", accession="A1")
    assert study.held
    assert study.clash is not None
    assert (study.clash["kind"], study.order_id, study.patient_id) == ("order", None, None)
    assert [one["field"] for one in study.clash["fields"]] == ["number", "name"]
    with index.begin() as tx:
        tx.identities.decide(ANNA, study.id, decision, None, "r")
    with index.read() as tx:
        decided = tx.studies.get("north", study.id)
        assert decided.patient_id is not None
        woman = tx.patients.get("north", decided.patient_id)
    assert decided.clash is None
    number = {"keep_record": "P1", "take_new": "P7", "other_patient": "P7"}[decision]
    assert woman.number == number
    assert decided.order_id == (None if decision == "other_patient" else made.id)
    assert order(index, made.id).number == ("P7" if decision == "take_new" else "P1")


def test_a_persons_match_of_two_women_waits_and_the_order_may_be_right(index: Index) -> None:
    made = place(index)
    study = receive(index, "1.4", name="Roe^Ann", pid="P7", day="20260228")
    with index.begin() as tx:
        tx.orders.match(ANNA, made.id, study.id)
    with index.begin() as tx:
        assert tx.studies.get("north", study.id).held
        tx.identities.decide(ANNA, study.id, "keep_record", None, "r")
    with index.read() as tx:
        decided = tx.studies.get("north", study.id)
        assert decided.patient_id is not None
        assert tx.patients.get("north", decided.patient_id).number == "P1"
        assert decided.order_id == made.id


def test_a_begun_order_keeps_its_patient(index: Index) -> None:
    made = place(index)
    receive(index, made.study_uid)
    with pytest.raises(Conflict), index.begin() as tx:
        tx.orders.place(ANNA, replace(HIS, identity=Identity("P1", "Roe^Ann")))
    assert place(index, replace(HIS, reason="pain")).reason == "pain"
    assert order(index, made.id).study_uid == made.study_uid


def test_a_machines_step_moves_its_order(index: Index) -> None:
    made = place(index)
    news = StepNews("1.2.9", OrderState.IN_PROGRESS, "US1", accession="A1")
    with index.begin() as tx:
        assert tx.procedure_steps.begin(ANNA, news)
    with index.begin() as tx:
        assert not tx.procedure_steps.begin(ANNA, news)
    assert order(index, made.id).state is OrderState.IN_PROGRESS
    with index.begin() as tx:
        done = replace(news, state=OrderState.COMPLETED, performed=("1.2.3",))
        assert tx.procedure_steps.end(ANNA, done)
        assert not tx.procedure_steps.end(ANNA, replace(done, state=OrderState.DISCONTINUED))
        with pytest.raises(NotFound):
            tx.procedure_steps.end(BEN, done)
        (step,) = tx.procedure_steps.find("north", made.id)
        assert (step.state, step.performed) == (OrderState.COMPLETED, ["1.2.3"])
        assert tx.procedure_steps.begin(ANNA, replace(news, uid="1.2.8", accession="none"))
    assert order(index, made.id).state is OrderState.COMPLETED


def test_news_change_orders_at_once_and_records_by_a_person(index: Index) -> None:
    waiting = place(index, replace(HIS, accession="B1", placer="78", day="2026-03-09"))
    study = receive(index, "1.4")
    said = Identity("P1", "Doe^Janet", "1990-02-01")

    def news(new: PatientNews) -> bool:
        with index.begin() as tx:
            return tx.patient_news.receive(ANNA, new)

    assert not news(PatientNews(Identity("P1", "", "1990-02-01")))
    assert news(PatientNews(said))
    assert news(PatientNews(said)), "the same again"
    assert order(index, waiting.id).name == "Doe^Janet"
    with index.begin() as tx:
        (one,) = tx.patient_news.waiting("north")
        assert one.recorded == JANE
        assert tx.patient_news.waiting("south") == []
        tx.patient_news.decide(ANNA, one.id, True)
    with index.begin() as tx:
        assert tx.patient_news.waiting("north") == []
        assert tx.studies.get("north", study.id).attributes["00100010"]["Value"] == [
            {"Alphabetic": "Doe^Janet"}
        ]
        with pytest.raises(Conflict):
            tx.patient_news.decide(ANNA, one.id, False)
    assert not news(PatientNews(Identity("N1", "Doe^Janet"), prior="unknown"))
    assert news(PatientNews(Identity("N1", "Doe^Janet"), prior="P1"))
    assert order(index, waiting.id).number == "N1"
    with index.begin() as tx:
        (one,) = tx.patient_news.waiting("north")
        tx.patient_news.decide(ANNA, one.id, True)
        moved = tx.studies.get("north", study.id)
        assert moved.patient_id is not None
        assert tx.patients.get("north", moved.patient_id).number == "N1"
