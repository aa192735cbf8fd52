"""Any stored object in Explicit VR Little Endian shows the same pixels as before."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest

from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.dicom.parser import retrieve
from services.dicom.parser.frames import Frames

ODD = Path(__file__).parents[4] / "fixtures" / "odd"
DICOM_US = Path(__file__).parents[5].parent / "shared" / "data" / "dicom-us"
UNDECODABLE = {"palette_without_lut", "cine_second_frame_damaged"}
FILES = [p for p in sorted(ODD.glob("*.dcm")) if p.stem not in UNDECODABLE]
FILES += sorted(DICOM_US.glob("*.dcm"))
EXPLICIT = "1.2.840.10008.1.2.1"


def explicit(path: Path, out: Path) -> pydicom.Dataset:
    retrieve.answer({"do": "explicit", "path": str(path), "out": str(out)})
    return pydicom.dcmread(out)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_equal_pixels(path: Path, tmp_path: Path) -> None:
    made = explicit(path, tmp_path / "out")
    assert made.file_meta.TransferSyntaxUID == EXPLICIT
    before, after = Frames.of_file(path), Frames.of_file(tmp_path / "out")
    assert after.count == before.count
    for number in range(1, before.count + 1):
        assert np.array_equal(after.read(number), before.read(number))


def test_words_of_a_big_endian_object_are_swapped(tmp_path: Path) -> None:
    gray = np.arange(20 * 30, dtype=np.uint8).reshape(1, 20, 30)
    dataset = pydicom.dcmread(
        io.BytesIO(ultrasound_object(PictureFrames(gray), Subject("big"), None))
    )
    deep = gray[0].astype(">u2") * 257
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelData = deep.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
    stored = tmp_path / "big"
    pydicom.dcmwrite(stored, dataset, little_endian=False, implicit_vr=False)
    made = explicit(stored, tmp_path / "out")
    assert np.array_equal(np.frombuffer(made.PixelData, "<u2").reshape(20, 30), deep)
    assert np.array_equal(Frames.of_file(stored).read(1), Frames.of_file(tmp_path / "out").read(1))
