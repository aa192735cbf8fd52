"""Results become events of a DHIS2 tracker: once, corrected in place, and taken from a wrong woman.

Beside it stands a small tracker of the tests (``dhis2_server``), which checks and answers as DHIS2's
documentation says; no DHIS2 runs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import readings
import servers
from dhis2_server import MAPPING, NUMBER, PROGRAM, TOKEN, TYPE, Tracker, dhis2
from integration.workers.worker_hub import WHO, another, receive

from services.credentials import seal
from services.domain.patient import Identity
from services.domain.report import Origin
from services.domain.work import DestinationKind
from services.index import open_index
from services.index.port import Delivery, DeliveryState, Index, Job, NewDestination
from services.senders import Senders
from services.settings import Settings
from services.storage.s3 import S3Store
from workers.delivery.runner import DeliveryRunner


@dataclass
class Hub:
    """A study of one woman, and a destination DHIS2."""

    index: Index
    settings: Settings
    runner: DeliveryRunner
    job: Job
    tracker: Tracker
    destination: str

    def sign(self, hc_mm: float) -> None:
        report = readings.report(self.job.study_uid, readings.measured(HC=hc_mm))
        report = replace(
            report, origin=Origin.REVIEW, reviewed_by="Dr. A", reviewed_at=report.created_at
        )
        with self.index.begin() as tx:
            tx.results.add(WHO, self.job.study_id, report, [], origin=Origin.REVIEW, based_on=None)

    def deliver(self) -> list[str]:
        with self.index.read() as tx:
            deliveries = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
        return [self.runner.deliver(one.id) for one in reversed(deliveries)]

    def last(self) -> Delivery:
        with self.index.read() as tx:
            return tx.deliveries.find(None)[0]

    def refusals(self) -> dict[str, str]:
        return {one.kind: one.code for one in self.last().objects}


MakeHub = Callable[..., Hub]


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def make_hub(tmp_path: Path, object_store: S3Store, tracker: Tracker) -> Iterator[MakeHub]:
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    index.migrate()
    settings = servers.settings_for(tmp_path, None, None)

    with dhis2(tracker) as address:

        def made(number: str = "D/7,1", mapping: str = MAPPING) -> Hub:
            def change(dataset: Any) -> None:
                dataset.PatientID, dataset.PatientName = number, "Achieng^Mary"
                dataset.StudyDate = "20260301"

            data = another("head-27w.dcm", f"{tmp_path.name}-dhis2", change=change)
            job_id = receive(index, object_store, data)
            new = NewDestination(
                "DHIS2",
                DestinationKind.DHIS2,
                address,
                {"mapping": mapping, "sign_in": "api_token"},
                seal(settings, {"token": TOKEN}),
            )
            with index.begin() as tx:
                job = tx.jobs.get(None, job_id)
                destination = tx.destinations.create(WHO, new)
            runner = DeliveryRunner(settings, index, object_store)
            return Hub(index, settings, runner, job, tracker, destination.id)

        yield made
    index.close()


def test_a_result_and_its_correction_are_one_event(make_hub: MakeHub, tracker: Tracker) -> None:
    hub = make_hub()
    hub.sign(250.0)
    assert hub.deliver() == ["done"]
    (event,) = tracker.events
    data_values = tracker.values(event)
    assert (data_values["HeadCirc001"], data_values["Reviewed001"]) == ("250.0", "true")
    assert "Weight00001" not in data_values, "what is not assessed is not there"
    (entity,) = tracker.trackedEntities.values()
    assert {one["attribute"]: one["value"] for one in entity["attributes"]} == {
        NUMBER: "D/7,1",
        "w75KJ2mc4zz": "Mary",
    }
    assert {one.kind for one in hub.last().objects} == {"tracked_entity", "enrollment", "event"}
    assert tracker.events[event]["occurredAt"] == "2026-03-01"

    hub.sign(251.0)
    assert hub.deliver() == ["done"]
    assert list(tracker.events) == [event]
    assert tracker.values(event)["HeadCirc001"] == "251.0"
    assert len(tracker.trackedEntities) == len(tracker.enrollments) == 1
    assert [sorted(content) for _, content in tracker.imports[1:]] == [["events"]], (
        "what is there is left alone"
    )


def test_a_woman_who_is_known_there_keeps_her_record_and_enrollment(
    make_hub: MakeHub, tracker: Tracker
) -> None:
    attributes = [{"attribute": NUMBER, "value": "D/7,1"}]
    tracker.trackedEntities["Woman000001"] = {
        "trackedEntity": "Woman000001",
        "attributes": attributes,
    }
    enrollment = {"program": PROGRAM, "trackedEntity": "Woman000001", "status": "ACTIVE"}
    tracker.enrollments["Enrolled001"] = {
        **enrollment, "enrollment": "Enrolled001", "enrolledAt": "2025-12-01T00:00:00.000",
    }  # fmt: skip
    hub = make_hub()
    hub.sign(250.0)
    assert hub.deliver() == ["done"]
    (event,) = tracker.events.values()
    assert event["enrollment"] == "Enrolled001"
    assert tracker.trackedEntities["Woman000001"]["attributes"] == attributes
    assert [one.kind for one in hub.last().objects] == ["event"]


def test_an_enrollment_of_an_earlier_pregnancy_is_left_to_people(
    make_hub: MakeHub, tracker: Tracker
) -> None:
    attributes = [{"attribute": NUMBER, "value": "D/7,1"}]
    tracker.trackedEntities["Woman000001"] = {
        "trackedEntity": "Woman000001",
        "attributes": attributes,
    }
    tracker.enrollments["Enrolled001"] = {
        "program": PROGRAM, "trackedEntity": "Woman000001", "status": "ACTIVE",
        "enrollment": "Enrolled001", "enrolledAt": "2024-01-01T00:00:00.000",
    }  # fmt: skip
    hub = make_hub()
    hub.sign(250.0)
    assert hub.deliver() == ["given_up"]
    assert hub.last().error_code == "enrollment_outdated"
    tracker.enrollments["Enrolled001"]["status"] = "COMPLETED"
    with hub.index.begin() as tx:
        tx.deliveries.run_again(WHO, hub.last().id)
    assert hub.deliver() == ["done"]
    assert len(tracker.enrollments) == 2


def test_what_is_refused_is_named_by_object_code_and_element(
    make_hub: MakeHub, tracker: Tracker
) -> None:
    hub = make_hub(mapping=MAPPING.replace("element: HeadCirc001", "element: Unknown0001"))
    hub.sign(250.0)
    assert hub.deliver() == ["given_up"]
    assert hub.last().error_code == "push_rejected"
    assert hub.refusals()["event"] == "E1087 Unknown0001"
    assert tracker.events == tracker.trackedEntities == {}, "all or nothing"
    assert set(hub.refusals()) == {"tracked_entity", "enrollment", "event"}


def test_a_corrected_woman_takes_her_event_with_her(make_hub: MakeHub, tracker: Tracker) -> None:
    hub = make_hub()
    hub.sign(250.0)
    assert hub.deliver() == ["done"]
    (wrong,) = tracker.events
    with hub.index.begin() as tx:
        tx.identities.move(WHO, hub.job.study_id, Identity("D-8", "", ""), "typing error")
    assert hub.deliver() == ["done"]
    (right,) = tracker.events
    assert right != wrong
    numbers = {
        attribute["value"]: entity["trackedEntity"]
        for entity in tracker.trackedEntities.values()
        for attribute in entity["attributes"]
        if attribute["attribute"] == NUMBER
    }
    owner = tracker.enrollments[tracker.events[right]["enrollment"]]["trackedEntity"]
    assert owner == numbers["D-8"]
    assert [strategy for strategy, _ in tracker.imports] == ["CREATE_AND_UPDATE"] * 2 + ["DELETE"]


def test_a_record_that_got_another_number_there_is_not_overwritten(
    make_hub: MakeHub, tracker: Tracker
) -> None:
    hub = make_hub()
    hub.sign(250.0)
    hub.deliver()
    (entity,) = tracker.trackedEntities.values()
    entity["attributes"] = [{"attribute": NUMBER, "value": "another"}]
    hub.sign(251.0)
    assert hub.deliver() == ["given_up"]
    assert hub.last().error_code == "woman_ambiguous"
    assert entity["attributes"] == [{"attribute": NUMBER, "value": "another"}]


def test_without_a_number_and_while_it_is_down(make_hub: MakeHub, tracker: Tracker) -> None:
    hub = make_hub(number="")
    tracker.down = True
    hub.sign(250.0)
    assert hub.deliver() == ["given_up"]
    assert hub.last().error_code == "number_missing"


def test_an_outage_is_waited_for(make_hub: MakeHub, tracker: Tracker) -> None:
    hub = make_hub()
    tracker.down = True
    hub.sign(250.0)
    assert hub.deliver() == ["again"]
    assert (hub.last().state, hub.last().error_code) == (DeliveryState.WAITING, "push_failed")


def test_sign_in_and_programme_are_tried_without_a_result(
    make_hub: MakeHub, tracker: Tracker
) -> None:
    hub = make_hub()
    with hub.index.read() as tx:
        destination = tx.destinations.get("default", hub.destination)
    Senders(hub.settings).of(destination).echo()
    wrong = replace(destination, credentials=seal(hub.settings, {"token": "guess"}))
    with pytest.raises(Exception, match="401"):
        Senders(hub.settings).of(wrong).echo()
    assert tracker.imports == []
    assert TYPE in MAPPING
