"""What FADA writes: pictures, SEG, SR, SC, de-identified copies; read back by others' programs."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from services.dicom.objects import seg, sr
from services.dicom.objects.deidentify import deidentified
from services.dicom.objects.import_images import import_images
from services.dicom.objects.secondary import secondary_capture
from services.dicom.objects.ultrasound import (
    PictureFrames,
    Subject,
    read_picture,
    ultrasound_object,
)
from services.dicom.parser.frames import Frames, calibration
from services.dicom.parser.parse import parse_bytes
from services.domain import biometry
from services.domain.errors import InvalidInput, TooLarge
from services.domain.report import (
    Abstention,
    FrameReading,
    Measurement,
    Origin,
    ReleaseId,
    Report,
    Scored,
)

SAMPLES = Path(__file__).parents[5] / "samples"
HEAD = Frames.of_file(SAMPLES / "head-27w.dcm")
ENDS = ((100.0, 150.0), (400.0, 150.0), (250.0, 40.0), (250.0, 260.0))
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def reading(
    source: Dataset = HEAD.dataset, frame: int = 1, mm: float | None = 247.1
) -> FrameReading:
    measured = (
        Measurement("HC", 838.0, mm, 240.0, 254.0, "ultrasound_region", "ellipse", ENDS),
        Measurement("BPD", 220.0, mm and 64.9, points=ENDS[2:]),
        Measurement("OFD", 300.0, mm and 88.5, points=ENDS[:2]),
    )
    dated = (biometry.hadlock_hc(mm), biometry.intergrowth_hc(mm)) if mm else ()
    return FrameReading(
        str(source.SeriesInstanceUID), str(source.SOPInstanceUID), frame, 512, 346, True, 0.98, 0.9,
        Scored("head", 0.91), measurements=measured, datings=tuple(d for d in dated if d),
        abstentions=((Abstention.LOW_CONFIDENCE, "CSP"),),
    )  # fmt: skip


def report(*readings: FrameReading, **more: object) -> Report:
    return Report(
        str(HEAD.dataset.StudyInstanceUID), Origin.HUB, ReleaseId("fada-nano", "0.1.0", "ab" * 32),
        MOMENT, readings or (reading(),), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def masks() -> dict[str, np.ndarray]:
    head = np.zeros((346, 512), bool)
    head[60:280, 110:400] = True
    csp = np.zeros_like(head)
    csp[150:170, 240:280] = True
    return {"fetal_head": head, "CSP": csp}


def clip() -> Dataset:
    data = ultrasound_object(
        PictureFrames(np.stack([HEAD.read(1)] * 3)), Subject("clip"), (0.2, 0.2)
    )
    return pydicom.dcmread(io.BytesIO(data))


def faults(data: bytes, tmp_path: Path) -> list[str]:
    """What dicom3tools' validator calls an error."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dicom3tools is not installed")
    path = tmp_path / "object.dcm"
    path.write_bytes(data)
    told = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True)
    return [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Error")]


def every_object() -> dict[str, bytes]:
    source, whole = HEAD.dataset, report()
    reviewed = dataclasses.replace(whole, reviewed_by="Dr. A", reviewed_at=MOMENT, comment="ok")
    three = clip()
    second = reading(three, 2)
    return {
        "us": (SAMPLES / "head-27w.dcm").read_bytes(),
        "seg": seg.segmentation(source, reading(), masks(), whole, "job"),
        "seg of a clip": seg.segmentation(three, second, masks(), report(second), "job"),
        "sr": sr.measurement_report([source], whole, "job"),
        "sr reviewed": sr.measurement_report([source], reviewed, "result"),
        "sr of a clip": sr.measurement_report([three], report(second), "job"),
        "obgyn": sr.procedure_report([source], whole, "job") or b"",
        "obgyn reviewed": sr.procedure_report([source], reviewed, "result") or b"",
        "sc": secondary_capture(source, np.zeros((346, 512, 3), np.uint8), reading(), whole, "job"),
        "de-identified": deidentified(source, b"secret"),
    }


@pytest.mark.parametrize("name", list(every_object()))
def test_the_validator_finds_no_error(name: str, tmp_path: Path) -> None:
    assert faults(every_object()[name], tmp_path) == []


def test_a_run_again_writes_the_same_bytes() -> None:
    assert every_object() == every_object()


def test_our_own_objects_pass_our_own_door() -> None:
    for name, data in every_object().items():
        assert parse_bytes(data).study_uid, name
        companions = ("seg", "sr", "obgyn")
        assert (parse_bytes(data).frames == 0) == name.startswith(companions), name


def test_seg_read_by_highdicom() -> None:
    made = every_object()
    for name, frame in (("seg", None), ("seg of a clip", 2)):
        read = highdicom.seg.segread(io.BytesIO(made[name]))
        labels = [read.get_segment_description(n).segment_label for n in read.segment_numbers]
        assert labels == ["CSP", "fetal_head"]
        stored = {label: read.pixel_array[place].astype(bool) for place, label in enumerate(labels)}
        for label, mask in masks().items():
            assert np.array_equal(stored[label], mask)
        named = read.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
        assert named.SourceImageSequence[0].get("ReferencedFrameNumber") == frame


def test_seg_refuses_masks_of_another_size() -> None:
    with pytest.raises(ValueError, match="size"):
        seg.segmentation(HEAD.dataset, reading(), {"CSP": np.zeros((3, 3), bool)}, report(), "job")


def texts(data: bytes) -> list[str]:
    """All text values of an SR."""
    found: list[str] = []

    def walk(item: Dataset) -> None:
        if "TextValue" in item:
            found.append(str(item.TextValue))
        for child in item.get("ContentSequence", ()):
            walk(child)

    walk(pydicom.dcmread(io.BytesIO(data)))
    return found


def test_the_label_stays_until_a_person_has_reviewed() -> None:
    made = every_object()
    for name in ("sr", "obgyn"):
        dataset = pydicom.dcmread(io.BytesIO(made[name]))
        assert dataset.VerificationFlag == "UNVERIFIED"
        assert "AI result, not for diagnosis, unreviewed" in texts(made[name])
        reviewed = pydicom.dcmread(io.BytesIO(made[f"{name} reviewed"]))
        assert reviewed.VerificationFlag == "VERIFIED"
        assert "Reviewed by Dr. A" in texts(made[f"{name} reviewed"])


def test_tid_1500_read_by_dcmqi(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("tid1500reader")
    if not program.exists():
        pytest.skip("dcmqi is not installed")
    path, out = tmp_path / "sr.dcm", tmp_path / "out.json"
    path.write_bytes(every_object()["sr"])
    subprocess.run(
        [program, "--inputDICOM", path, "--outputMetadata", out], check=True, capture_output=True
    )
    (group,) = json.loads(out.read_text())["Measurements"]
    values = {
        item["quantity"]["CodeMeaning"]: (item["value"], item["units"]["CodeValue"])
        for item in group["measurementItems"]
    }
    assert values["Head Circumference"] == ("247.1", "mm")
    assert values["Biparietal Diameter"] == ("64.9", "mm")


def test_tid_5000_read_by_dcmtk(tmp_path: Path) -> None:
    if shutil.which("dsrdump") is None:
        pytest.skip("dcmtk is not installed")
    path = tmp_path / "obgyn.dcm"
    path.write_bytes(every_object()["obgyn"])
    told = subprocess.run(
        ["dsrdump", "+Pl", "+Pc", str(path)], capture_output=True, text=True
    ).stdout
    assert "(125000,DCM" in told
    assert 'NUM:(11984-2,LN,"Head Circumference")="247.1"' in told
    assert 'NUM:(18185-9,LN,"Gestational Age")="187.8"' in told
    assert '(11932-1,LN,"HC, Hadlock 1984")' in told
    assert "AI result, not for diagnosis, unreviewed" in told


def test_no_millimetre_without_calibration() -> None:
    whole = report(reading(mm=None))
    assert sr.procedure_report([HEAD.dataset], whole, "job") is None
    data = sr.measurement_report([HEAD.dataset], whole, "job")
    assert b"millimeter" not in data
    assert b"{pixels}" in data


def test_a_deidentified_copy_holds_nothing_of_the_patient() -> None:
    source = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    source.PatientName = source.PatientID = source.AccessionNumber = "CANARY"
    source.InstitutionName = source.StudyDescription = source.ImageComments = "CANARY"
    source.add_new(0x00091001, "LO", "CANARY")
    data = deidentified(source, b"secret")
    assert b"CANARY" not in data
    assert str(source.StudyInstanceUID).encode() not in data
    copy = pydicom.dcmread(io.BytesIO(data))
    assert copy.PatientIdentityRemoved == "YES"
    assert calibration(copy) == calibration(source)
    assert data == deidentified(source, b"secret") != deidentified(source, b"other")


class TestPictures:
    def test_a_gray_jpeg_is_kept_as_it_is(self) -> None:
        data = (SAMPLES / "head-27w.jpg").read_bytes()
        made = pydicom.dcmread(
            io.BytesIO(ultrasound_object(read_picture(data), Subject("p"), None))
        )
        assert made.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
        assert data in made.PixelData
        assert "SequenceOfUltrasoundRegions" not in made

    def test_a_png_keeps_its_pixels(self) -> None:
        data = (SAMPLES / "head-27w.png").read_bytes()
        made = ultrasound_object(read_picture(data), Subject("p"), (0.3, 0.3))
        assert np.array_equal(
            Frames.of_bytes(made).read(1), np.asarray(Image.open(io.BytesIO(data)))
        )

    def test_what_is_no_picture(self) -> None:
        for data in (b"", b"GIF89a" + bytes(100), (SAMPLES / "head-27w.jpg").read_bytes()[:2000]):
            with pytest.raises(InvalidInput):
                read_picture(data)

    def test_a_png_bomb(self) -> None:
        out = io.BytesIO()
        Image.new("1", (20_000, 20_000)).save(out, "PNG")
        assert len(out.getvalue()) < 100_000
        with pytest.raises(TooLarge):
            read_picture(out.getvalue())

    def test_a_table_makes_studies(self, tmp_path: Path) -> None:
        rows = [
            {"file": "head-27w.png", "pixel_mm": "0.3", "study": "a", "patient_name": "A^B"},
            {"file": "head-27w.jpg", "study": "a", "number": "2", "out": "two.dcm"},
        ]
        written = list(import_images(SAMPLES, tmp_path, rows))
        assert [w.calibrated for w in written] == [True, False]
        one, two = (pydicom.dcmread(w.path) for w in written)
        assert one.StudyInstanceUID == two.StudyInstanceUID
        assert one.SOPInstanceUID != two.SOPInstanceUID
        for bad in ({"file": "../LICENSE"}, {"file": "none.png"},
                    {"file": "head-27w.png", "pixel_mm": "0"}):  # fmt: skip
            with pytest.raises(InvalidInput):
                list(import_images(SAMPLES, tmp_path, [bad]))

    def test_the_samples_are_what_their_table_makes(self) -> None:
        for path in SAMPLES.rglob("*.dcm"):
            dataset = pydicom.dcmread(path)
            assert str(dataset.PatientName).startswith("SAMPLE^")
            assert "CC BY 4.0" in dataset.ImageComments
            calibrated = bool(calibration(dataset).regions)
            assert calibrated == (path.name not in ("femur-uncalibrated.dcm", "nt-view.dcm"))
