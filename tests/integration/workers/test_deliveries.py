"""What goes out, to real receivers: a webhook, a gateway by STOW-RS, a C-STORE peer."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import combination
import pydicom
import pytest
import servers
from integration.workers.worker_hub import WHO, another, receive
from receivers import QuietHandler
from standardwebhooks import Webhook

from bench.serving import serving
from services.credentials import seal
from services.domain.report import Origin, ReleaseId, Report
from services.domain.work import DestinationKind
from services.index import open_index
from services.index.database.connection import utc_now
from services.index.port import Artefact, Delivery, DeliveryState, Index, NewDestination
from services.index.sql_index import first_destinations
from services.settings import Settings
from services.standalone import ports
from services.storage.s3 import S3Store
from workers.delivery.runner import MAX_ATTEMPTS, DeliveryRunner


class Receiver:
    """A real HTTP server that keeps what it gets; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.status = 204
        self.got: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802
                outer.got.append((self.lower_headers(), self.body()))
                self.send_response(outer.status)
                self.end_headers()

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made.server):
        yield made


class Clock:
    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(tmp_path: Path, clock: Clock) -> Iterator[Index]:
    made = open_index(combination.index_url(tmp_path), clock=clock)
    made.migrate()
    yield made
    made.close()


def waiting(index: Index, kind: str) -> list[Delivery]:
    with index.read() as tx:
        deliveries = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
    return [one for one in deliveries if one.kind == kind]


def state_of(index: Index, delivery_id: str) -> tuple[DeliveryState, int, str]:
    with index.read() as tx:
        delivery = tx.deliveries.get(None, delivery_id)
    return delivery.state, delivery.attempts, delivery.error_code


def settings(tmp_path: Path, **more: object) -> Settings:
    return servers.settings_for(tmp_path, None, None, **more)


def test_webhook_is_delivered_and_the_receivers_library_believes_it(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        hook = tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-hook"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]

    assert runner.deliver(delivery.id) == "done"

    headers, body = receiver.got[0]
    message = Webhook(hook.secret).verify(body, headers)
    assert message["type"] == "study.received"
    assert message["data"]["study_id"]
    assert b"SAMPLE" not in body
    assert runner.deliver(delivery.id) == "gone"
    assert waiting(index, "webhook") == []
    assert state_of(index, delivery.id) == (DeliveryState.DELIVERED, 1, "")


def test_webhook_that_fails_is_sent_again_as_the_same_message(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver, clock: Clock
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-again"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]
    receiver.status = 503

    assert runner.deliver(delivery.id) == "again"
    assert runner.deliver(delivery.id) == "gone", "not due yet"
    assert state_of(index, delivery.id) == (DeliveryState.WAITING, 1, "webhook_failed")
    with index.begin() as tx:
        tx.outbox.done(*(row.id for row in tx.outbox.claim("deliver", 10)))
        clock.ahead += timedelta(seconds=6)
        assert [row.subject for row in tx.outbox.claim("deliver", 10)] == [delivery.id]
    receiver.status = 204
    assert runner.deliver(delivery.id) == "done"

    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


def test_webhook_into_the_own_network_is_given_up_without_a_connection(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url.replace("http", "https"), ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-private"))
    runner = DeliveryRunner(settings(tmp_path), index, object_store)
    delivery = waiting(index, "webhook")[0]

    assert runner.deliver(delivery.id) == "given_up"
    assert receiver.got == []
    assert state_of(index, delivery.id) == (DeliveryState.DEAD, 1, "webhook_refused")
    with index.begin() as tx:
        tx.deliveries.run_again(WHO, delivery.id)
    assert state_of(index, delivery.id) == (DeliveryState.WAITING, 0, "webhook_refused")
    allowed = settings(tmp_path, webhook_allow_private=True)
    assert DeliveryRunner(allowed, index, object_store).deliver(delivery.id) == "again"


def test_what_always_fails_is_given_up_in_the_end(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver, clock: Clock
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-always"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]
    receiver.status = 500
    outcomes = []
    for _ in range(MAX_ATTEMPTS):
        outcomes.append(runner.deliver(delivery.id))
        clock.ahead += timedelta(hours=7)
    assert outcomes == ["again"] * (MAX_ATTEMPTS - 1) + ["given_up"]
    assert state_of(index, delivery.id) == (DeliveryState.DEAD, MAX_ATTEMPTS, "webhook_failed")
    assert runner.deliver(delivery.id) == "gone"


def test_an_attempt_that_lost_its_worker_counts(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver, clock: Clock
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-lost"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]
    for _ in range(MAX_ATTEMPTS):
        with index.begin() as tx:
            assert tx.deliveries.start(delivery.id, 180) is not None
        clock.ahead += timedelta(seconds=181)
    assert runner.deliver(delivery.id) == "given_up"
    assert receiver.got == []
    assert state_of(index, delivery.id)[2] == "worker_lost"


def test_a_webhook_that_was_deleted_leaves_no_delivery(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        hook = tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-deleted"))
    delivery = waiting(index, "webhook")[0]
    with index.begin() as tx:
        tx.webhooks.delete("default", hook.id)
    assert DeliveryRunner(settings(tmp_path), index, object_store).deliver(delivery.id) == "gone"
    with index.read() as tx:
        assert tx.deliveries.find(None) == []


def _reported(
    index: Index, store: S3Store, data: bytes, *named: NewDestination, kinds: tuple[str, ...] = ()
) -> Delivery:
    """A signed study with a result whose DICOM objects are images, which stand for an SR and others."""
    receive(index, store, data)
    artefacts = [_artefact(store, "sr", data)]
    artefacts += [_artefact(store, kind, _as(data, kind)) for kind in kinds]
    return _signed(index, data, artefacts, *named)


def _signed(
    index: Index, data: bytes, artefacts: list[Artefact], *named: NewDestination
) -> Delivery:
    study_uid = str(pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).StudyInstanceUID)
    release = ReleaseId("a", "1.0.0", "0" * 64)
    now = utc_now()
    report = Report(
        study_uid, Origin.REVIEW, release, now, (), reviewed_by="Dr. A", reviewed_at=now
    )
    with index.begin() as tx:
        for new in named:
            tx.destinations.create(WHO, new)
        study = tx.studies.by_uid(WHO.site, study_uid)
        tx.results.add(WHO, study.id, report, artefacts, origin=Origin.REVIEW, based_on=None)
    return waiting(index, "push")[0]


def _of_class(data: bytes, sop_class: str, number: int) -> bytes:
    """The image as an object of another class."""
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
    dataset.SOPClassUID = f"1.2.840.10008.5.1.4.1.1.{sop_class}"
    dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID[:58]}.{number}"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    out = pydicom.filebase.DicomBytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return bytes(out.getvalue())


def _artefact(store: S3Store, kind: str, data: bytes) -> Artefact:
    stored = store.put("default", data, "application/dicom")
    return Artefact(kind, stored.sha256, "application/dicom", stored.size, _uid(data))


def _uid(data: bytes) -> str:
    return str(pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).SOPInstanceUID)


def _as(data: bytes, kind: str) -> bytes:
    """The same pixels as an object of another class, with a UID of its own."""
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
    dataset.SOPClassUID = {"seg": "1.2.840.10008.5.1.4.1.1.66.4"}[kind]
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID[:58]}.{len(kind)}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    out = pydicom.filebase.DicomBytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return bytes(out.getvalue())


def c_store_at(port: int, **more: Any) -> NewDestination:
    return NewDestination("PACS", DestinationKind.C_STORE, f"PACS@127.0.0.1:{port}", **more)


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[int]:
    """A storage provider of dcmtk's; its port."""
    port = ports.free(1)[0]
    folder.mkdir(exist_ok=True)
    command = ["storescp", "-aet", "PACS", *options, "-od", str(folder), str(port)]
    peer = subprocess.Popen(command)
    try:
        until = time.monotonic() + 60
        while ports.is_free(port) and time.monotonic() < until:
            time.sleep(0.05)
        yield port
    finally:
        peer.terminate()
        peer.wait()


def objects_of(index: Index, delivery_id: str) -> list[tuple[str, str, str]]:
    with index.read() as tx:
        delivery = tx.deliveries.get(None, delivery_id)
    return [(one.kind, one.state.value, one.code) for one in delivery.objects]


@pytest.mark.skipif(which("storescp") is None, reason="needs Debian's dcmtk")
def test_result_is_stored_at_a_real_c_store_peer_that_knows_implicit_vr_alone(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    data = another("head-27w.dcm", f"{tmp_path.name}-scp", change=_explicit)
    with storescp(tmp_path / "pacs", "+xi") as port:
        delivery = _reported(index, object_store, data, c_store_at(port))
        runner = DeliveryRunner(settings(tmp_path), index, object_store)
        assert runner.deliver(delivery.id) == "done"
    (stored,) = [pydicom.dcmread(path) for path in (tmp_path / "pacs").iterdir()]
    assert stored.SOPInstanceUID == _uid(data)
    assert stored.file_meta.TransferSyntaxUID == pydicom.uid.ImplicitVRLittleEndian
    assert objects_of(index, delivery.id) == [("sr", "delivered", "")]


def _explicit(dataset: pydicom.Dataset) -> None:
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.decompress()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian


def only_takes(folder: Path, storage_class: str) -> Path:
    """A profile for storescp: one storage class, uncompressed."""
    profile = folder / "storescp.cfg"
    profile.write_text(
        "[[TransferSyntaxes]]\n[Plain]\nTransferSyntax1 = LocalEndianExplicit\n"
        f"[[PresentationContexts]]\n[Taken]\nPresentationContext1 = {storage_class}\\Plain\n"
        "[[Profiles]]\n[Default]\nPresentationContexts = Taken\n"
    )
    return profile


@pytest.mark.skipif(which("storescp") is None, reason="needs Debian's dcmtk")
def test_pacs_that_refuses_seg_gets_the_sr_and_seg_is_seen_and_sent_again(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    profile = only_takes(tmp_path, "UltrasoundImageStorage")
    data = another("head-27w.dcm", f"{tmp_path.name}-noseg", change=_explicit)
    with storescp(tmp_path / "pacs", "-xf", str(profile), "Default") as port:
        delivery = _reported(index, object_store, data, c_store_at(port), kinds=("seg",))
        runner = DeliveryRunner(settings(tmp_path), index, object_store)
        assert runner.deliver(delivery.id) == "given_up"
    assert [_uid(path.read_bytes()) for path in (tmp_path / "pacs").iterdir()] == [_uid(data)]
    assert state_of(index, delivery.id) == (DeliveryState.DEAD, 1, "objects_refused")
    refused = [("sr", "delivered", ""), ("seg", "refused", "class_or_syntax_refused")]
    assert objects_of(index, delivery.id) == refused

    with index.begin() as tx:
        tx.deliveries.run_again(WHO, delivery.id)
    with storescp(tmp_path / "pacs2", "+xa") as port:
        with index.begin() as tx:
            tx.destinations.change(
                WHO, str(delivery.destination_id), address=f"PACS@127.0.0.1:{port}"
            )
        assert runner.deliver(delivery.id) == "done"
    stored_uids = [_uid(path.read_bytes()) for path in (tmp_path / "pacs2").iterdir()]
    assert stored_uids == [_uid(_as(data, "seg"))], "what the PACS has is not sent again"


@pytest.mark.skipif(which("storescp") is None, reason="needs Debian's dcmtk")
def test_each_object_that_a_hub_makes_has_a_state_of_its_own(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    """Two reports name no image, and two segmentations the same one."""
    profile = only_takes(tmp_path, "ComprehensiveSRStorage")
    image = another("head-27w.dcm", f"{tmp_path.name}-own", change=_explicit)
    of_hub = [
        ("sr", _of_class(image, "88.33", 1), ""),
        ("sr_obgyn", _of_class(image, "88.33", 2), ""),
        ("seg", _of_class(image, "66.4", 3), _uid(image)),
        ("seg", _of_class(image, "66.4", 4), _uid(image)),
    ]
    receive(index, object_store, image, *(data for _, data, _ in of_hub))
    artefacts = [
        replace(_artefact(object_store, kind, data), sop_uid=about) for kind, data, about in of_hub
    ]
    with storescp(tmp_path / "pacs", "-xf", str(profile), "Default") as port:
        delivery = _signed(index, image, artefacts, c_store_at(port))
        runner = DeliveryRunner(settings(tmp_path), index, object_store)
        assert runner.deliver(delivery.id) == "given_up"
    with index.read() as tx:
        objects = tx.deliveries.get(None, delivery.id).objects
    assert [(one.sop_uid, one.kind, one.state.value) for one in objects] == [
        (_uid(data), kind, "refused" if kind == "seg" else "delivered") for kind, data, _ in of_hub
    ]


# pynetdicom leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_peer_that_is_away_is_tried_again(
    index: Index, object_store: S3Store, tmp_path: Path, clock: Clock
) -> None:
    away = (
        c_store_at(ports.free(1)[0]),
        NewDestination("STOW", DestinationKind.STOW, f"http://127.0.0.1:{ports.free(1)[0]}"),
        NewDestination("FHIR", DestinationKind.FHIR, f"http://127.0.0.1:{ports.free(1)[0]}/fhir"),
        NewDestination("EMR", DestinationKind.HL7, f"127.0.0.1:{ports.free(1)[0]}"),
    )
    data = another("head-27w.dcm", f"{tmp_path.name}-away")
    _reported(index, object_store, data, *away)
    runner = DeliveryRunner(settings(tmp_path), index, object_store)
    deliveries = waiting(index, "push")
    assert len(deliveries) == len(away)
    for delivery in deliveries:
        assert runner.deliver(delivery.id) == "again"
        assert state_of(index, delivery.id) == (DeliveryState.WAITING, 1, "push_failed")


def test_result_is_stored_at_a_real_dicomweb_server(
    index: Index,
    object_store: S3Store,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
    tmp_path: Path,
) -> None:
    import hub as hubs

    data = another("head-27w.dcm", f"{tmp_path.name}-stow")
    (tmp_path / "pacs").mkdir()
    with hubs.running(tmp_path / "pacs", valkey, seaweed) as pacs:
        given = settings(tmp_path)
        named = NewDestination(
            "PACS",
            DestinationKind.STOW,
            f"{pacs.url}/dicomweb",
            {"sign_in": "bearer"},
            seal(given, {"token": pacs.key("a")}),
        )
        delivery = _reported(index, object_store, data, named)
        assert DeliveryRunner(given, index, object_store).deliver(delivery.id) == "done"
        with pacs.client("a") as client:
            instances = client.get("/dicomweb/instances").json()
    assert [one["00080018"]["Value"][0] for one in instances] == [
        str(pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).SOPInstanceUID)
    ]


def test_the_settings_pacs_becomes_the_first_destination_of_the_named_site(tmp_path: Path) -> None:
    more = {"push_stow_url": "https://x", "push_dimse": "PACS@x:104", "push_site": "b"}
    assert first_destinations(settings(tmp_path), "a") == ()
    assert first_destinations(settings(tmp_path, **more), "a") == ()
    named = first_destinations(settings(tmp_path, **more), "b")
    assert [(one.kind, one.address) for one in named] == [
        (DestinationKind.STOW, "https://x"),
        (DestinationKind.C_STORE, "PACS@x:104"),
    ]


def test_without_a_pacs_a_result_makes_no_delivery(object_store: S3Store, tmp_path: Path) -> None:
    index = open_index(f"sqlite:///{tmp_path}/none.db")
    index.migrate()
    with pytest.raises(IndexError):
        _reported(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-none"))
    with index.read() as tx:
        assert len(tx.results.versions("default", tx.jobs.find("default")[0].study_id)) == 1
        assert tx.deliveries.find(None) == []
        assert tx.outbox.pending("deliver") == 0
    index.close()


def test_outbox_holds_ids_alone(index: Index, object_store: S3Store, tmp_path: Path) -> None:
    data = another("head-27w.dcm", f"{tmp_path.name}-ids")
    delivery = _reported(index, object_store, data, c_store_at(104))
    with index.begin() as tx:
        payloads = [row.payload for row in tx.outbox.claim("deliver", 10)]
    assert payloads == [{"delivery_id": delivery.id}]
