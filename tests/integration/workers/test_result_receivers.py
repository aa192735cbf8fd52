"""A signed result goes to an HL7 receiver by MLLP and to a FHIR server, both on sockets of their own."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import hl7
import pytest
import readings
import servers
from integration.workers.worker_hub import WHO, another, receive
from receivers import QuietHandler

from bench.serving import serving
from services.domain.report import Origin
from services.domain.work import DestinationKind
from services.index import open_index
from services.index.port import DeliveryState, Index, NewDestination
from services.storage.s3 import S3Store
from workers.delivery import DeliveryRunner


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


def sign(index: Index, study_id: str, study_uid: str) -> None:
    report = readings.report(study_uid, readings.head("1.2.3.1", 800, 540))
    report = replace(
        report, origin=Origin.REVIEW, reviewed_by="Dr. A", reviewed_at=report.created_at
    )
    with index.begin() as tx:
        tx.results.add(WHO, study_id, report, [], origin=Origin.REVIEW, based_on=None)


def deliver_all(index: Index, runner: DeliveryRunner) -> list[str]:
    with index.read() as tx:
        found = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
    return [runner.deliver(one.id) for one in reversed(found)]


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
