"""A signed result goes to an HL7 receiver by MLLP and to a FHIR server, both on sockets of their own."""

from __future__ import annotations

import base64
import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import hl7
import pydicom
import pytest
import readings
import servers
from integration.workers.worker_hub import SAMPLES, WHO, another, receive
from receivers import QuietHandler

from bench.serving import serving
from services.dicom.objects.encapsulated import encapsulated_pdf
from services.domain.orders.order import NewOrder, OrderSource
from services.domain.patient import Identity
from services.domain.report import Origin
from services.domain.work import DestinationKind
from services.index import open_index
from services.index.port import Artefact, DeliveryState, Index, NewDestination
from services.storage.s3 import S3Store
from workers.delivery.runner import DeliveryRunner


@contextmanager
def mllp_receiver(code: str, got: list[hl7.Message]) -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data = b""
            while not data.endswith(b"\x1c\r"):
                data += self.request.recv(65536)
            got.append(hl7.parse(data.strip(b"\x0b\x1c\r").decode()))
            answer = str(got[-1].create_ack(code))
            self.request.sendall(b"\x0b" + answer.encode() + b"\x1c\r")

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@contextmanager
def fhir_server(got: list[dict[str, Any]], status: int = 200) -> Iterator[int]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802
            got.append(json.loads(self.body()))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"{}")

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = open_index(f"sqlite:///{tmp_path}/index.db")
    made.migrate()
    yield made
    made.close()


def sign(
    index: Index, study_id: str, study_uid: str, *artefacts: Artefact, empty: bool = False
) -> None:
    report = readings.report(study_uid, readings.head("1.2.3.1", 800, 540))
    report = replace(
        report,
        origin=Origin.REVIEW,
        reviewed_by="Dr. A",
        reviewed_at=report.created_at,
        frames=() if empty else report.frames,
    )
    with index.begin() as tx:
        tx.results.add(WHO, study_id, report, list(artefacts), origin=Origin.REVIEW, based_on=None)


def deliver_all(index: Index, runner: DeliveryRunner) -> list[str]:
    with index.read() as tx:
        deliveries = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
    return [runner.deliver(one.id) for one in reversed(deliveries)]


def test_final_then_corrected_results_by_hl7_and_fhir(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    messages: list[hl7.Message] = []
    bundles: list[dict[str, Any]] = []
    job_id = receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-hl7"))
    with index.read() as tx:
        job = tx.jobs.get(None, job_id)
    runner = DeliveryRunner(servers.settings_for(tmp_path, None, None), index, object_store)
    with mllp_receiver("AA", messages) as mllp, fhir_server(bundles) as fhir:
        with index.begin() as tx:
            emr = NewDestination("EMR", DestinationKind.HL7, f"127.0.0.1:{mllp}")
            tx.destinations.create(WHO, emr)
            base = f"http://127.0.0.1:{fhir}/fhir"
            tx.destinations.create(WHO, NewDestination("FHIR", DestinationKind.FHIR, base))
        for _ in range(2):
            sign(index, job.study_id, job.study_uid)
            assert deliver_all(index, runner) == ["done", "done"]
    assert [str(one.segment("OBR")[25]) for one in messages] == ["F", "C"]
    assert str(messages[0].segment("OBR")[3]).startswith(job.study_uid)
    assert any(str(one[3]).startswith("11984-2") for one in messages[0].segments("OBX"))
    assert [one["type"] for one in bundles] == ["transaction", "transaction"]
    assert all(entry["request"]["method"] in ("PUT", "POST") for entry in bundles[0]["entry"])


def test_a_message_or_bundle_that_is_refused_is_given_up(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    job_id = receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-refused"))
    with index.read() as tx:
        job = tx.jobs.get(None, job_id)
    runner = DeliveryRunner(servers.settings_for(tmp_path, None, None), index, object_store)
    with mllp_receiver("AR", []) as mllp, fhir_server([], 422) as fhir:
        with index.begin() as tx:
            emr = NewDestination("EMR", DestinationKind.HL7, f"127.0.0.1:{mllp}")
            tx.destinations.create(WHO, emr)
            base = f"http://127.0.0.1:{fhir}/fhir"
            tx.destinations.create(WHO, NewDestination("FHIR", DestinationKind.FHIR, base))
        sign(index, job.study_id, job.study_uid)
        assert deliver_all(index, runner) == ["given_up", "given_up"]
    with index.read() as tx:
        codes = {one.error_code for one in tx.deliveries.find(None)}
    assert codes == {"push_rejected"}


@dataclass
class Records:
    """A receiver of HL7 and a FHIR server that the site sends everything to; ``status``: the server's."""

    index: Index
    runner: DeliveryRunner
    study_id: str
    study_uid: str
    messages: list[hl7.Message] = field(default_factory=list)
    bundles: list[dict[str, Any]] = field(default_factory=list)

    def deliver(self) -> list[str]:
        return deliver_all(self.index, self.runner)

    def sign(self, *artefacts: Artefact, empty: bool = False) -> None:
        sign(self.index, self.study_id, self.study_uid, *artefacts, empty=empty)


@pytest.fixture
def records(index: Index, object_store: S3Store, tmp_path: Path) -> Iterator[Records]:
    job_id = receive(index, object_store, another("head-27w.dcm", tmp_path.name))
    with index.read() as tx:
        job = tx.jobs.get(None, job_id)
    runner = DeliveryRunner(servers.settings_for(tmp_path, None, None), index, object_store)
    made = Records(index, runner, job.study_id, job.study_uid)
    with mllp_receiver("AA", made.messages) as mllp, fhir_server(made.bundles) as fhir:
        options = {"order_system": "https://his.example/orders", "patient_system": "urn:oid:1.2"}
        base = f"http://127.0.0.1:{fhir}/fhir"
        with index.begin() as tx:
            emr = NewDestination("EMR", DestinationKind.HL7, f"127.0.0.1:{mllp}")
            tx.destinations.create(WHO, emr)
            named = NewDestination("FHIR", DestinationKind.FHIR, base, options)
            tx.destinations.create(WHO, named)
        yield made


def rows(message: hl7.Message) -> dict[str, str]:
    """Code to status."""
    return {str(one[3]).split("^")[0]: str(one[11]) for one in message.segments("OBX")}


def statuses(bundle: dict[str, Any]) -> dict[str, str]:
    """An observation's text to its status."""
    every = [entry["resource"] for entry in bundle["entry"]]
    return {
        one["code"]["text"]: one["status"] for one in every if one["resourceType"] == "Observation"
    }


def test_a_correction_takes_back_what_it_no_longer_says(records: Records) -> None:
    records.sign()
    records.sign(empty=True)
    with records.index.read() as tx:
        deliveries = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
    assert {one.version for one in deliveries} == {1, 2}
    for one in reversed(deliveries):
        if one.version == 2:
            assert records.runner.deliver(one.id) == "done"
    (message,), (bundle,) = records.messages, records.bundles
    assert rows(message)["11984-2"] == "D"
    assert str(message.segment("OBR")[25]) == "C"
    assert statuses(bundle)["OFD"] == "entered-in-error"


def test_an_older_version_is_not_sent_after_a_newer_one(records: Records) -> None:
    records.sign()
    with records.index.read() as tx:
        older = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
    records.sign()
    assert set(records.deliver()) == {"gone", "done"}
    assert [records.runner.deliver(one.id) for one in older] == ["gone", "gone"]
    assert [str(one.segment("OBR")[25]) for one in records.messages] == ["C"]
    states = {
        one["resource"]["status"]
        for one in records.bundles[0]["entry"]
        if one["resource"]["resourceType"] == "DiagnosticReport"
    }
    assert (len(records.bundles), states) == (1, {"amended"})


def test_the_order_is_named_by_its_placers_number(records: Records) -> None:
    order = NewOrder(
        Identity("P-1"), "2026-03-01", OrderSource.HL7, "A-1", "77", "HIS",
        study_uid=records.study_uid,
    )  # fmt: skip
    with records.index.begin() as tx:
        placed, _ = tx.orders.place(WHO, order)
        tx.orders.match(WHO, placed.id, records.study_id)
        if tx.studies.get(WHO.site, records.study_id).held:
            tx.identities.decide(WHO, records.study_id, "keep_record", None, "request")
    records.sign()
    assert set(records.deliver()) == {"done"}
    assert str(records.messages[-1].segment("OBR")[2]) == "77^HIS"
    asked = {
        one["resource"]["resourceType"]: one["request"].get("ifNoneExist", "")
        for one in records.bundles[-1]["entry"]
    }
    assert asked["ServiceRequest"] == "identifier=https://his.example/orders|77"
    assert asked["Patient"].startswith("identifier=urn:oid:1.2|")


def page_of(records: Records, store: S3Store) -> Artefact:
    source = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    report = readings.report(records.study_uid, readings.head("1.2.3.1", 800, 540))
    page = encapsulated_pdf([source], b"%PDF-1.7 x%%EOF", "Report", report, "cause")
    kept = store.put("default", page, "application/dicom")
    return Artefact("pdf_dicom", kept.sha256, "application/dicom", kept.size)


def test_the_page_that_was_signed_goes_with_the_message(
    records: Records, object_store: S3Store
) -> None:
    records.sign(page_of(records, object_store))
    records.deliver()
    (document,) = [one for one in records.messages[0].segments("OBX") if str(one[2]) == "ED"]
    assert base64.b64decode(str(document[5]).split("^")[4]) == b"%PDF-1.7 x%%EOF"


def test_a_result_that_went_out_under_another_woman_is_withdrawn(
    records: Records, object_store: S3Store
) -> None:
    records.sign(page_of(records, object_store))
    assert set(records.deliver()) == {"done"}
    number = str(records.messages[0].segment("PID")[3]).split("^")[0]
    with records.index.begin() as tx:
        tx.identities.move(WHO, records.study_id, Identity("P-right", "Right^Woman"), "mixed up")
    assert set(records.deliver()) == {"done"}
    withdrawn, anew = records.messages[1:]
    assert str(withdrawn.segment("PID")[3]).split("^")[0] == number
    assert set(rows(withdrawn)) == set(rows(records.messages[0])), "the page among them"
    assert set(rows(withdrawn).values()) == {"W"}
    assert str(anew.segment("PID")[3]).startswith("P-right^")
    assert rows(anew)["11984-2"] == "F"
    assert "ED" not in [str(one[2]) for one in anew.segments("OBX")], "it names the other woman"
    (study,) = [
        one
        for one in records.bundles[-1]["entry"]
        if one["resource"]["resourceType"] == "ImagingStudy"
    ]
    assert study["request"]["method"] == "PUT", "the server's study follows, too"
