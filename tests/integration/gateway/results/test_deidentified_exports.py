"""What leaves a site for others' eyes: images without the patient, in header and pixels."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import hub as hubs
import numpy as np
import pydicom
import pytest
import readings
from PIL import Image, ImageDraw, ImageFont

SITE = "deid-exports"
NAME = "CANARY JANE"


@pytest.fixture(scope="module")
def study(hub: hubs.Hub) -> dict[str, Any]:
    """A signed head whose header and pixels name a woman."""
    source = pydicom.dcmread(hubs.SAMPLES / "head-27w.dcm")
    source.PatientName = NAME.replace(" ", "^")
    source.StudyDescription = source.PatientID = NAME
    source.StudyDate = "20260301"
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        source[keyword].value = pydicom.uid.generate_uid(entropy_srcs=[SITE, keyword])
    source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
    image = Image.fromarray(source.pixel_array)
    ImageDraw.Draw(image).text((150, 150), NAME, fill=255, font=ImageFont.load_default(18))
    source.PixelData = image.tobytes()
    source["PixelData"].is_undefined_length = False
    source.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    raw = io.BytesIO()
    source.save_as(raw)
    with hub.client(SITE) as client:
        item = client.post("/api/uploads", files={"file": raw.getvalue()}).json()["items"][0]
        instance = client.get(f"/api/studies/{item['study_id']}").json()["instances_list"][0]
        frame = readings.head(instance["sop_uid"], instance["columns"], instance["rows"])
        report = readings.report(item["study_uid"], frame)
        readings.finish(hub.services.index, SITE, item["study_id"], report)
        signed = {"based_on": 1, "action": "sign"}
        assert client.post(f"/api/studies/{item['study_id']}/reviews", json=signed).is_success
    return {"id": item["study_id"], "sop": instance["sop_uid"], "uid": str(source.StudyInstanceUID)}


def box(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where the name stands."""
    return pixels[152:166, 152:250]


def files(answer: httpx.Response) -> dict[str, bytes]:
    assert answer.is_success
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_dicom_leaves_without_the_patient(hub: hubs.Hub, study: dict[str, Any]) -> None:
    with hub.client(SITE) as client, hub.client("elsewhere") as other:
        one = files(client.get("/api/export/dicom.zip", params={"study_id": study["id"]}))
        all_of = files(client.get("/api/export/dicom.zip", params={"dates": "shifted"}))
        refused = other.get("/api/export/dicom.zip", params={"study_id": study["id"]})
        assert refused.status_code == 404
        nothing = files(other.get("/api/export/dicom.zip"))
    assert list(nothing) == ["README.txt"]
    for exported, dates in ((one, "REMOVED"), (all_of, "MODIFIED")):
        (name,) = [n for n in exported if n.endswith(".dcm")]
        assert NAME.split()[0].encode() not in exported[name]
        assert study["uid"].encode() not in exported[name]
        copy = pydicom.dcmread(io.BytesIO(exported[name]))
        assert copy.LongitudinalTemporalInformationModified == dates
        assert copy.BurnedInAnnotation == "NO"
        assert box(copy.pixel_array).max() == 0
        assert copy.pixel_array.max() > 100
    assert set(one) != set(all_of), "pseudonyms mean nothing outside of their export"


def test_the_training_set_shows_no_name(hub: hubs.Hub, study: dict[str, Any]) -> None:
    with hub.client(SITE) as client:
        exported = files(client.get("/api/export/training.zip"))
    (name,) = [n for n in exported if n.startswith("images/")]
    assert box(np.asarray(Image.open(io.BytesIO(exported[name])))).max() == 0
    assert NAME.encode() not in b"".join(exported.values())


def test_a_shared_link_shows_no_name(hub: hubs.Hub, study: dict[str, Any]) -> None:
    with hub.client(SITE) as client, httpx.Client(base_url=hub.url) as public:
        made = client.post(f"/api/studies/{study['id']}/shares", json={"hours": 1}).json()
        token = made["url"].rsplit("/", 1)[1]
        answer = public.get(f"/api/shared/{token}/frames/{study['sop']}/1.png")
        inside = client.get(
            f"/api/studies/{study['id']}/results/latest/frames/{study['sop']}/1/overlay.png"
        )
    assert answer.is_success
    shown = np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"))
    own = np.asarray(Image.open(io.BytesIO(inside.content)).convert("L"))
    assert box(own).max() > 200
    assert np.percentile(box(shown), 90) < 60, "the outline alone may cross"
