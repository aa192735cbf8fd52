"""The C-STORE gateway, with dcmtk's storescu and echoscu, and with peers that misbehave (case 36)."""

from __future__ import annotations

import io
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from integration.dicom.open_gateway import SAMPLES, OpenGateway
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
from pynetdicom.association import Association

from gateway.dimse.server import DicomServer
from gateway.ingest.spool_room import SpoolRoom
from gateway.uploads.partial_upload import UploadFiles
from services.dicom.network.scp import AssociationBounds, Provider
from services.dicom.network.scu import BROKEN_OFF, Peer, StoreAnswer, StoreFailed, c_store
from services.domain.errors import InvalidInput
from services.domain.study import IngestSource, Principal, Role
from services.index.port import StudyQuery
from services.publish.access import tls_context

needs_dcmtk = pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is not installed")


@pytest.fixture(scope="module")
def machine(gateway: OpenGateway) -> Iterator[DicomServer]:
    settings = gateway.services.settings.model_copy(
        update={"dimse_site": "clinic", "dimse_peers": "SCANNER,FADA", "stall_seconds": 1.0}
    )
    made = DicomServer(gateway.services, settings, port=0)
    yield made
    made.close()


def storescu(
    machine: DicomServer, *files: Path, aet: str = "SCANNER"
) -> subprocess.CompletedProcess:
    command = ["storescu", "-v", "-xs", "-R", "-aet", aet, "-aec", "FADA", "127.0.0.1"]
    return subprocess.run(
        [*command, str(machine.port), *map(str, files)], capture_output=True, text=True
    )


def native(path: Path, tmp_path: Path) -> Path:
    """As a machine would send it: uncompressed."""
    dataset = pydicom.dcmread(path)
    dataset.decompress(generate_instance_uid=False)
    target = tmp_path / path.name
    dataset.save_as(target)
    return target


@needs_dcmtk
def test_echo(machine: DicomServer) -> None:
    command = ["echoscu", "-aet", "SCANNER", "-aec", "FADA", "127.0.0.1", str(machine.port)]
    assert subprocess.run(command).returncode == 0


@needs_dcmtk
def test_stored_twice_is_stored_once_and_other_bytes_fail(
    machine: DicomServer, gateway: OpenGateway, tmp_path: Path
) -> None:
    file = native(SAMPLES / "three-heads" / "1.dcm", tmp_path)
    for _ in range(2):
        done = subprocess.run(
            ["storescu", "-v", "-aet", "SCANNER", "-aec", "FADA", "127.0.0.1", str(machine.port),
             str(file)], capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    with gateway.services.index.read() as tx:
        (study,) = tx.studies.find("clinic", StudyQuery())
        assert (study.instances, study.source) == (1, IngestSource.DIMSE)
        assert len(tx.jobs.find("clinic", study_id=study.id)) == 1
    other = pydicom.dcmread(file)
    other.PatientID = "OTHER"
    other.save_as(file)
    done = subprocess.run(
        ["storescu", "-d", "-aet", "SCANNER", "-aec", "FADA", "127.0.0.1", str(machine.port),
         str(file)], capture_output=True, text=True)  # fmt: skip
    assert "c211" in (done.stdout + done.stderr).lower()
    with gateway.services.index.read() as tx:
        assert tx.studies.find("clinic", StudyQuery(match={"PatientID": "OTHER"})) == []


@needs_dcmtk
def test_a_stranger_may_not_store(machine: DicomServer) -> None:
    done = storescu(machine, SAMPLES / "head-27w.dcm", aet="STRANGER")
    assert done.returncode != 0
    assert "not recognized" in (done.stdout + done.stderr).lower()


def test_a_machine_shares_the_room_of_its_title_with_every_other_door(
    gateway: OpenGateway,
) -> None:
    settings = gateway.services.settings.model_copy(
        update={"dimse_site": "crowded", "dimse_peers": "US9", "upload_device_bytes": 100_000}
    )
    room = SpoolRoom(
        gateway.services.index,
        gateway.services.spool,
        settings,
        UploadFiles(gateway.services.spool.folder),
    )
    made = DicomServer(replace(gateway.services, spool_room=room), settings, port=0)
    who = Principal("dimse:US9", "crowded", Role.DEVICE)
    peer, image = Peer.parse(f"FADA@127.0.0.1:{made.port}"), SAMPLES / "head-27w.dcm"
    try:
        room.take(who, 90_000)
        assert list(c_store(peer, [image.read_bytes()], "US9")) == [BROKEN_OFF]
        room.give_back(who, 90_000)
        assert list(c_store(peer, [image.read_bytes()], "US9")) == [StoreAnswer()]
        while room.is_held(who):  # until the association is closed; the test's own limit ends it
            time.sleep(0.02)
    finally:
        made.close()
        room.close()


def test_objects_go_to_another_store_by_c_store(machine: DicomServer, gateway: OpenGateway) -> None:
    """Our own user against our own provider: the wire between them is real."""
    peer = Peer.parse(f"FADA@127.0.0.1:{machine.port}")
    assert list(c_store(peer, [(SAMPLES / "head-27w.dcm").read_bytes()], "SCANNER")) == [
        StoreAnswer()
    ]
    with gateway.services.index.read() as tx:
        assert tx.studies.find("clinic", StudyQuery(match={"PatientName": "SAMPLE^THREE"}))
    with pytest.raises(StoreFailed):
        list(c_store(peer, [(SAMPLES / "head-27w.dcm").read_bytes()], "STRANGER"))
    broken = pydicom.dcmread(SAMPLES / "head-35w.dcm")
    broken.Rows = 7
    out = io.BytesIO()
    broken.save_as(out)
    assert list(c_store(peer, [out.getvalue()], "SCANNER")) == [StoreAnswer("0xC000")]


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (("1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.1"), "1.2.840.10008.1.2.1"),
        (("1.2.840.10008.1.2", "1.2.840.10008.1.2.4.70"), "1.2.840.10008.1.2.4.70"),
        (("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2"), "1.2.840.10008.1.2"),
        (("1.2.840.10008.1.2.4.50",), "1.2.840.10008.1.2.4.50"),
    ],
)  # fmt: skip
def test_of_the_syntaxes_offered_the_best_is_taken(
    machine: DicomServer, offered: tuple[str, ...], taken: str
) -> None:
    entity = AE("SCANNER")
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.6.1", list(offered))
    association = entity.associate("127.0.0.1", machine.port, ae_title="FADA")
    assert [one.transfer_syntax for one in association.accepted_contexts] == [[taken]]
    association.release()


def test_an_object_at_which_a_pacs_breaks_off_holds_up_no_other() -> None:
    objects = [(SAMPLES / f"{name}.dcm").read_bytes() for name in ("head-27w", "head-35w")]
    first = str(pydicom.dcmread(SAMPLES / "head-27w.dcm").SOPInstanceUID)
    got: list[str] = []

    def store(event: evt.Event) -> int:
        uid = str(event.dataset.SOPInstanceUID)
        if uid == first:
            event.assoc.abort()
        got.append(uid)
        return 0x0000

    entity = AE("PACS")
    entity.add_supported_context("1.2.840.10008.5.1.4.1.1.6.1", ALL_TRANSFER_SYNTAXES)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)]
    )
    assert server is not None
    try:
        peer = Peer.parse(f"PACS@127.0.0.1:{server.server_address[1]}")
        taken = list(c_store(peer, objects, "FADA"))
    finally:
        server.shutdown()
    assert taken == [StoreAnswer("connection_closed", again=True), StoreAnswer()]
    assert len(got) == 2


def test_one_address_cannot_take_all_connections(gateway: OpenGateway, tmp_path: Path) -> None:
    idle: list[socket.socket] = []
    settings = gateway.services.settings.model_copy(
        update={"dimse_peers": "SCANNER", "dimse_site": "clinic", "dimse_max_associations": 12}
    )
    crowded = DicomServer(gateway.services, settings, port=0)
    try:
        for _ in range(60):
            idle.append(socket.create_connection(("127.0.0.1", crowded.port)))
        association = AE("SCANNER")
        association.add_requested_context("1.2.840.10008.1.1")
        until, honest = time.monotonic() + 120, None
        while honest is None or not honest.is_established:  # while the surplus is being shut out
            assert time.monotonic() < until
            honest = association.associate(
                "127.0.0.1", crowded.port, ae_title="FADA", bind_address=("127.0.0.2", 0)
            )
        assert honest.send_c_echo().Status == 0x0000
        honest.release()
    finally:
        for one in idle:
            one.close()
        crowded.close()


def test_a_burst_of_connections_is_counted_as_it_comes(tmp_path: Path) -> None:
    """Before any of their threads has begun, and anew once they have gone."""
    bounds = AssociationBounds("FADA", (), 16384, 100, 2**20, stall_seconds=30.0, per_address=3)
    listening = Provider(("127.0.0.1", 0), bounds, tmp_path, lambda _path, _caller: 0)
    start = threading.Barrier(40)

    def connect(_number: int) -> socket.socket:
        start.wait(30)
        return socket.create_connection(("127.0.0.1", listening.port))

    try:
        for _ in range(2):
            with ThreadPoolExecutor(40) as pool:
                burst = list(pool.map(connect, range(40)))
            until, left = time.monotonic() + 8, burst  # after 10 s those without a request end, too
            while len(left) > 3:
                assert time.monotonic() < until, len(left)
                left = [one for one in left if not _closed(one, within=0.02)]
            assert len(left) == 3
            for one in burst:
                one.close()
            until = time.monotonic() + 20
            while listening._open:
                assert time.monotonic() < until, "places are given back"
                time.sleep(0.05)
    finally:
        listening.close()


def test_networks_that_are_not_listed_are_shut_out(gateway: OpenGateway) -> None:
    settings = gateway.services.settings.model_copy(
        update={"dimse_peers": "SCANNER", "dimse_networks": "127.0.0.2/32, 10.0.0.0/8"}
    )
    listening = DicomServer(gateway.services, settings, port=0)
    entity = AE("SCANNER")
    entity.add_requested_context("1.2.840.10008.1.1")
    try:
        with socket.create_connection(("127.0.0.1", listening.port)) as stranger:
            assert _closed(stranger, within=5)
        listed = entity.associate(
            "127.0.0.1", listening.port, ae_title="FADA", bind_address=("127.0.0.2", 0)
        )
        assert listed.is_established
        listed.release()
    finally:
        listening.close()
    wrong = settings.model_copy(update={"dimse_networks": "everywhere"})
    with pytest.raises(InvalidInput):
        DicomServer(gateway.services, wrong, port=0)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_machine_with_a_certificate_stores_by_tls_and_others_do_not(
    gateway: OpenGateway, tmp_path: Path
) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
         "key.pem", "-out", "own.pem"], cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    both = tmp_path / "both.pem"
    both.write_text((tmp_path / "own.pem").read_text() + (tmp_path / "key.pem").read_text())
    settings = gateway.services.settings.model_copy(
        update={
            "dimse_peers": "SCANNER",
            "dimse_site": "clinic",
            "dimse_tls_certificate": str(both),
            "dimse_tls_ca": str(tmp_path / "own.pem"),
        }
    )
    secure = DicomServer(gateway.services, settings, port=0)
    try:
        ca = (tmp_path / "own.pem").read_text()
        known = tls_context({"ca": ca}, {"certificate": both.read_text()})
        unknown = tls_context({"ca": ca}, {})
        data = [(SAMPLES / "head-27w.dcm").read_bytes()]
        address = f"FADA@127.0.0.1:{secure.port}"
        assert list(c_store(Peer.parse(address, known), data, "SCANNER")) == [StoreAnswer()]
        for stranger in (None, unknown):
            with pytest.raises(StoreFailed):
                list(c_store(Peer.parse(address, stranger), data, "SCANNER", seconds=8))
    finally:
        secure.close()


def _closed(connection: socket.socket, within: float) -> bool:
    """Whether the other side ends the connection."""
    connection.settimeout(within)
    try:
        while connection.recv(4096):
            continue
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_a_giant_pdu_ends_the_connection(machine: DicomServer) -> None:
    with socket.create_connection(("127.0.0.1", machine.port)) as connection:
        connection.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFF0) + b"\0" * 4096)
        assert _closed(connection, 15)


def test_half_a_pdu_does_not_hold_a_place(machine: DicomServer) -> None:
    with socket.create_connection(("127.0.0.1", machine.port)) as connection:
        connection.sendall(struct.pack(">BBL", 1, 0, 200) + b"\0" * 20)
        assert _closed(connection, 15)


@pytest.fixture
def small_door(tmp_path: Path) -> Iterator[Provider]:
    """Two associations at most, one second of idleness, objects of 100 KB."""
    bounds = AssociationBounds("FADA", (), 16384, 2, 100_000, stall_seconds=1.0, idle_seconds=1.0)
    made = Provider(("127.0.0.1", 0), bounds, tmp_path / "spool", lambda path, caller: 0)
    yield made
    made.close()


def associate(provider: Provider) -> Association:
    entity = AE("SCANNER")
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.1.2.1")
    return entity.associate("127.0.0.1", provider.port, ae_title="FADA")


def test_associations_are_counted_and_idle_ones_end(small_door: Provider) -> None:
    first, second, third = (associate(small_door) for _ in range(3))
    assert [first.is_established, second.is_established, third.is_established] == [
        True,
        True,
        False,
    ]
    assert third.is_rejected
    deadline = time.monotonic() + 120
    while (first.is_established or second.is_established) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not first.is_established
    assert not second.is_established


def test_an_object_without_an_end_ends_the_connection(small_door: Provider, tmp_path: Path) -> None:
    association = associate(small_door)
    dataset = pydicom.dcmread(native(SAMPLES / "head-27w.dcm", tmp_path))
    assert len(dataset.PixelData) > 100_000
    answer = association.send_c_store(dataset)
    assert "Status" not in answer
    association.abort()


@needs_dcmtk
def test_the_door_still_works_afterwards(machine: DicomServer, tmp_path: Path) -> None:
    deadline = time.monotonic() + 120
    file = native(SAMPLES / "head-14w.dcm", tmp_path)
    done = None
    while time.monotonic() < deadline:
        done = subprocess.run(
            ["storescu", "-aet", "SCANNER", "-aec", "FADA", "127.0.0.1", str(machine.port),
             str(file)], capture_output=True, text=True)  # fmt: skip
        if done.returncode == 0:
            break
    assert done is not None
    assert done.returncode == 0, done.stderr
