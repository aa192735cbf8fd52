"""Patients, pregnancies and facts in the index, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import date

import pytest
from index_cases import ANNA, BEN, Clock, instance, patient, report, send

from services.domain.errors import Conflict, InvalidInput, NotFound, StaleVersion
from services.domain.patient import Identity
from services.domain.study import Principal
from services.index.port import Index, JobState, Study, StudyQuery
from services.index.record import examinations


def receive(
    index: Index, study: str, day: str = "20260301", who: Principal = ANNA, **tags: str
) -> str:
    """The study's id. ``tags``: name, pid, and others as ``_00100030``."""
    header = patient(tags.pop("name", "Doe^Jane"), tags.pop("pid", "P1"))
    header["00080020"] = {"vr": "DA", "Value": [day] if day else []}
    header |= {tag[1:]: {"vr": "DA", "Value": [value]} for tag, value in tags.items()}
    with index.begin() as tx:
        return send(tx, study, [instance(f"{study}.1")], who=who, attributes=header)[0].study_id


def get(index: Index, study_id: str, site: str = "north") -> Study:
    with index.read() as tx:
        return tx.studies.get(site, study_id)


def test_studies_of_one_number_have_one_patient(index: Index) -> None:
    first = receive(index, "1.1", "20260101")
    second = receive(index, "1.2", "20260301", name="DOE^JANE", _00100030="19900201")
    other = receive(index, "1.3", pid="p1", name="Roe^Ann")
    elsewhere = receive(index, "1.4", who=BEN)
    one, two, three = (get(index, study_id) for study_id in (first, second, other))
    assert one.patient_id == two.patient_id != three.patient_id
    assert one.pregnancy_id == two.pregnancy_id
    assert get(index, elsewhere, "south").patient_id != one.patient_id
    with index.read() as tx:
        assert one.patient_id is not None
        woman = tx.patients.get("north", one.patient_id)
        assert (woman.number, woman.name, woman.birth_date) == ("P1", "Doe^Jane", "1990-02-01")
        groups = tx.patients.pregnancies("north", woman.id)
        assert [[e.study.id for e in members] for _, members in groups] == [[second, first]]
        with pytest.raises(NotFound):
            tx.patients.get("south", woman.id)


def test_a_number_that_everybody_has_stops_no_receipt(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examinations, "_MOST", 2)
    made = [receive(index, f"1.{number}", pid="0") for number in range(1, 6)]
    assert len({get(index, study_id).patient_id for study_id in made}) == 1
    assert all(get(index, study_id).pregnancy_id for study_id in made)


def test_another_year_is_another_pregnancy(index: Index) -> None:
    first = receive(index, "1.1", "20240301")
    second = receive(index, "1.2", "20260301")
    # Near enough in days, and impossible by the last period that the second study states.
    third = receive(index, "1.3", "20260601", _001021D0="20250830")
    fourth = receive(index, "1.4", "20260720")
    ids = [get(index, study_id).pregnancy_id for study_id in (first, second, third, fourth)]
    assert ids[1] == ids[2]
    assert len({ids[0], ids[1], ids[3]}) == 3


def test_a_day_that_comes_with_a_later_image_finds_the_pregnancy(index: Index) -> None:
    """A phone's case names her; the day of the examination stands in its images, which come after it."""
    earlier = receive(index, "1.1", "20241201")
    study_id = receive(index, "1.2", day="", name="")
    assert get(index, study_id).pregnancy_id != get(index, earlier).pregnancy_id
    with index.begin() as tx:
        header = patient("Doe^Jane", "P1") | {"00080020": {"vr": "DA", "Value": ["20250115"]}}
        send(tx, "1.2", [instance("1.2.9")], attributes=header)
    assert get(index, study_id).pregnancy_id == get(index, earlier).pregnancy_id


def test_a_study_without_a_number_has_no_patient(index: Index) -> None:
    study = get(index, receive(index, "1.1", pid=""))
    assert (study.patient_id, study.pregnancy_id, study.clash) == (None, None, None)


def test_search_in_every_script(index: Index, clock: Clock) -> None:
    receive(index, "1.1", pid="A-1", name="Doe^Jane")
    receive(index, "1.2", pid="A-2", name="山田^花子")
    receive(index, "1.3", pid="B-3", name="सीता^देवी")
    receive(index, "1.4", pid="C%4", name="Müller^Ida")

    def numbers_matching(text: str, **more: str) -> list[str]:
        with index.read() as tx:
            return [one.number for one in tx.patients.find("north", text, limit=10, **more)]

    assert numbers_matching("JANE doe") == ["A-1"]
    assert numbers_matching("花子") == ["A-2"]
    assert numbers_matching("देवी") == ["B-3"]
    assert numbers_matching("müller") == ["C%4"]
    assert numbers_matching("c%") == ["C%4"]
    assert numbers_matching("a-") == ["A-2", "A-1"]
    assert numbers_matching("") == ["C%4", "B-3", "A-2", "A-1"]
    with index.read() as tx:
        page = tx.patients.find("north", "", limit=2)
        assert [p.number for p in tx.patients.find("north", "", limit=2, cursor=page[-1].id)] == [
            "A-2", "A-1",
        ]  # fmt: skip
        assert tx.patients.find("south", "", limit=5) == []


def test_facts_are_versions(index: Index, clock: Clock) -> None:
    study_id = receive(index, "1.1")
    with index.read() as tx:
        assert tx.facts.latest("north", study_id).version == 0
        with pytest.raises(NotFound):
            tx.facts.latest("south", study_id)
    with index.begin() as tx:
        made = tx.facts.add(ANNA, study_id, 0, {"indication": "growth"})
        assert (made.version, made.author, made.at) == (1, ANNA.subject, clock.at)
    with index.begin() as tx:
        # The same again, as a retry sends it, is the same.
        assert tx.facts.add(ANNA, study_id, 0, {"indication": "growth"}).version == 1
        with pytest.raises(StaleVersion):
            tx.facts.add(ANNA, study_id, 0, {"indication": "pain"})
        with pytest.raises(NotFound):
            tx.facts.add(BEN, study_id, 1, {})
    with index.begin() as tx:
        made = tx.facts.state(ANNA, study_id, last_period="2025-09-01")
        assert made.values == {"indication": "growth", "last_period": "2025-09-01"}
        assert tx.facts.state(ANNA, study_id, last_period="2025-09-01").version == 2
    with index.read() as tx:
        assert [one.version for one in tx.facts.versions("north", study_id)] == [1, 2]
        entries = [
            e for e in tx.audit.find("north", subject=study_id) if e.action == "facts.entered"
        ]
        assert [one.detail["changed"] for one in entries] == [["last_period"], ["indication"]]
        periods = tx.examinations.of_study("north", study_id).visit.periods
        assert [one.first_day.isoformat() for one in periods] == ["2025-09-01"]
        assert tx.studies.find("north", StudyQuery())[0].id == study_id


# --- whose a study is --------------------------------------------------------------------------
def decide(index: Index, study_id: str, decision: str, number: str | None = None) -> None:
    with index.begin() as tx:
        tx.identities.decide(ANNA, study_id, decision, number, "req-2")


def sending(index: Index, study_id: str) -> list[tuple[str, int | None]]:
    with index.read() as tx:
        return [(d.kind.value, d.version) for d in tx.deliveries.find("north", study_id=study_id)]


def finished(index: Index, study_id: str) -> None:
    with index.begin() as tx:
        job = tx.jobs.find("north", study_id=study_id, states=(JobState.QUEUED,))[0]
        tx.jobs.lease(job.id, "w1", 60)
        tx.jobs.finish(job.id, "w1", report(), [], score=1.0, reasons=())


def test_another_name_under_a_known_number_is_kept_and_held_back(index: Index) -> None:
    first = receive(index, "1.1", _00100030="19900201")
    clashing = receive(index, "1.2", name="Roe^Ann", _00100030="19900202")
    study = get(index, clashing)
    assert study.held
    assert study.patient_id is None
    assert study.headline == {"code": "identity_clash"}
    assert study.clash is not None
    assert study.clash["fields"] == [
        {"field": "name", "recorded": "Doe^Jane", "received": "Roe^Ann"},
        {"field": "birth_date", "recorded": "1990-02-01", "received": "1990-02-02"},
    ]
    finished(index, clashing)  # it is read all the same
    assert get(index, clashing).latest_version == 1
    assert sending(index, clashing) == []
    decide(index, clashing, "keep_record")
    study = get(index, clashing)
    assert (study.clash, study.headline) == (None, None)
    assert study.patient_id == get(index, first).patient_id
    assert study.attributes["00100010"]["Value"] == [{"Alphabetic": "Doe^Jane"}]
    assert study.corrected is not None
    assert study.corrected["was"]["00100010"]["Value"] == [{"Alphabetic": "Roe^Ann"}]
    assert sending(index, clashing) == [("push", 1)]
    with pytest.raises(Conflict):
        decide(index, clashing, "keep_record")


def test_what_came_last_may_be_right(index: Index) -> None:
    first = receive(index, "1.1")
    second = receive(index, "1.2", name="Doe^Janet")
    decide(index, second, "take_new")
    ids = {get(index, study_id).patient_id for study_id in (first, second)}
    (patient_id,) = ids
    assert patient_id is not None
    with index.read() as tx:
        assert tx.patients.get("north", patient_id).name == "Doe^Janet"
        assert [p.name for p in tx.patients.find("north", "janet", limit=5)] == ["Doe^Janet"]
    for study_id in (first, second):
        assert get(index, study_id).attributes["00100010"]["Value"] == [{"Alphabetic": "Doe^Janet"}]


def test_another_woman_gets_a_number_of_her_own(index: Index) -> None:
    first = receive(index, "1.1")
    second = receive(index, "1.2", name="Roe^Ann")
    with pytest.raises(InvalidInput):
        decide(index, second, "other_patient")
    with pytest.raises(Conflict):
        decide(index, second, "other_patient", "P1")
    assert get(index, second).held
    decide(index, second, "other_patient", "P2")
    study = get(index, second)
    assert study.patient_id not in (None, get(index, first).patient_id)
    assert study.attributes["00100020"]["Value"] == ["P2"]
    assert study.attributes["00100010"]["Value"] == [{"Alphabetic": "Roe^Ann"}]


def further(
    index: Index, pid: str, sop: str = "1.1.9", study: str = "1.1", name: str = "Roe^Ann"
) -> bool:
    with index.begin() as tx:
        return send(tx, study, [instance(sop)], attributes=patient(name, pid))[0].new


def test_images_of_another_number_are_split_off(index: Index) -> None:
    first = receive(index, "1.1")
    finished(index, first)
    assert sending(index, first) == [("push", 1)]
    assert further(index, "P9")
    study = get(index, first)
    assert study.clash is not None
    assert [one["field"] for one in study.clash["fields"]] == ["number", "name"]
    assert study.clash["sop_uids"] == ["1.1.9"]
    assert study.attributes["00100020"]["Value"] == ["P1"]
    assert sending(index, first) == []
    decide(index, first, "other_patient")
    with index.read() as tx:
        left = tx.studies.instances("north", study_uid="1.1")
        (moved,) = tx.studies.instances("north", sop_uid="1.1.9")
        other = tx.studies.get("north", moved.study_id)
        jobs = tx.jobs.find("north", states=(JobState.QUEUED,))
    assert [one.sop_uid for one in left] == ["1.1.1"]
    assert other.study_uid != "1.1"
    assert other.attributes["00100020"]["Value"] == ["P9"]
    assert other.patient_id != get(index, first).patient_id
    assert {job.study_id for job in jobs} == {first, other.id}
    assert sending(index, first) == [("push", 1)]
    # Sent again by its machine, it is known.
    assert not further(index, "P9")
    assert get(index, first).clash is None


def test_images_of_a_slip_are_the_same_womans(index: Index) -> None:
    first = receive(index, "1.1")
    further(index, "P-1", name="Doe^Jane")
    decide(index, first, "keep_record")
    study = get(index, first)
    assert study.corrected is not None
    assert study.corrected["now"]["00100020"]["Value"] == ["P1"]
    with index.read() as tx:
        assert len(tx.studies.instances("north", study_uid="1.1")) == 2
        assert tx.patients.by_number("north", "P-1") is None


def test_what_was_missing_is_filled_in(index: Index) -> None:
    study_id = receive(index, "1.1", pid="")
    further(index, "P7", name="Doe^Jane")
    study = get(index, study_id)
    assert study.clash is None
    assert study.patient_id is not None
    assert study.attributes["00100020"]["Value"] == ["P7"]


def test_a_correction_follows_to_all_her_studies(index: Index) -> None:
    first, second = receive(index, "1.1"), receive(index, "1.2")
    receive(index, "1.3", pid="P2", name="Roe^Ann")
    finished(index, first)
    patient_id = get(index, first).patient_id
    assert patient_id is not None
    with index.begin() as tx:
        with pytest.raises(Conflict):
            tx.identities.correct(ANNA, patient_id, {"number": "P2"}, "slip")
        with pytest.raises(NotFound):
            tx.identities.correct(BEN, patient_id, {"number": "P3"}, "slip")
    changes = {"number": "P3", "birth_date": "1990-02-01"}
    with index.begin() as tx:
        woman = tx.identities.correct(ANNA, patient_id, changes, "slip")
    assert (woman.number, woman.name, woman.birth_date) == ("P3", "Doe^Jane", "1990-02-01")
    with index.read() as tx:
        studies = tx.studies.find("north", StudyQuery(match={"PatientID": "P3"}))
        assert {one.id for one in studies} == {first, second}
        entries = tx.audit.find("north", subject=patient_id)
        assert entries[0].detail == {"fields": ["number", "birth_date"], "reason": "slip"}
    assert sending(index, first) == [("push", 1), ("push", 1)]
    assert sending(index, second) == []
    # Its machine sends a further image with the number as it was: no clash.
    assert further(index, "P1", name="Doe^Jane")
    study = get(index, first)
    assert study.clash is None
    assert study.attributes["00100020"]["Value"] == ["P3"]


def test_a_study_moves_to_another_patient_and_pregnancy(index: Index) -> None:
    first, second = receive(index, "1.1"), receive(index, "1.2", pid="P2", name="Roe^Ann")
    with index.begin() as tx:
        with pytest.raises(Conflict):
            tx.identities.move(ANNA, first, Identity("P2", "Poe^Eve"), "mixed up")
        tx.identities.move(ANNA, first, Identity("P2"), "mixed up")
    moved = get(index, first)
    assert moved.patient_id == get(index, second).patient_id
    assert moved.attributes["00100010"]["Value"] == [{"Alphabetic": "Roe^Ann"}]
    assert moved.pregnancy_id == get(index, second).pregnancy_id
    with index.begin() as tx:
        own = tx.identities.set_pregnancy(ANNA, first, None)
        assert own != moved.pregnancy_id
        assert tx.identities.set_pregnancy(ANNA, first, moved.pregnancy_id) == moved.pregnancy_id
        with pytest.raises(NotFound):
            tx.identities.set_pregnancy(ANNA, first, first)


# --- withdrawn, claimed, found by day ------------------------------------------------------------
def test_a_withdrawn_study_leaves_and_comes_back(index: Index) -> None:
    study_id = receive(index, "1.1")
    finished(index, study_id)
    with index.begin() as tx:
        tx.studies.withdraw(ANNA, study_id, "a phantom")
        with pytest.raises(NotFound):
            tx.studies.withdraw(BEN, study_id, "x")
    assert sending(index, study_id) == []
    with index.read() as tx:
        assert tx.studies.find("north", StudyQuery()) == []
        assert tx.studies.count("north", StudyQuery()) == 0
        assert [s.id for s in tx.studies.find("north", StudyQuery(withdrawn=True))] == [study_id]
        assert tx.audit.find("north", subject=study_id)[0].detail == {"reason": "a phantom"}
    with index.begin() as tx:
        tx.studies.restore(ANNA, study_id)
    assert not get(index, study_id).held
    assert sending(index, study_id) == [("push", 1)]


def test_a_claim_is_a_name_and_no_lock(index: Index) -> None:
    study_id = receive(index, "1.1")
    with index.begin() as tx:
        tx.studies.claim(ANNA, study_id, "Anna")
    claim = get(index, study_id).claim
    assert claim is not None
    assert (claim["by"], claim["name"]) == (ANNA.subject, "Anna")
    with index.begin() as tx:
        tx.studies.claim(ANNA, study_id, None)
    assert get(index, study_id).claim is None


def test_studies_by_day(index: Index) -> None:
    receive(index, "1.1", "20260101")
    receive(index, "1.2", "20260201")
    receive(index, "1.3", "")  # received on 2026-03-01

    def uids_received(**days: date) -> set[str]:
        with index.read() as tx:
            return {one.study_uid for one in tx.studies.find("north", StudyQuery(**days))}  # type: ignore[arg-type]

    assert uids_received(day_from=date(2026, 2, 1)) == {"1.2", "1.3"}
    assert uids_received(day_to=date(2026, 2, 1)) == {"1.1", "1.2"}
    assert uids_received(day_from=date(2026, 3, 1), day_to=date(2026, 3, 1)) == {"1.3"}
