"""Storage commitment: a PACS vouches for results, and the hub for what machines stored.

The peers are Orthanc, dcmtk's storescp and pynetdicom; dcmtk has no storage commitment.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orthanc
import pydicom
import pytest
from integration.dicom.open_gateway import OpenGateway
from integration.workers.worker_hub import another
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from gateway.dimse.server import DicomServer
from services.dicom.network import commitment
from services.dicom.network.commitment import INSTANCE, PUSH_MODEL
from services.dicom.network.scu import Peer, StoreAnswer, c_store
from services.dicom.parser.parse import IMAGES
from services.domain.report import Origin, ReleaseId, Report
from services.domain.study import Principal, Role
from services.domain.work import DestinationKind
from services.index.database.connection import utc_now
from services.index.port import (
    Artefact,
    CommitmentRequest,
    Delivery,
    DeliveryState,
    NewDestination,
)
from services.standalone import ports
from workers.delivery.runner import DeliveryRunner

SITE = "vouch"
WHO = Principal("key:tests", SITE, Role.ADMIN)
PLAIN = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]


@pytest.fixture(scope="module")
def server(gateway: OpenGateway) -> Iterator[DicomServer]:
    settings = gateway.services.settings.model_copy(
        update={"dimse_site": SITE, "dimse_peers": "ORTHANC,US7", "dimse_sites": {"US8": "far"}}
    )
    made = DicomServer(gateway.services, settings, port=0)
    yield made
    made.close()


@pytest.fixture(scope="module")
def pacs(
    server: DicomServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[orthanc.Orthanc]:
    with orthanc.running(tmp_path_factory.mktemp("pacs")) as made:
        known = {"AET": "FADA", "Host": "127.0.0.1", "Port": server.port}
        url = f"http://127.0.0.1:{made.web}/modalities/fada"
        httpx.put(url, json=known, timeout=30).raise_for_status()
        yield made


def result_for(
    gateway: OpenGateway, server: DicomServer, name: str, address: str, **options: Any
) -> Delivery:
    """A signed study with a result whose object is its image, for one destination."""
    data = another("head-27w.dcm", f"commitment-{name}", change=_explicit)
    peer = Peer.parse(f"FADA@127.0.0.1:{server.port}")
    assert list(c_store(peer, [data], "US7")) == [StoreAnswer()]
    services = gateway.services
    uid = str(pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).SOPInstanceUID)
    options = {"commitment": True, "commitment_wait": 0.0, **options}
    with services.index.begin() as tx:
        for one in tx.destinations.find(SITE):
            tx.destinations.remove(WHO, one.id)
        new = NewDestination(name, DestinationKind.C_STORE, address, options)
        tx.destinations.create(WHO, new)
        stored = tx.studies.instances(SITE, sop_uid=uid)[0]
        study = tx.studies.by_uid(SITE, stored.study_uid)
        release = ReleaseId("a", "1.0.0", "0" * 64)
        report = Report(study.study_uid, Origin.REVIEW, release, utc_now(), (),
                        reviewed_by="Dr. A", reviewed_at=utc_now())  # fmt: skip
        made = Artefact("sr", stored.sha256, "application/dicom", stored.size)
        tx.results.add(WHO, study.id, report, [made], origin=Origin.REVIEW, based_on=None)
    with services.index.read() as tx:
        (delivery,) = tx.deliveries.find(SITE, study_id=study.id)
    return delivery


def _explicit(dataset: pydicom.Dataset) -> None:
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.decompress()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian


def runner_of(gateway: OpenGateway, **more: Any) -> DeliveryRunner:
    services = gateway.services
    given = services.settings.model_copy(update=more)
    return DeliveryRunner(given, services.index, services.store)


def seen(gateway: OpenGateway, delivery: Delivery) -> tuple[str, str, list[tuple[str, str]]]:
    """(state, error, the objects' states and codes) as the API and the page show them."""
    with gateway.services.index.read() as tx:
        stored = tx.deliveries.get(SITE, delivery.id)
    objects = [(one.state.value, one.code) for one in stored.objects]
    return stored.state.value, stored.error_code, objects


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def requests_of(gateway: OpenGateway, delivery: Delivery) -> list[CommitmentRequest]:
    with gateway.services.index.read() as tx:
        return tx.commitments.of_delivery(delivery.id)


def due(gateway: OpenGateway, delivery: Delivery) -> None:
    """As if the time had passed."""
    with gateway.services.index.begin() as tx:
        tx.deliveries.reported(delivery.id, False)


def test_orthanc_commits_a_result_on_an_association_of_its_own(
    gateway: OpenGateway, server: DicomServer, pacs: orthanc.Orthanc
) -> None:
    delivery = result_for(gateway, server, "orthanc", pacs.address)
    runner = runner_of(gateway)
    outcome = runner.deliver(delivery.id)  # Orthanc may report before the hub has hung up
    until(lambda: seen(gateway, delivery)[2] == [("committed", "")])
    if outcome == "awaited":
        outcome = runner.deliver(delivery.id)
    assert outcome == "done"
    assert seen(gateway, delivery) == ("delivered", "", [("committed", "")])
    with gateway.services.index.read() as tx:
        trail = tx.audit.find(SITE, subject=delivery.id)
    assert [one.action for one in trail] == ["delivery.commitment"]
    assert trail[0].detail == {"committed": 1, "failed": 0}


def test_orthanc_is_told_which_objects_the_hub_keeps(
    gateway: OpenGateway, server: DicomServer, pacs: orthanc.Orthanc
) -> None:
    new = NewDestination("told", DestinationKind.C_STORE, pacs.address, by_default=False)
    with gateway.services.index.begin() as tx:
        tx.destinations.create(WHO, new)
    url = f"http://127.0.0.1:{pacs.web}"
    file = another("head-27w.dcm", "commitment-machine", change=_explicit)
    stored = httpx.post(f"{url}/instances", content=file, timeout=30).json()["ID"]
    body = {"Resources": [stored], "StorageCommitment": True}
    answer = httpx.post(f"{url}/modalities/fada/store", json=body, timeout=60).json()
    report_url = f"{url}/storage-commitment/{answer['StorageCommitmentTransactionUID']}"
    until(lambda: httpx.get(report_url, timeout=30).json()["Status"] != "Pending")
    assert httpx.get(report_url, timeout=30).json()["Status"] == "Success"
    held = httpx.get(f"{url}/instances/{stored}/simplified-tags", timeout=30).json()
    other = {
        "SOPClassUID": held["SOPClassUID"],
        "SOPInstanceUID": f"{held['SOPInstanceUID'][:40]}.9",
    }
    asked = httpx.post(
        f"{url}/modalities/fada/storage-commitment", json={"DicomInstances": [other]}, timeout=30
    ).json()
    again = f"{url}/storage-commitment/{asked['ID']}"
    until(lambda: httpx.get(again, timeout=30).json()["Status"] != "Pending")
    answer = httpx.get(again, timeout=30).json()
    assert answer["Status"] == "Failure"
    assert answer["Failures"][0]["FailureReason"] == 0x0112


class Vouching:
    """A PACS of pynetdicom's; ``word``: what it says of each object, None for nothing at all."""

    def __init__(self, word: int | None) -> None:
        self.word, self.asked, self.stored = word, 0, 0

    def store(self, event: evt.Event) -> int:
        self.stored += 1
        return 0x0000

    def action(self, event: evt.Event) -> tuple[int, None]:
        self.asked += 1
        if self.word is not None:
            given = (event.assoc, event.action_information)
            threading.Thread(target=self._say, args=given, daemon=True).start()
        return 0x0000, None

    def _say(self, association: Any, request: Dataset) -> None:
        time.sleep(0.1)
        said = Dataset()
        said.TransactionUID = request.TransactionUID
        items = list(request.ReferencedSOPSequence)
        if self.word:
            for item in items:
                item.FailureReason = self.word
            said.FailedSOPSequence = items
        else:
            said.ReferencedSOPSequence = items
        association.send_n_event_report(said, 2 if self.word else 1, PUSH_MODEL, INSTANCE)


@contextmanager
def vouching(pacs: Vouching) -> Iterator[str]:
    """Its address."""
    entity = AE("VOUCH")
    for sop_class in IMAGES:
        entity.add_supported_context(sop_class, PLAIN)
    entity.add_supported_context(PUSH_MODEL)
    handlers: list[Any] = [(evt.EVT_C_STORE, pacs.store), (evt.EVT_N_ACTION, pacs.action)]
    running = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert running is not None
    try:
        yield f"VOUCH@127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()


def test_what_a_pacs_has_not_kept_is_sent_anew(gateway: OpenGateway, server: DicomServer) -> None:
    pacs = Vouching(0x0112)
    runner = runner_of(gateway)
    with vouching(pacs) as address:
        delivery = result_for(gateway, server, "anew", address, commitment_wait=10.0)
        assert runner.deliver(delivery.id) == "again"
        waiting = ("waiting", "commitment_failed", [("commitment_failed", "0x0112")])
        assert seen(gateway, delivery) == waiting
        pacs.word = 0
        due(gateway, delivery)
        assert runner_of(gateway).deliver(delivery.id) == "done"
    assert seen(gateway, delivery) == ("delivered", "", [("committed", "")])
    assert (pacs.stored, pacs.asked) == (2, 2)


def test_a_pacs_that_never_answers_is_seen_and_asked_again(
    gateway: OpenGateway, server: DicomServer
) -> None:
    pacs = Vouching(None)
    with vouching(pacs) as address:
        delivery = result_for(gateway, server, "silent", address)
        runner = runner_of(gateway)
        assert runner.deliver(delivery.id) == "awaited"
        awaited = ("waiting", "commitment_awaited", [("delivered", "")])
        assert seen(gateway, delivery) == awaited
        due(gateway, delivery)
        assert runner.deliver(delivery.id) == "awaited", "its time is not over"
        assert (pacs.asked, seen(gateway, delivery)) == (1, awaited)
        late = runner_of(gateway, commitment_seconds=0.0)
        for outcome in ("awaited", "awaited", "given_up"):
            due(gateway, delivery)
            assert late.deliver(delivery.id) == outcome
            assert seen(gateway, delivery)[1] == "commitment_unanswered"
        assert (pacs.stored, pacs.asked) == (1, 3), "nothing was sent twice"
        with gateway.services.index.begin() as tx:
            tx.deliveries.run_again(WHO, delivery.id)
    assert seen(gateway, delivery)[2] == [("delivered", "")]
    assert requests_of(gateway, delivery) == [], "it is asked anew as if for the first time"


def test_a_late_report_ends_what_was_given_up(gateway: OpenGateway, server: DicomServer) -> None:
    with vouching(Vouching(None)) as address:
        delivery = result_for(gateway, server, "late", address)
        late = runner_of(gateway, commitment_seconds=0.0)
        for _ in range(4):
            due(gateway, delivery)
            late.deliver(delivery.id)
    assert seen(gateway, delivery)[0] == "dead"
    first = requests_of(gateway, delivery)[0].transaction_uid
    assert report_to(server, "VOUCH", first, delivery, gateway) == 0
    assert seen(gateway, delivery) == ("delivered", "", [("committed", "")])
    assert report_to(server, "VOUCH", first, delivery, gateway) == 0, "told twice is told once"


def test_nobody_else_reports(gateway: OpenGateway, server: DicomServer) -> None:
    with vouching(Vouching(None)) as address:
        delivery = result_for(gateway, server, "others", address)
        runner_of(gateway).deliver(delivery.id)
    uid = requests_of(gateway, delivery)[0].transaction_uid
    assert report_to(server, "US7", uid, delivery, gateway) == 0x0112
    assert report_to(server, "VOUCH", "2.25.1", delivery, gateway) == 0x0112
    assert report_to(server, "STRANGER", uid, delivery, gateway) is None, "it may not connect"
    assert seen(gateway, delivery)[2] == [("delivered", "")]


def report_to(
    server: DicomServer, caller: str, uid: str, delivery: Delivery, gateway: OpenGateway
) -> int | None:
    """The status of a report that the delivery's object is committed; None: no association."""
    with gateway.services.index.read() as tx:
        named = tx.deliveries.get(SITE, delivery.id).objects[0].sop_uid
        row = tx.studies.instances(SITE, sop_uid=named)[0]
    entity = AE(caller)
    entity.add_requested_context(PUSH_MODEL)
    roles: list[Any] = [build_role(PUSH_MODEL, scp_role=True)]
    association = entity.associate("127.0.0.1", server.port, ae_title="FADA", ext_neg=roles)
    if not association.is_established:
        return None
    said, item = Dataset(), Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = row.sop_class, row.sop_uid
    said.TransactionUID, said.ReferencedSOPSequence = uid, [item]
    try:
        return int(association.send_n_event_report(said, 1, PUSH_MODEL, INSTANCE)[0].Status)
    finally:
        association.release()


@pytest.mark.skipif(shutil.which("storescp") is None, reason="needs Debian's dcmtk")
def test_a_pacs_without_the_service_is_seen(
    gateway: OpenGateway, server: DicomServer, tmp_path: Path
) -> None:
    port = ports.free(1)[0]
    peer = subprocess.Popen(["storescp", "-aet", "PACS", "-od", str(tmp_path), str(port)])
    try:
        until(lambda: not ports.is_free(port))
        delivery = result_for(gateway, server, "without", f"PACS@127.0.0.1:{port}")
        assert runner_of(gateway).deliver(delivery.id) == "given_up"
    finally:
        peer.terminate()
        peer.wait()
    assert seen(gateway, delivery) == ("dead", "commitment_refused", [("delivered", "")])
    assert len(list(tmp_path.iterdir())) == 1


def test_a_machine_that_waits_is_told_where_it_asked(
    gateway: OpenGateway, server: DicomServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = another("head-27w.dcm", "commitment-waits", change=_explicit)
    peer = Peer.parse(f"FADA@127.0.0.1:{server.port}")
    assert list(c_store(peer, [data], "US7")) == [StoreAnswer()]
    stored = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
    got: list[tuple[int, Dataset]] = []

    def heard(event: evt.Event) -> tuple[int, None]:
        got.append((int(event.event_type or 0), event.event_information))
        return 0x0000, None

    def asked(caller: str, uid: str) -> int | None:
        entity = AE(caller)
        entity.add_requested_context(PUSH_MODEL)
        handlers: list[Any] = [(evt.EVT_N_EVENT_REPORT, heard)]
        association = entity.associate(
            "127.0.0.1", server.port, ae_title="FADA", evt_handlers=handlers
        )
        if not association.is_established:
            return None
        question, items = Dataset(), []
        for sop_class, sop_uid in (
            (stored.SOPClassUID, stored.SOPInstanceUID),
            (stored.SOPClassUID, "1.2.3.4.5"),
            ("1.2.840.10008.5.1.4.1.1.2", stored.SOPInstanceUID),
        ):
            items.append(Dataset())
            items[-1].ReferencedSOPClassUID, items[-1].ReferencedSOPInstanceUID = sop_class, sop_uid
        question.TransactionUID, question.ReferencedSOPSequence = uid, items
        answer, _ = association.send_n_action(question, 1, PUSH_MODEL, INSTANCE)
        before = len(got)
        if answer.Status == 0:
            until(lambda: len(got) > before)
        association.release()
        return int(answer.Status)

    assert asked("US7", "2.25.71") == 0
    kind, said = got[0]
    assert (kind, said.TransactionUID) == (2, "2.25.71")
    assert [one.ReferencedSOPInstanceUID for one in said.ReferencedSOPSequence] == [
        stored.SOPInstanceUID
    ]
    reasons = [(one.ReferencedSOPInstanceUID, one.FailureReason) for one in said.FailedSOPSequence]
    assert reasons == [("1.2.3.4.5", 0x0112), (stored.SOPInstanceUID, 0x0119)]
    # The row is there, the bytes are not: no machine may erase its own.
    monkeypatch.setattr(type(gateway.services.store), "exists", lambda *_: False)
    assert asked("US7", "2.25.72") == 0
    assert "ReferencedSOPSequence" not in got[1][1]
    assert asked("US8", "2.25.73") is None


def test_the_states_of_a_delivery_are_listed(gateway: OpenGateway, server: DicomServer) -> None:
    with vouching(Vouching(0x0110)) as address:
        delivery = result_for(gateway, server, "listed", address, commitment_wait=10.0)
        runner_of(gateway).deliver(delivery.id)
    with gateway.services.index.begin() as tx:
        _, key = tx.keys.create(SITE, Role.MANAGER, "tests")
    with httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {key}"}) as client:
        (item,) = client.get("/api/deliveries", params={"study": delivery.study_id}).json()["items"]
    (dicom_object,) = item["objects"]
    assert (dicom_object["state"], dicom_object["code"]) == ("commitment_failed", "0x0110")
    assert item["error_code"] == "commitment_failed"
    assert DeliveryState(item["state"]) is DeliveryState.WAITING


def test_a_report_of_another_kind_is_none() -> None:
    with pytest.raises(commitment.InvalidInput):
        commitment._asked_of({"00081195": {"vr": "UI", "Value": ["1.2.3"]}})
