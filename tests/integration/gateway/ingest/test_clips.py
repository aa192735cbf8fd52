"""Clips from portable probes: taken, shown frame by frame, and given back as they were sent."""

from __future__ import annotations

import io

import hub as hubs
import pydicom
from PIL import Image
from pydicom.encaps import generate_frames

from services.dicom.parser.video import H264

CLIP = (hubs.ROOT / "tests" / "fixtures" / "clips" / "h264.mp4").read_bytes()


def test_a_clip_becomes_a_study_that_is_shown_frame_by_frame(hub: hubs.Hub) -> None:
    with hub.client("clips") as client:
        files, data = {"file": ("sweep.mp4", CLIP)}, {"pixel_mm": "0.2"}
        first = client.post("/api/uploads", files=files, data=data).json()["items"][0]
        again = client.post("/api/uploads", files=files, data=data).json()["items"][0]
        assert (first["accepted"], again["new"]) == (True, False)
        wado = f"/dicomweb/studies/{first['study_uid']}"
        (instance,) = client.get(
            f"/dicomweb/instances?StudyInstanceUID={first['study_uid']}"
        ).json()
        series = instance["0020000E"]["Value"][0]
        image = f"{wado}/series/{series}/instances/{first['sop_uid']}"
        shown = client.get(f"{image}/frames/12/rendered", headers={"Accept": "image/png"})
        assert Image.open(io.BytesIO(shown.content)).size == (480, 336)
        raw = client.get(f"{image}/frames/3", headers={"Accept": "*/*"})
        assert raw.status_code == 200
        assert len(raw.content) > 480 * 336 * 3, "decoded, in a part of its own"
        whole = client.get(image, headers={"Accept": "application/dicom; transfer-syntax=*"})
    dataset = pydicom.dcmread(io.BytesIO(whole.content[whole.content.index(b"DICM") - 128 :]))
    assert dataset.file_meta.TransferSyntaxUID == H264
    assert dataset.NumberOfFrames == 16
    kept = next(generate_frames(dataset.PixelData, number_of_frames=1))
    assert kept[: len(CLIP)] == CLIP


def test_a_heic_photo_is_refused_with_the_way_to_send_it(hub: hubs.Hub) -> None:
    photo = b"\0\0\0\x18ftypheic" + bytes(500)
    with hub.client("clips") as client:
        answer = client.post("/api/uploads", files={"file": ("IMG_0001.HEIC", photo)}).json()
    assert answer["code"] == "unsupported_media", answer
    assert "Most Compatible" in answer["detail"]
