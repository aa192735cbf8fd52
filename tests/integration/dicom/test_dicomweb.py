"""STOW-RS, QIDO-RS and WADO-RS, spoken by dicomweb-client."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from integration.dicom.open_gateway import SAMPLES, OpenGateway
from PIL import Image

from gateway.app import create_app
from gateway.dicomweb import result_attributes
from services.dicom.objects.seg import segmentation
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.dicom.parser.frames import Frames
from services.dicom.parser.parse import parse_bytes
from services.domain.report import FrameReading, Origin, ReleaseId, Report, Scored
from services.domain.study import IngestSource, Principal, Role
from services.index.port import NewInstance


@pytest.fixture(scope="module")
def client(gateway: OpenGateway) -> DICOMwebClient:
    return DICOMwebClient(f"{gateway.url}/dicomweb", headers=gateway.headers)


@pytest.fixture(scope="module")
def three(client: DICOMwebClient) -> list[pydicom.Dataset]:
    """The study of three images, stored."""
    sent: list[pydicom.Dataset] = [
        pydicom.dcmread(SAMPLES / "three-heads" / f"{n}.dcm") for n in (1, 2, 3)
    ]
    answer = client.store_instances(sent)
    assert len(answer.ReferencedSOPSequence) == 3
    assert "FailedSOPSequence" not in answer
    return sent


def test_stored_twice_is_stored_once(
    client: DICOMwebClient, three: list[pydicom.Dataset], gateway: OpenGateway
) -> None:
    client.store_instances(three)
    instances = client.search_for_instances(str(three[0].StudyInstanceUID))
    assert len(instances) == 3
    with gateway.services.index.read() as tx:
        study = tx.studies.by_uid("north", str(three[0].StudyInstanceUID))
        assert len(tx.jobs.find("north", study_id=study.id)) == 1


def test_search_studies(client: DICOMwebClient, three: list[pydicom.Dataset]) -> None:
    uid = str(three[0].StudyInstanceUID)
    for filters in (
        {"PatientName": "SAMPLE*"},
        {"PatientID": "SAMPLE-1"},
        {"StudyDate": "20250101-20250201"},
        {"00100020": "SAMPLE-?"},
        {"StudyInstanceUID": uid},
        {"ModalitiesInStudy": "US"},
    ):
        studies = client.search_for_studies(search_filters=filters)
        assert uid in [one["0020000D"]["Value"][0] for one in studies], filters
    for filters in ({"PatientName": "NOBODY*"}, {"StudyDate": "-20240101"}):
        assert client.search_for_studies(search_filters=filters) == []
    (one,) = client.search_for_studies(search_filters={"StudyInstanceUID": uid})
    assert one["00201208"]["Value"] == [3]
    assert one["00081190"]["Value"][0].endswith(f"/dicomweb/studies/{uid}")


def test_search_series_and_instances(client: DICOMwebClient, three: list[pydicom.Dataset]) -> None:
    uid = str(three[0].StudyInstanceUID)
    (series,) = client.search_for_series(uid)
    assert series["00201209"]["Value"] == [3]
    assert [s["0020000E"] for s in client.search_for_series(search_filters={"Modality": "US"})]
    assert client.search_for_series(uid, search_filters={"Modality": "MR"}) == []
    instances = client.search_for_instances(uid, series["0020000E"]["Value"][0], limit=2, offset=1)
    assert [one["00200013"]["Value"] for one in instances] == [[2], [3]]
    (first,) = client.search_for_instances(
        search_filters={"SOPInstanceUID": str(three[0].SOPInstanceUID)}, fields=["00204000"]
    )
    assert "HC18" in first["00204000"]["Value"][0]
    assert first["00280010"]["Value"] == [346]


@pytest.mark.parametrize("key", ["Nonsense", "00204000"])
def test_a_key_that_cannot_be_matched_is_ignored_and_said_so(
    gateway: OpenGateway, three: list[pydicom.Dataset], key: str
) -> None:
    studies = f"{gateway.url}/dicomweb/studies"
    plain = httpx.get(studies, headers=gateway.headers)
    asked = httpx.get(studies, params={key: "1"}, headers=gateway.headers)
    assert (asked.status_code, asked.json()) == (200, plain.json())
    assert asked.headers["warning"].startswith("299 ")
    assert "warning" not in plain.headers


def test_a_wrong_limit_is_refused_and_nothing_found_is_204(gateway: OpenGateway) -> None:
    studies = f"{gateway.url}/dicomweb/studies"
    assert httpx.get(studies, params={"limit": "-1"}, headers=gateway.headers).status_code == 400
    for uid in ("1.2.3%00", "x", "1.2.3,4.5.6"):
        response = httpx.get(
            f"{gateway.url}/dicomweb/instances?SOPInstanceUID={uid}", headers=gateway.headers
        )
        assert response.status_code == 204
    empty = httpx.get(studies, params={"PatientID": "nobody"}, headers=gateway.headers)
    assert (empty.status_code, empty.content) == (204, b"")


def test_what_comes_back_is_what_was_sent(
    client: DICOMwebClient, three: list[pydicom.Dataset]
) -> None:
    study, series = str(three[0].StudyInstanceUID), str(three[0].SeriesInstanceUID)
    sop = str(three[0].SOPInstanceUID)
    one = client.retrieve_instance(study, series, sop)
    assert one == three[0]
    assert {d.SOPInstanceUID for d in client.retrieve_series(study, series)} == {
        d.SOPInstanceUID for d in three
    }
    assert len(client.retrieve_study(study)) == 3


def test_metadata_names_bulk_data_that_can_be_fetched(
    client: DICOMwebClient, three: list[pydicom.Dataset]
) -> None:
    study, series = str(three[0].StudyInstanceUID), str(three[0].SeriesInstanceUID)
    metadata = client.retrieve_study_metadata(study)
    assert len(metadata) == 3
    one = client.retrieve_instance_metadata(study, series, str(three[0].SOPInstanceUID))
    dataset = pydicom.Dataset.from_json(one, bulk_data_uri_handler=lambda uri: b"")
    assert dataset.SequenceOfUltrasoundRegions[0].PhysicalUnitsXDirection == 3
    (bulk,) = client.retrieve_bulkdata(one["7FE00010"]["BulkDataURI"])
    assert bulk == three[0].PixelData


def uids(dataset: pydicom.Dataset) -> tuple[str, str, str]:
    """Of study, series and instance."""
    return (
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.SOPInstanceUID),
    )


def assert_same_jpeg(actual: np.ndarray, wanted: np.ndarray) -> None:
    """Two decoders of a JPEG may round a grey value to either side."""
    assert actual.shape == wanted.shape
    assert np.abs(actual.astype(int) - wanted.astype(int)).max() <= 1


def test_frames_as_stored_and_decoded(client: DICOMwebClient, three: list[pydicom.Dataset]) -> None:
    ids = uids(three[0])
    (stored,) = client.retrieve_instance_frames(*ids, [1], media_types=("image/jpeg",))
    assert stored[:2] == b"\xff\xd8"
    (native,) = client.retrieve_instance_frames(
        *ids, [1], media_types=(("application/octet-stream", "1.2.840.10008.1.2.1"),)
    )
    decoded = np.frombuffer(native, np.uint8).reshape(346, 512)
    assert_same_jpeg(decoded, three[0].pixel_array)


def test_a_clip_gives_the_frames_asked_for(client: DICOMwebClient) -> None:
    pixels = np.arange(4 * 30 * 40, dtype=np.uint32).reshape(4, 30, 40) % 251
    clip = ultrasound_object(
        PictureFrames(pixels.astype(np.uint8)), Subject("a clip", patient_name="CLIP"), (0.2, 0.3)
    )
    dataset = pydicom.dcmread(io.BytesIO(clip))
    client.store_instances([dataset])
    ids = uids(dataset)
    frames = client.retrieve_instance_frames(*ids, [4, 2])
    assert frames == [pixels[3].astype(np.uint8).tobytes(), pixels[1].astype(np.uint8).tobytes()]


def test_rendered(
    client: DICOMwebClient, three: list[pydicom.Dataset], gateway: OpenGateway
) -> None:
    ids = uids(three[0])
    png = client.retrieve_instance_rendered(*ids, media_types=("image/png",))
    assert_same_jpeg(np.asarray(Image.open(io.BytesIO(png))), three[0].pixel_array)
    jpeg = client.retrieve_instance_rendered(
        *ids, media_types=("image/jpeg",), params={"viewport": "128,128", "quality": 50}
    )
    image = Image.open(io.BytesIO(jpeg))
    assert (image.format, image.size) == ("JPEG", (128, 86))
    frame = client.retrieve_instance_frames_rendered(*ids, [1], media_types=("image/png",))
    assert frame[:4] == b"\x89PNG"
    place = f"{gateway.url}/dicomweb/studies/{ids[0]}/series/{ids[1]}/instances/{ids[2]}"
    for path in ("/frames/2/rendered", "/frames/2"):
        assert httpx.get(place + path, headers=gateway.headers).status_code == 404, path
    for path in ("/frames/0", "/frames/x", "/rendered?viewport=a,b", "/rendered?quality=0"):
        assert httpx.get(place + path, headers=gateway.headers).status_code in (400, 422), path
    wrong = httpx.get(f"{place}/rendered", headers={**gateway.headers, "Accept": "text/html"})
    assert wrong.status_code == 406


def test_another_transfer_syntax(gateway: OpenGateway, three: list[pydicom.Dataset]) -> None:
    ids = uids(three[0])
    place = f"{gateway.url}/dicomweb/studies/{ids[0]}/series/{ids[1]}/instances/{ids[2]}"
    asked = {**gateway.headers, "Accept": "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"}
    answer = httpx.get(place, headers=asked)
    dataset = pydicom.dcmread(io.BytesIO(answer.content))
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.array_equal(dataset.pixel_array, three[0].pixel_array)
    asked["Accept"] = "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90"
    assert httpx.get(place, headers=asked).status_code == 406


def test_alternatives_are_tried_in_order(
    gateway: OpenGateway, three: list[pydicom.Dataset]
) -> None:
    ids = uids(three[0])
    place = f"{gateway.url}/dicomweb/studies/{ids[0]}/series/{ids[1]}/instances/{ids[2]}"
    stored, little = three[0].file_meta.TransferSyntaxUID, "1.2.840.10008.1.2.1"

    def syntax_of(*accepted: str) -> str:
        answer = httpx.get(place, headers={**gateway.headers, "Accept": ", ".join(accepted)})
        assert answer.status_code == 200, answer.text
        return str(pydicom.dcmread(io.BytesIO(answer.content)).file_meta.TransferSyntaxUID)

    def one(syntax: str, q: str = "1") -> str:
        return f"application/dicom; transfer-syntax={syntax}; q={q}"

    j2k = "1.2.840.10008.1.2.4.90"
    assert syntax_of(one(j2k), one(little)) == little, "the first cannot be had"
    assert syntax_of(one(stored), one(little)) == stored
    assert syntax_of(one(stored, "0.2"), one(little, "0.9")) == little
    asked = (
        f'multipart/related; type="application/octet-stream"; transfer-syntax={j2k}, '
        f'multipart/related; type="application/octet-stream"; transfer-syntax={little}'
    )
    frames = httpx.get(f"{place}/frames/1", headers={**gateway.headers, "Accept": asked})
    assert f"transfer-syntax={little}".encode() in frames.content[:300]


def test_a_big_endian_object_is_sent_in_little_endian(
    gateway: OpenGateway, client: DICOMwebClient
) -> None:
    deep = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32) * 83
    sent = pydicom.dcmread(
        io.BytesIO(
            ultrasound_object(PictureFrames(deep[None].astype(np.uint8)), Subject("big"), None)
        )
    )
    sent.BitsAllocated, sent.BitsStored, sent.HighBit = 16, 16, 15
    sent.PixelData = deep.astype(">u2").tobytes()
    sent["PixelData"].VR = "OW"
    sent.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
    out = io.BytesIO()
    pydicom.dcmwrite(out, sent, little_endian=False, implicit_vr=False, enforce_file_format=True)
    headers = {**gateway.headers, "Content-Type": "application/dicom"}
    stored = httpx.post(f"{gateway.url}/dicomweb/studies", content=out.getvalue(), headers=headers)
    assert stored.status_code == 200, stored.text
    ids = uids(sent)
    place = f"{gateway.url}/dicomweb/studies/{ids[0]}/series/{ids[1]}/instances/{ids[2]}"
    for accepted in ("application/dicom", "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"):
        answer = httpx.get(place, headers={**gateway.headers, "Accept": accepted})
        got = pydicom.dcmread(io.BytesIO(answer.content))
        assert got.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
        assert np.array_equal(got.pixel_array, deep)
    (frame,) = client.retrieve_instance_frames(
        *ids, [1], media_types=(("application/octet-stream", "1.2.840.10008.1.2.1"),)
    )
    assert np.array_equal(np.frombuffer(frame, "<u2").reshape(24, 32), deep)


def test_every_attribute_of_the_tables_and_names_by_their_beginnings(
    gateway: OpenGateway, three: list[pydicom.Dataset]
) -> None:
    def ask(path: str, *query: tuple[str, str]) -> httpx.Response:
        return httpx.get(
            f"{gateway.url}/dicomweb/{path}", params=list(query), headers=gateway.headers
        )

    uid = str(three[0].StudyInstanceUID)
    (study,) = ask("studies", ("StudyInstanceUID", uid), ("StudyInstanceUID", "1.2.9")).json()
    assert result_attributes.STUDY.keys() <= study.keys()
    (series, *_) = ask(f"studies/{uid}/series").json()
    assert result_attributes.SERIES.keys() <= series.keys()
    assert series["00400275"] == {"vr": "SQ"}
    (image, *_) = ask(f"studies/{uid}/instances").json()
    assert result_attributes.INSTANCE.keys() <= image.keys()
    (whole, *_) = ask("instances", ("StudyInstanceUID", uid)).json()
    assert (result_attributes.STUDY | result_attributes.INSTANCE).keys() <= whole.keys()

    mine, name = ("StudyInstanceUID", uid), str(three[0].PatientName)
    last = name.partition("^")[2] or name
    assert ask("studies", mine, ("PatientName", last[:4].lower())).status_code == 204
    fuzzy = ("fuzzymatching", "true")
    for path in ("studies", "series", "instances"):
        response = ask(path, mine, ("PatientName", last[:4].lower()), fuzzy)
        assert response.status_code == 200, path
        assert ask(path, mine, ("PatientName", "zz"), fuzzy).status_code == 204


def test_more_than_a_thousand_rows_come_by_pages(
    gateway: OpenGateway, three: list[pydicom.Dataset]
) -> None:
    study = pydicom.uid.generate_uid()
    with gateway.services.index.begin() as tx:
        (known, *_) = tx.studies.instances("north", study_uid=str(three[0].StudyInstanceUID))
        many = [
            NewInstance(
                f"{study}.{n % 3}", f"{study}.9.{n}", known.sop_class, known.transfer_syntax, "US",
                known.sha256, known.size, known.rows, known.columns, 0,
                {"00080018": {"vr": "UI", "Value": [f"{study}.9.{n}"]}},
            )
            for n in range(1005)
        ]  # fmt: skip
        tx.studies.receive(
            Principal("tests", "north", Role.ADMIN), study, {}, many, source=IngestSource.STOW, urgent=False,
            request_id="r",
        )  # fmt: skip
    place = f"{gateway.url}/dicomweb/studies/{study}/instances"
    first = httpx.get(place, headers=gateway.headers)
    assert "Additional results" in first.headers["warning"]
    rest = httpx.get(place, params={"offset": 1000}, headers=gateway.headers)
    assert "warning" not in rest.headers
    names = [one["00080018"]["Value"][0] for page in (first, rest) for one in page.json()]
    assert (len(first.json()), len(set(names))) == (1000, 1005)
    few = httpx.get(place, params={"limit": 10}, headers=gateway.headers)
    assert (len(few.json()), "warning" in few.headers) == (10, False), "the caller's own limit"


def test_another_site_sees_nothing(gateway: OpenGateway, three: list[pydicom.Dataset]) -> None:
    ids = uids(three[0])
    other = {"Authorization": f"Bearer {gateway.stranger}"}
    study = f"{gateway.url}/dicomweb/studies/{ids[0]}"
    instance = f"{study}/series/{ids[1]}/instances/{ids[2]}"
    for path in (study, f"{study}/metadata", instance, f"{instance}/frames/1",
                 f"{instance}/rendered", f"{study}/thumbnail",
                 f"{instance}/bulkdata/7FE00010"):  # fmt: skip
        assert httpx.get(path, headers=other).status_code == 404, path
        assert httpx.get(path).status_code == 401, path
    for path in ("studies", "series", "instances", f"studies/{ids[0]}/series"):
        assert httpx.get(f"{gateway.url}/dicomweb/{path}", headers=other).status_code == 204, path


def test_pictures_come_out_of_every_image_sample(
    client: DICOMwebClient, gateway: OpenGateway, tmp_path: Path
) -> None:
    for path in sorted(SAMPLES.glob("*.dcm")):
        dataset = pydicom.dcmread(path)
        client.store_instances([dataset])
        place = f"{gateway.url}/dicomweb/studies/{dataset.StudyInstanceUID}/thumbnail"
        picture = httpx.get(place, headers=gateway.headers)
        assert max(Image.open(io.BytesIO(picture.content)).size) == 256, path


def test_results_are_series_of_the_study(client: DICOMwebClient, gateway: OpenGateway) -> None:
    """What a worker indexes beside its result: found and retrieved like any other, and no job."""
    source = Frames.of_file(SAMPLES / "head-35w.dcm").dataset
    client.store_instances([source])
    study_uid = str(source.StudyInstanceUID)
    reading = FrameReading(
        str(source.SeriesInstanceUID), str(source.SOPInstanceUID), 1, 512, 346, True, 0.9, 0.9,
        Scored("head", 0.9),
    )  # fmt: skip
    report = Report(
        study_uid, Origin.HUB, ReleaseId("r", "1", "ab" * 32), datetime.now(UTC), (reading,)
    )
    mask = np.zeros((346, 512), bool)
    mask[100:200, 100:300] = True
    made = segmentation(source, reading, {"fetal_head": mask}, report, "job")
    stored = gateway.services.store.put("north", made, "application/dicom")
    parsed = parse_bytes(made)
    instance = NewInstance(
        parsed.series_uid, parsed.sop_uid, parsed.sop_class, parsed.transfer_syntax,
        parsed.modality, stored.sha256, stored.size, parsed.rows, parsed.columns, parsed.frames,
        parsed.attributes,
    )  # fmt: skip
    worker = Principal("worker", "north", Role.ADMIN)
    with gateway.services.index.begin() as tx:
        before = len(tx.jobs.find("north"))
        tx.studies.receive(
            worker, study_uid, parsed.study_attributes, [instance], source=IngestSource.STOW, urgent=False,
            request_id="r",
        )  # fmt: skip
        assert len(tx.jobs.find("north")) == before
    (series,) = client.search_for_series(study_uid, search_filters={"Modality": "SEG"})
    series_uid = series["0020000E"]["Value"][0]
    back = client.retrieve_instance(study_uid, series_uid, parsed.sop_uid)
    assert np.array_equal(back.pixel_array.squeeze(), mask)
    assert sorted(client.search_for_studies(search_filters={"StudyInstanceUID": study_uid})[0]
                  ["00080061"]["Value"]) == ["SEG", "US"]  # fmt: skip
    metadata = client.retrieve_series_metadata(study_uid, series_uid)
    assert metadata[0]["00620002"]["Value"][0]["00620005"]["Value"] == ["fetal_head"]


def test_one_object_and_its_picture_by_wado_uri(
    gateway: OpenGateway, three: list[pydicom.Dataset]
) -> None:
    names = {
        "requestType": "WADO",
        "studyUID": str(three[0].StudyInstanceUID),
        "seriesUID": str(three[0].SeriesInstanceUID),
        "objectUID": str(three[0].SOPInstanceUID),
    }
    where = f"{gateway.url}/dicomweb/wado"
    whole = httpx.get(
        where, params={**names, "contentType": "application/dicom"}, headers=gateway.headers
    )
    assert whole.headers["content-type"] == "application/dicom"
    assert pydicom.dcmread(io.BytesIO(whole.content)).SOPInstanceUID == names["objectUID"]
    for media, magic in (("image/jpeg", b"\xff\xd8"), ("image/png", b"\x89PNG")):
        sizes = {"rows": "64", "columns": "64", "contentType": media}
        picture = httpx.get(where, params={**names, **sizes}, headers=gateway.headers)
        assert (picture.status_code, picture.headers["content-type"]) == (200, media)
        assert picture.content.startswith(magic)
    assert (
        httpx.get(where, params={**names, "requestType": "X"}, headers=gateway.headers).status_code
        == 400
    )
    assert (
        httpx.get(
            where, params={**names, "contentType": "video/mp4"}, headers=gateway.headers
        ).status_code
        == 406
    )
    assert (
        httpx.get(
            where, params={**names, "objectUID": "1.2.3"}, headers=gateway.headers
        ).status_code
        == 404
    )
    assert httpx.get(where, params=names).status_code == 401


def test_other_origins_are_let_in_by_a_list_alone(gateway: OpenGateway) -> None:
    asking = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET"}
    shut = httpx.options(f"{gateway.url}/dicomweb/studies", headers=asking)
    assert "access-control-allow-origin" not in shut.headers
    settings = gateway.services.settings.model_copy(
        update={"cors_origins": "https://viewer.example"}
    )
    app = create_app(replace(gateway.services, settings=settings))

    async def ask(method: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.request(method, "/dicomweb/studies", headers=headers)

    allowed = asyncio.run(ask("OPTIONS", **asking))
    assert allowed.headers["access-control-allow-origin"] == "https://viewer.example"
    response = asyncio.run(ask("GET", **gateway.headers, Origin="https://viewer.example"))
    assert response.status_code in (200, 204)
    assert response.headers["access-control-allow-origin"] == "https://viewer.example"
    assert "access-control-allow-credentials" not in response.headers
    other = asyncio.run(ask("GET", **gateway.headers, Origin="https://evil.example"))
    assert "access-control-allow-origin" not in other.headers
