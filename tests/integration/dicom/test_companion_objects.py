"""Key objects, presentation states and encapsulated PDF: kept, given back, never read; and captures."""

from __future__ import annotations

import io
from collections.abc import Iterator

import httpx
import pydicom
import pytest
from integration.dicom.open_gateway import SAMPLES, OpenGateway
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from gateway.dimse.server import DicomServer
from services.dicom.network.scu import Peer, StoreAnswer, c_store
from services.domain.study import Principal, Role

SITE = "companions"
CLASSES = {
    "KO": "1.2.840.10008.5.1.4.1.1.88.59",
    "PR": "1.2.840.10008.5.1.4.1.1.11.1",
    "DOC": "1.2.840.10008.5.1.4.1.1.104.1",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
}
PDF = b"%PDF-1.4\n% a document of a test\n%%EOF\n"


def companion(kind: str, number: int, study: str = "2.25.41001") -> bytes:
    """A small object of the kind, by hand: nobody here writes them."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CLASSES[kind], f"{study}.{number}.1"
    made.StudyInstanceUID, made.SeriesInstanceUID = study, f"{study}.{number}"
    made.PatientID, made.PatientName, made.Modality = "COMPANION", "Companion^Test", kind
    {"KO": _key_object, "PR": _presentation_state, "DOC": _document, "OT": _capture}[kind](made)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _key_object(made: Dataset) -> None:
    title, item = Dataset(), Dataset()
    title.CodeValue, title.CodingSchemeDesignator = "113000", "DCM"
    title.CodeMeaning = "Of Interest"
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [_reference()]
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence, made.ContentSequence = [title], [item]


def _presentation_state(made: Dataset) -> None:
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [1, 1], [64, 64]
    area.PresentationSizeMode = "SCALE TO FIT"
    made.DisplayedAreaSelectionSequence = [area]
    made.ContentLabel, made.PresentationLUTShape = "STATE", "IDENTITY"


def _document(made: Dataset) -> None:
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = PDF + b"\0" * (len(PDF) % 2)


def _capture(made: Dataset) -> None:
    made.Rows, made.Columns, made.SamplesPerPixel = 48, 64, 1
    made.PhotometricInterpretation, made.PixelRepresentation = "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.ConversionType, made.PixelData = "WSD", bytes(range(256)) * 12


def _reference() -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
    item.ReferencedSOPInstanceUID = "2.25.41001.9"
    return item


@pytest.fixture(scope="module")
def client(gateway: OpenGateway) -> Iterator[httpx.Client]:
    with gateway.services.index.begin() as tx:
        _, key = tx.keys.create(SITE, Role.SONOGRAPHER, "tests")
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=gateway.url, headers=headers, timeout=60) as made:
        yield made


def stow(client: httpx.Client, *objects: bytes) -> httpx.Response:
    parts = [b"--b\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n" for one in objects]
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    body = b"".join(parts) + b"--b--\r\n"
    return client.post("/dicomweb/studies", content=body, headers={"Content-Type": kind})


def test_they_are_stored_found_and_given_back(gateway: OpenGateway, client: httpx.Client) -> None:
    sent = {kind: companion(kind, n) for n, kind in enumerate(CLASSES) if kind != "OT"}
    answer = stow(client, *sent.values())
    assert answer.status_code == 200, answer.text
    query = {"StudyInstanceUID": "2.25.41001"}
    series = client.get("/dicomweb/series", params=query).json()
    assert {one["00080060"]["Value"][0] for one in series} == set(sent)
    for number, (kind, data) in enumerate(sent.items()):
        path = f"/dicomweb/studies/2.25.41001/series/2.25.41001.{number}/instances/2.25.41001.{number}.1"
        (metadata,) = client.get(f"{path}/metadata").json()
        assert metadata["00080016"]["Value"] == [CLASSES[kind]]
        whole = client.get(path, headers={"Accept": "application/dicom"})
        assert whole.content == data
    with gateway.services.index.read() as tx:
        study = tx.studies.by_uid(SITE, "2.25.41001")
        assert tx.jobs.find(SITE, study_id=study.id) == [], "nothing of it is for the model"
        rows = tx.studies.instances(SITE, study_uid="2.25.41001")
    assert {row.frames for row in rows} == {0}


def test_a_machine_stores_them(gateway: OpenGateway) -> None:
    settings = gateway.services.settings.model_copy(update={"dimse_site": SITE, "dimse_peers": ""})
    server = DicomServer(gateway.services, settings, port=0)
    try:
        objects = [companion(kind, n, "2.25.41002") for n, kind in enumerate(CLASSES)]
        answers = list(c_store(Peer.parse(f"FADA@127.0.0.1:{server.port}"), objects, "US1"))
    finally:
        server.close()
    assert answers == [StoreAnswer()] * len(CLASSES)


def test_beside_images_only_they_are_read(gateway: OpenGateway, client: httpx.Client) -> None:
    image = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    image.StudyInstanceUID, image.SeriesInstanceUID = "2.25.41003", "2.25.41003.7"
    image.SOPInstanceUID = pydicom.uid.UID("2.25.41003.7.1")
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    out = io.BytesIO()
    image.save_as(out, enforce_file_format=True)
    answer = stow(
        client, out.getvalue(), companion("OT", 1, "2.25.41003"), companion("KO", 2, "2.25.41003")
    )
    assert answer.status_code == 200, answer.text
    who = Principal("key:tests", SITE, Role.READER)
    with gateway.services.index.read() as tx:
        rows = tx.studies.instances(who.site, study_uid="2.25.41003")
        study = tx.studies.by_uid(who.site, "2.25.41003")
        assert len(tx.jobs.find(who.site, study_id=study.id)) == 1
    assert sorted((row.modality, row.frames) for row in rows) == [("KO", 0), ("OT", 1), ("US", 1)]


def test_a_capture_is_shown_and_a_document_saved(client: httpx.Client) -> None:
    stow(client, companion("OT", 1, "2.25.41004"), companion("DOC", 2, "2.25.41004"))
    at = "/dicomweb/studies/2.25.41004/series/2.25.41004.{0}/instances/2.25.41004.{0}.1"
    shown = client.get(at.format(1) + "/rendered", headers={"Accept": "image/png"})
    assert shown.content.startswith(b"\x89PNG")
    for accepted in ("application/pdf", "*/*"):
        saved = client.get(at.format(2) + "/rendered", headers={"Accept": accepted})
        assert (saved.status_code, saved.content) == (200, PDF)
        assert saved.headers["content-type"] == "application/pdf"
        assert saved.headers["content-disposition"].startswith("attachment")
        assert saved.headers["x-content-type-options"] == "nosniff"
    assert (
        client.get(at.format(2) + "/rendered", headers={"Accept": "image/png"}).status_code == 406
    )
    query = {
        "requestType": "WADO", "studyUID": "2.25.41004", "seriesUID": "2.25.41004.2",
        "objectUID": "2.25.41004.2.1", "contentType": "application/pdf",
    }  # fmt: skip
    assert client.get("/dicomweb/wado", params=query).content == PDF


def test_what_is_cut_or_is_no_pdf_is_refused(client: httpx.Client) -> None:
    cut = pydicom.dcmread(io.BytesIO(companion("PR", 1, "2.25.41005")))
    del cut.DisplayedAreaSelectionSequence
    out = io.BytesIO()
    cut.save_as(out, enforce_file_format=True)
    assert stow(client, out.getvalue()).status_code == 400
    page = pydicom.dcmread(io.BytesIO(companion("DOC", 2, "2.25.41005")))
    page.EncapsulatedDocument = b"<script>alert(1)</script> "
    out = io.BytesIO()
    page.save_as(out, enforce_file_format=True)
    assert stow(client, out.getvalue()).status_code == 200
    at = "/dicomweb/studies/2.25.41005/series/2.25.41005.2/instances/2.25.41005.2.1/rendered"
    assert client.get(at).status_code == 406
