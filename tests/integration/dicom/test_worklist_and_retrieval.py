"""Worklist, procedure steps, query and retrieval, asked by dcmtk's findscu, getscu and movescu."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pydicom
import pytest
from integration.dicom.open_gateway import SAMPLES, OpenGateway
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE

from gateway.dimse.server import DicomServer
from services.dicom.network.scp import FIND, STEP, WORKLIST
from services.dicom.network.scu import Peer, StoreAnswer, c_store
from services.domain.orders.order import NewOrder, OrderSource, OrderState
from services.domain.patient import Identity
from services.domain.study import Principal, Role
from services.domain.work import DestinationKind
from services.index.port import NewDestination
from services.standalone import ports

pytestmark = pytest.mark.skipif(shutil.which("getscu") is None, reason="dcmtk is not installed")
WHO = Principal("key:tests", "ward", Role.ADMIN)
PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")


@pytest.fixture(scope="module")
def server(gateway: OpenGateway) -> Iterator[DicomServer]:
    settings = gateway.services.settings.model_copy(
        update={
            "dimse_site": "elsewhere",
            "dimse_sites": {"US1": "ward", "US2": "ward", "VIEWER": "ward", "US3": "waiting"},
            "dimse_peers": "US1,US2,US3,FAR",
            "dimse_query_peers": "VIEWER,FARVIEW",
        }
    )
    made = DicomServer(gateway.services, settings, port=0)
    peer = Peer.parse(f"FADA@127.0.0.1:{made.port}")
    files = [SAMPLES / "head-27w.dcm", SAMPLES / "three-heads" / "1.dcm"]
    assert list(c_store(peer, [one.read_bytes() for one in files], "US1")) == [StoreAnswer()] * 2
    yield made
    made.close()


def dcmtk(program: str, server: DicomServer, caller: str, *more: str) -> str:
    command = [program, "-v", "-aet", caller, "-aec", "FADA", *more]
    done = subprocess.run(
        [*command, "127.0.0.1", str(server.port)], capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


def answers(folder: Path, program: list[str], server: DicomServer, caller: str) -> list[Dataset]:
    """What findscu received, as files."""
    folder.mkdir()
    dcmtk(program[0], server, caller, *program[1:], "-X", "-od", str(folder))
    return [pydicom.dcmread(one, force=True) for one in sorted(folder.iterdir())]


def worklist(tmp_path: Path, server: DicomServer, caller: str, *keys: str) -> list[Dataset]:
    asked = [
        "PatientName",
        "PatientID",
        "AccessionNumber",
        "StudyInstanceUID",
        "EncapsulatedDocument",
    ]
    step = "ScheduledProcedureStepSequence[0]"
    inside = [f"{step}.{name}" for name in ("Modality", "ScheduledStationAETitle",
              "ScheduledProcedureStepStartDate", "ScheduledProcedureStepID")]  # fmt: skip
    options = [part for key in (*asked, *inside, *keys) for part in ("-k", key)]
    folder = tmp_path / f"answers-{len(list(tmp_path.iterdir()))}"
    return answers(folder, ["findscu", "-W", *options], server, caller)


@pytest.fixture(scope="module")
def orders(gateway: OpenGateway, today: date) -> dict[str, str]:
    """Accession number → id: one of US1, one of any machine, one of US2, one of tomorrow, elsewhere."""
    made = {}
    for site, accession, station, day in (
        ("ward", "W1", "US1", today), ("ward", "W2", "", today), ("ward", "W3", "US2", today),
        ("ward", "W4", "US1", today.replace(year=today.year + 1)), ("elsewhere", "E1", "", today),
    ):  # fmt: skip
        who = Principal("key:tests", site, Role.ADMIN)
        identity = Identity(f"P-{accession}", "Müller^Ida", "1990-02-01")
        new = NewOrder(identity, day.isoformat(), OrderSource.TYPED, accession, station=station)
        with gateway.services.index.begin() as tx:
            made[accession] = tx.orders.place(who, new)[0].id
    return made


def test_each_machine_has_its_own_list_of_today(
    server: DicomServer, orders: dict[str, str], tmp_path: Path, today: date
) -> None:
    entries = worklist(tmp_path, server, "US1")
    assert [one.AccessionNumber for one in entries] == ["W1", "W2"]
    first = entries[0]
    assert (first.PatientID, str(first.PatientName)) == ("P-W1", "Müller^Ida")
    assert first.StudyInstanceUID.startswith("2.25.")
    (step,) = first.ScheduledProcedureStepSequence
    assert (step.Modality, step.ScheduledStationAETitle) == ("US", "US1")
    assert step.ScheduledProcedureStepStartDate == f"{today:%Y%m%d}"
    assert [one.AccessionNumber for one in worklist(tmp_path, server, "US2")] == ["W2", "W3"]
    assert [one.AccessionNumber for one in worklist(tmp_path, server, "FAR")] == ["E1"]
    day = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate"
    later = worklist(tmp_path, server, "US1", f"{day}={today:%Y%m%d}-")
    assert [one.AccessionNumber for one in later] == ["W1", "W2", "W4"]
    named = worklist(tmp_path, server, "US1", "PatientID=P-W2")
    assert [one.AccessionNumber for one in named] == ["W2"]
    other = "ScheduledProcedureStepSequence[0].Modality=CT"
    assert worklist(tmp_path, server, "US1", other) == []
    assert worklist(tmp_path, server, "VIEWER") == [], "it may query, and is no machine"
    assert worklist(tmp_path, server, "NOBODY") == []


def test_a_procedure_step_moves_its_order(
    gateway: OpenGateway, server: DicomServer, orders: dict[str, str]
) -> None:
    entity = AE("US1")
    entity.add_requested_context(STEP)
    entity.add_requested_context(WORKLIST)
    association = entity.associate("127.0.0.1", server.port, ae_title="FADA")
    begun = Dataset()
    begun.PerformedProcedureStepStatus = "IN PROGRESS"
    scheduled = Dataset()
    scheduled.AccessionNumber = "W1"
    begun.ScheduledStepAttributesSequence = [scheduled]

    def state() -> OrderState:
        with gateway.services.index.read() as tx:
            return tx.orders.get("ward", orders["W1"]).state

    try:
        assert association.send_n_create(begun, STEP, "1.2.3.77")[0].Status == 0
        assert state() is OrderState.IN_PROGRESS
        assert association.send_n_create(begun, STEP, "1.2.3.77")[0].Status == 0x0111
        ended = Dataset()
        ended.PerformedProcedureStepStatus = "COMPLETED"
        assert association.send_n_set(ended, STEP, "1.2.3.99")[0].Status == 0x0112
        assert association.send_n_set(ended, STEP, "1.2.3.77")[0].Status == 0
        assert state() is OrderState.COMPLETED
        assert association.send_n_set(ended, STEP, "1.2.3.77")[0].Status == 0x0110
        query = Dataset()
        query.AccessionNumber = "W1"
        assert [one.Status for one, _ in association.send_c_find(query, WORKLIST)] == [0]
    finally:
        association.release()


def test_a_completed_step_ends_the_wait_for_images(
    gateway: OpenGateway, server: DicomServer, tmp_path: Path
) -> None:
    """Two images by dcmtk's storescu; the step, by pynetdicom, is completed between them and names both."""
    study, series, images = generate_uid(), generate_uid(), [generate_uid(), generate_uid()]
    files = []
    for uid in images:
        made = pydicom.dcmread(SAMPLES / "head-27w.dcm")
        made.StudyInstanceUID, made.SeriesInstanceUID = study, series
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid
        made.save_as(tmp_path / f"{uid}.dcm")
        files.append(str(tmp_path / f"{uid}.dcm"))

    def store(file: str) -> bool:
        """Whether the study still waits for images after this one."""
        command = [
            "storescu",
            "-xy",
            "-aet",
            "US3",
            "-aec",
            "FADA",
            "127.0.0.1",
            str(server.port),
            file,
        ]
        subprocess.run(command, check=True, timeout=60, env=os.environ)
        return waits()

    def waits() -> bool:
        with gateway.services.index.read() as tx:
            (job,) = tx.jobs.find("waiting")
        return job.due_at is not None and job.due_at > datetime.now(job.due_at.tzinfo)

    entity = AE("US3")
    entity.add_requested_context(STEP)
    association = entity.associate("127.0.0.1", server.port, ae_title="FADA")
    begun, scheduled, step = Dataset(), Dataset(), generate_uid()
    scheduled.StudyInstanceUID = study
    begun.PerformedProcedureStepStatus = "IN PROGRESS"
    begun.ScheduledStepAttributesSequence = [scheduled]
    ended, performed = Dataset(), Dataset()
    ended.PerformedProcedureStepStatus = "COMPLETED"
    performed.SeriesInstanceUID = series
    performed.ReferencedImageSequence = [Dataset() for _ in images]
    for reference, uid in zip(performed.ReferencedImageSequence, images, strict=True):
        reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
        reference.ReferencedSOPInstanceUID = uid
    ended.PerformedSeriesSequence = [performed]
    try:
        assert association.send_n_create(begun, STEP, step)[0].Status == 0
        assert store(files[0])
        assert association.send_n_set(ended, STEP, step)[0].Status == 0
        assert waits(), "one that it names has not come"
        assert not store(files[1]), "all are here"
    finally:
        association.release()


def query(server: DicomServer, tmp_path: Path, caller: str, root: str, *keys: str) -> list[Dataset]:
    options = [part for key in keys for part in ("-k", key)]
    folder = tmp_path / f"found-{len(list(tmp_path.iterdir()))}"
    return answers(folder, ["findscu", root, *options], server, caller)


def test_patients_studies_series_and_images_are_found(server: DicomServer, tmp_path: Path) -> None:
    studies = query(
        server, tmp_path, "VIEWER", "-S", "QueryRetrieveLevel=STUDY", "PatientName=SAMPLE*",
        "PatientID", "StudyInstanceUID", "NumberOfStudyRelatedInstances", "StudyDate=20000101-",
    )  # fmt: skip
    assert studies
    one = studies[0]
    assert one.RetrieveAETitle == "FADA"
    series = query(server, tmp_path, "VIEWER", "-S", "QueryRetrieveLevel=SERIES",
                   f"StudyInstanceUID={one.StudyInstanceUID}", "Modality", "SeriesInstanceUID")  # fmt: skip
    images = query(server, tmp_path, "VIEWER", "-P", "QueryRetrieveLevel=IMAGE",
                   f"StudyInstanceUID={one.StudyInstanceUID}", "SOPInstanceUID", "Rows",
                   f"SeriesInstanceUID={series[0].SeriesInstanceUID}")  # fmt: skip
    assert images[0].Rows > 0
    women = query(server, tmp_path, "VIEWER", "-P", "QueryRetrieveLevel=PATIENT", "PatientID=*")
    assert {w.PatientID for w in women} >= {s.PatientID for s in studies}
    for caller in ("US1", "FARVIEW", "NOBODY"):  # may store, of another site, unknown
        keys = ("QueryRetrieveLevel=STUDY", "StudyInstanceUID")
        assert query(server, tmp_path, caller, "-S", *keys) == []


def test_a_study_is_retrieved_as_it_is_stored_or_converted(
    server: DicomServer, tmp_path: Path
) -> None:
    stored = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={stored.StudyInstanceUID}"]
    plain, compressed = tmp_path / "plain", tmp_path / "compressed"
    for folder in (plain, compressed):
        folder.mkdir()
    said = dcmtk("getscu", server, "VIEWER", "-S", "-od", str(plain), *keys)
    (file,) = plain.iterdir()
    got = pydicom.dcmread(file)
    assert got.file_meta.TransferSyntaxUID in PLAIN, said
    assert (got.pixel_array == stored.pixel_array).all()
    dcmtk("getscu", server, "VIEWER", "-S", "+xs", "-od", str(compressed), *keys)
    for file in compressed.iterdir():
        assert pydicom.dcmread(file).SOPInstanceUID == stored.SOPInstanceUID
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    dcmtk("getscu", server, "US1", "-S", "-od", str(nothing), *keys)
    assert list(nothing.iterdir()) == []


def test_what_was_asked_by_dimse_stands_in_the_trail(
    gateway: OpenGateway, server: DicomServer, orders: dict[str, str], tmp_path: Path
) -> None:
    """Who, of which kind, how many, and which study; nothing of the question or of a patient."""
    stored = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    keys = ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={stored.StudyInstanceUID}")
    assert worklist(tmp_path, server, "US1", "PatientID=P-W2")
    (match,) = query(server, tmp_path, "VIEWER", "-S", *keys, "PatientName=SAMPLE*")
    moved = tmp_path / "moved"
    moved.mkdir()
    dcmtk("getscu", server, "VIEWER", "-S", "-od", str(moved), "-k", keys[0], "-k", keys[1])
    server._answers._notes.close()
    with gateway.services.index.read() as tx:
        trail = [e for e in tx.audit.find("ward") if e.actor in ("dimse:US1", "dimse:VIEWER")]
        study = tx.studies.by_uid("ward", stored.StudyInstanceUID).id
    noted = {e.action: e for e in trail}
    assert noted["orders.searched"].detail["given"] >= 1
    assert noted["studies.searched"].detail["route"] == "C-FIND"
    assert study in [e.subject for e in trail if e.action == "study.read"]
    words = str(trail)
    for secret in (str(match.PatientName), "P-W2", "SAMPLE"):
        assert secret not in words


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    port, folder = ports.free(1)[0], tmp_path / "moved"
    folder.mkdir()
    process = subprocess.Popen(
        ["storescp", "-aet", "PACS", "--fork", "+xa", "-od", str(folder), str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip
    until = time.monotonic() + 60
    while ports.is_free(port) and time.monotonic() < until:
        time.sleep(0.05)
    yield port, folder
    process.terminate()
    process.wait(60)


def test_a_study_moves_to_configured_destinations_alone(
    gateway: OpenGateway, server: DicomServer, receiver: tuple[int, Path]
) -> None:
    port, folder = receiver
    new = NewDestination(
        "PACS", DestinationKind.C_STORE, f"PACS@127.0.0.1:{port}", by_default=False
    )
    with gateway.services.index.begin() as tx:
        tx.destinations.create(WHO, new)
    stored = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={stored.StudyInstanceUID}"]
    said = dcmtk("movescu", server, "VIEWER", "-S", "-aem", "THIEF", *keys)
    assert "MoveDestinationUnknown" in said
    said = dcmtk("movescu", server, "FARVIEW", "-S", "-aem", "PACS", *keys)
    assert list(folder.iterdir()) == [], said
    said = dcmtk("movescu", server, "VIEWER", "-S", "-aem", "PACS", *keys)
    (file,) = folder.iterdir()
    got = pydicom.dcmread(file)
    assert got.file_meta.TransferSyntaxUID == stored.file_meta.TransferSyntaxUID, said
    assert got.PixelData == stored.PixelData


def test_a_giant_query_is_refused(server: DicomServer) -> None:
    entity = AE("VIEWER")
    entity.add_requested_context(FIND[1])
    association = entity.associate("127.0.0.1", server.port, ae_title="FADA")
    large = Dataset()
    large.QueryRetrieveLevel = "STUDY"
    large.PatientComments = "x" * (70 * 1024)
    assert [one.Status for one, _ in association.send_c_find(large, FIND[1])] == [0xA900]
    large.PatientComments = "x" * (3 << 20)
    statuses = [one for one, _ in association.send_c_find(large, FIND[1])]
    assert all("Status" not in one for one in statuses)
    association.abort()
