"""What FADA writes: pictures, SEG, SR, SC, de-identified copies; read back by others' programs."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from services.dicom.deidentification.copies import deidentified
from services.dicom.deidentification.profile import Pseudonyms
from services.dicom.objects import seg, sr
from services.dicom.objects.composite import ObjectRef
from services.dicom.objects.encapsulated import encapsulated_pdf, pdf_of
from services.dicom.objects.import_images import import_images
from services.dicom.objects.sr_examination import procedure_report
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
from services.domain.examination.examination import Examination
from services.domain.examination.fetuses import summarise_several
from services.domain.examination.pregnancy import date_pregnancy
from services.domain.examination.source import Source, SourceKind
from services.domain.examination.summary import summarise
from services.domain.report import (
    Abstention,
    Angle,
    FrameReading,
    Measurement,
    Origin,
    ReleaseId,
    Report,
    Scored,
)

SAMPLES = Path(__file__).parents[5] / "samples"
HEAD = Frames.of_file(SAMPLES / "head-27w.dcm")
SR_CLASS = "1.2.840.10008.5.1.4.1.1.88.33"
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


BEFORE = [
    ObjectRef(str(HEAD.dataset.StudyInstanceUID), "1.2.3", SR_CLASS, f"1.2.3.{n}") for n in (1, 2)
]


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


def uncalibrated() -> Dataset:
    source = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    del source.SequenceOfUltrasoundRegions
    return source


def faults(data: bytes, tmp_path: Path) -> list[str]:
    """What dicom3tools' validator calls an error."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dicom3tools is not installed")
    path = tmp_path / "object.dcm"
    path.write_bytes(data)
    completed = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True)
    return [
        line
        for line in (completed.stdout + completed.stderr).splitlines()
        if line.startswith("Error")
    ]


@lru_cache
def deidentified_head() -> bytes:
    return deidentified(HEAD, Pseudonyms(b"key", "P1"))


@lru_cache
def deidentified_clip() -> bytes:
    return deidentified(Frames(clip()), Pseudonyms(b"key", "P1", "shifted"))


def every_object() -> dict[str, bytes]:
    source, whole = HEAD.dataset, report()
    reviewed = dataclasses.replace(whole, reviewed_by="Dr. A", reviewed_at=MOMENT, comment="ok")
    three = clip()
    second = reading(three, 2)
    return {
        "us": (SAMPLES / "head-27w.dcm").read_bytes(),
        "seg": seg.segmentation(source, reading(), masks(), whole, "job"),
        "seg uncalibrated": seg.segmentation(uncalibrated(), reading(), masks(), whole, "job"),
        "seg reviewed": seg.segmentation(source, reading(), masks(), reviewed, "result"),
        "seg of a clip": seg.segmentation(three, second, masks(), report(second), "job"),
        "sr": sr.measurement_report([source], whole, "job"),
        "sr reviewed": sr.measurement_report([source], reviewed, "result"),
        "sr of a clip": sr.measurement_report([three], report(second), "job"),
        "obgyn": procedure_report([source], whole, "job") or b"",
        "obgyn reviewed": procedure_report([source], reviewed, "result") or b"",
        "pdf": encapsulated_pdf([source, three], b"%PDF-1.7 \n%%EOF", "Report", reviewed, "result"),
        "sr of a further version": sr.measurement_report([source], reviewed, "result", BEFORE),
        "obgyn of a further version": procedure_report([source], reviewed, "r", BEFORE) or b"",
        "de-identified": deidentified_head(),
        "de-identified clip": deidentified_clip(),
    }


@pytest.mark.parametrize("name", list(every_object()))
def test_the_validator_finds_no_error(name: str, tmp_path: Path) -> None:
    assert faults(every_object()[name], tmp_path) == []


def test_a_run_again_writes_the_same_bytes() -> None:
    assert every_object() == every_object()


def test_our_own_objects_pass_our_own_door() -> None:
    for name, data in every_object().items():
        assert parse_bytes(data).study_uid, name
        companions = ("seg", "sr", "obgyn", "pdf")
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


def nrrd_header(path: Path) -> dict[str, str]:
    lines = path.read_bytes().split(b"\n\n", 1)[0].decode("latin-1").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


@pytest.mark.parametrize("name", ["seg", "seg of a clip", "seg uncalibrated"])
def test_seg_converted_by_dcmqi(name: str, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("segimage2itkimage")
    if not program.exists():
        pytest.skip("dcmqi is not installed")
    path = tmp_path / "seg.dcm"
    path.write_bytes(every_object()[name])
    subprocess.run(
        [program, "--inputDICOM", path, "--outputDirectory", tmp_path, "--prefix", "of",
         "--outputType", "nrrd"], check=True, capture_output=True,
    )  # fmt: skip
    sources = {"seg": HEAD.dataset, "seg of a clip": clip(), "seg uncalibrated": uncalibrated()}
    size = calibration(sources[name]).for_points([(110, 60), (399, 279)])
    expected = (size.mm_x, size.mm_y) if size is not None else (1.0, 1.0)
    for number, label in enumerate(("CSP", "fetal_head"), 1):
        made = tmp_path / f"of-{number}.nrrd"
        header = nrrd_header(made)
        assert header["sizes"].split() == ["512", "346", "1"], label
        axes = [tuple(map(float, axis.strip("()").split(",")))
                for axis in header["space directions"].split()]  # fmt: skip
        assert (axes[0][0], axes[1][1]) == pytest.approx(expected), label


def test_seg_says_where_pixels_are_no_millimetres() -> None:
    made = every_object()
    for name, expected in (("seg", False), ("seg uncalibrated", True)):
        read = pydicom.dcmread(io.BytesIO(made[name]))
        assert ("not calibrated" in read.ContentDescription) == expected
        assert read.FrameOfReferenceUID


def test_each_seg_is_a_series_of_its_own() -> None:
    """OHIF shows one SEG of a series, the last."""
    three = clip()
    of = [reading(three, frame) for frame in (1, 3)]
    made = [pydicom.dcmread(io.BytesIO(seg.segmentation(three, one, masks(), report(*of), "job")))
            for one in of]  # fmt: skip
    assert made[0].SeriesInstanceUID != made[1].SeriesInstanceUID
    assert [one.SeriesDescription.split(" (")[0] for one in made] == [
        "FADA Segmentation 1", "FADA Segmentation 3",
    ]  # fmt: skip
    assert made[0].PerFrameFunctionalGroupsSequence[1].FrameContentSequence[
        0
    ].DimensionIndexValues == [2, 1]


def test_seg_refuses_masks_of_another_size() -> None:
    with pytest.raises(ValueError, match="size"):
        seg.segmentation(HEAD.dataset, reading(), {"CSP": np.zeros((3, 3), bool)}, report(), "job")


def test_each_group_of_a_report_has_a_place() -> None:
    """The ellipse; without one the lines' own points; and the frame's border where nothing was measured."""
    line = dataclasses.replace(
        reading(), measurements=(Measurement("FL", 220.0, 42.0, points=ENDS[:2]),), datings=()
    )
    bare = dataclasses.replace(reading(), measurements=(), datings=())
    all_places = []
    for one in (reading(), line, bare):
        places: list[tuple[str, str]] = []

        def walk(item: Dataset, places: list[tuple[str, str]] = places) -> None:
            if "GraphicType" in item:
                places.append((item.RelationshipType, item.GraphicType))
            for child in item.get("ContentSequence", ()):
                walk(child)

        walk(pydicom.dcmread(io.BytesIO(sr.measurement_report([HEAD.dataset], report(one), "job"))))
        all_places.append(places)
    assert all_places == [
        [("CONTAINS", "ELLIPSE")],
        [("INFERRED FROM", "POLYLINE")],
        [("CONTAINS", "POLYLINE")],
    ]


def test_how_a_femur_lies_is_an_angle_along_its_shaft() -> None:
    """In degrees, by a private code: no standard has one for it."""
    angle = Angle("FemurAngle", 12.3, points=ENDS[:2])
    one = dataclasses.replace(reading(), measurements=(), datings=(), angles=(angle,))
    angles: list[tuple[float, str]] = []

    def walk(item: Dataset) -> None:
        if "ConceptNameCodeSequence" in item:
            (name,) = item.ConceptNameCodeSequence
            if name.CodeMeaning == "Angle of the femur to the horizontal":
                (value,) = item.MeasuredValueSequence
                (unit,) = value.MeasurementUnitsCodeSequence
                angles.append((float(value.NumericValue), unit.CodeValue))
        for child in item.get("ContentSequence", ()):
            walk(child)

    walk(pydicom.dcmread(io.BytesIO(sr.measurement_report([HEAD.dataset], report(one), "job"))))
    assert angles == [(12.3, "deg")]


def texts(data: bytes) -> list[str]:
    """All text values of an SR."""
    text_values: list[str] = []

    def walk(item: Dataset) -> None:
        if "TextValue" in item:
            text_values.append(str(item.TextValue))
        for child in item.get("ContentSequence", ()):
            walk(child)

    walk(pydicom.dcmread(io.BytesIO(data)))
    return text_values


def test_the_label_stays_until_a_person_has_reviewed() -> None:
    made = every_object()
    for name in ("sr", "obgyn"):
        dataset = pydicom.dcmread(io.BytesIO(made[name]))
        assert dataset.VerificationFlag == "UNVERIFIED"
        assert "AI result, not for diagnosis, unreviewed" in texts(made[name])
        reviewed = pydicom.dcmread(io.BytesIO(made[f"{name} reviewed"]))
        assert reviewed.VerificationFlag == "VERIFIED"
        assert "Reviewed by Dr. A" in texts(made[f"{name} reviewed"])


def test_a_further_version_names_what_it_replaces() -> None:
    made = every_object()
    for name in ("sr of a further version", "obgyn of a further version"):
        (study,) = pydicom.dcmread(io.BytesIO(made[name])).PredecessorDocumentsSequence
        (series,) = study.ReferencedSeriesSequence
        named = [item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence]
        assert named == ["1.2.3.1", "1.2.3.2"]
    assert "PredecessorDocumentsSequence" not in pydicom.dcmread(io.BytesIO(made["sr reviewed"]))


def test_the_printed_page_as_an_object_of_the_study(tmp_path: Path) -> None:
    data = every_object()["pdf"]
    dataset = pydicom.dcmread(io.BytesIO(data))
    assert pdf_of(data) == b"%PDF-1.7 \n%%EOF"  # without the byte that fills it up
    assert len(dataset.EncapsulatedDocument) == len(pdf_of(data)) + 1
    assert dataset.VerificationFlag == "VERIFIED"
    assert len(dataset.SourceInstanceSequence) == 2
    if shutil.which("dcm2pdf") is not None:
        (tmp_path / "in.dcm").write_bytes(data)
        subprocess.run(["dcm2pdf", tmp_path / "in.dcm", tmp_path / "out.pdf"], check=True)
        assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-1.7")


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
    dump = subprocess.run(
        ["dsrdump", "+Pl", "+Pc", str(path)], capture_output=True, text=True
    ).stdout
    assert "(125000,DCM" in dump
    assert 'NUM:(11984-2,LN,"Head Circumference")="247.1"' in dump
    assert 'NUM:(18185-9,LN,"Gestational Age")="187.8"' in dump
    assert '(11932-1,LN,"HC, Hadlock 1984")' in dump
    assert "AI result, not for diagnosis, unreviewed" in dump


def test_no_millimetre_without_calibration() -> None:
    whole = report(reading(mm=None))
    assert procedure_report([HEAD.dataset], whole, "job") is None
    data = sr.measurement_report([HEAD.dataset], whole, "job")
    assert b"millimeter" not in data
    assert b"{pixels}" in data


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


def whole_examination() -> tuple[bytes, Examination]:
    """Head, abdomen and femur of one woman, with what people entered."""
    base = reading()
    more = [
        dataclasses.replace(
            base, plane=Scored(plane, 0.9), datings=(), frame=1,
            measurements=(Measurement(name, 500.0, mm, mm - 5, mm + 5, "ultrasound_region"),),
        )
        for plane, name, mm in (("abdomen", "AC", 225.0), ("femur", "FL", 49.0))
    ]  # fmt: skip
    frames = (base, *more)
    dating = date_pregnancy(date(2025, 6, 27), ())
    summary = summarise(frames, day=date(2026, 1, 2), dating=dating)
    facts = {
        "last_period": "2025-06-27", "parity": {"gravida": 2, "para": 1}, "fetuses": 1, "presentation": "cephalic", "heart_rate": 140,
        "placenta": {"site": "fundal"}, "fluid": {"kind": "index", "mm": 130},
        "anatomy": {"heart": "not_seen"}, "impression": "Seen.", "indication": "Growth.",
        "comment": "Come again.",
    }  # fmt: skip
    ann = Source(SourceKind.PERSON, "Ann", datetime(2026, 1, 2, 9, 30, tzinfo=UTC))
    phone = Source(SourceKind.PHONE, "Clinic 2")
    sources = {
        **dict.fromkeys([*facts, "anatomy.heart"], ann), "comment": phone,
        "indication": Source(SourceKind.ORDER, "A-7"), "last_period": Source(SourceKind.IMAGES),
    }  # fmt: skip
    whole = Examination(summary, facts, sources=sources)
    return procedure_report([HEAD.dataset], report(*frames), "job", (), whole) or b"", whole


def test_tid_5000_of_twins_has_a_container_for_each() -> None:
    _, whole = whole_examination()
    frames = (reading(),)
    together = summarise_several(frames, (), day=date(2026, 1, 2))
    twins = Examination(together, {"fetuses": 2}, (), {"A": whole, "B": whole})
    data = procedure_report([HEAD.dataset], report(*frames), "job", (), twins)
    assert data is not None
    root = pydicom.dcmread(io.BytesIO(data))
    biometry = [
        item for item in root.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Fetal Biometry"
    ]  # fmt: skip
    subjects = [item.ContentSequence[1].TextValue for item in biometry]
    assert subjects == ["A", "B"]


def test_tid_5000_holds_the_whole_examination(tmp_path: Path) -> None:
    data, whole = whole_examination()
    assert faults(data, tmp_path) == []
    if shutil.which("dsrdump") is None:
        pytest.skip("dcmtk is not installed")
    dump = subprocess.run(
        ["dsrdump", "+Pl", "+Pc", tmp_path / "object.dcm"], capture_output=True, text=True
    ).stdout
    assert whole.summary.weight is not None
    for line in (
        'DATE:(8665-2,LN,"LMP")="20250627"',
        'NUM:(11996-6,LN,"Gravida")="2.0"',
        'NUM:(11977-6,LN,"Para")="1.0"',
        'DATE:(11778-8,LN,"EDD")="20260403"',
        'NUM:(11878-6,LN,"Number of Fetuses by US")="1.0"',
        'NUM:(11979-2,LN,"Abdominal Circumference")="225.0"',
        'NUM:(11963-6,LN,"Femur Length")="49.0"',
        f'NUM:(11727-5,LN,"Estimated Weight")="{whole.summary.weight.grams:.0f}.0"',
        '(11732-5,LN,"EFW by AC, BPD, FL, HC, Hadlock 1985")',
        'NUM:(11947-9,LN,"HC/AC")=',
        'NUM:(11888-5,LN,"Composite Ultrasound Age")=',
        'NUM:(125012,DCM,"Growth Percentile Rank")=',
        '(IG21-2014-AC,99FADA,"INTERGROWTH-21st 2014 (AC)")',
        'NUM:(11948-7,LN,"Fetal Heart Rate")="140.0"',
        "cephalic",
        "not seen",
        '(121073,DCM,"Impression")="Seen."',
        '(121109,DCM,"Indications for Procedure")="Growth."',
        '(121106,DCM,"Comment")="Come again."',
    ):
        assert line in dump, line


def test_tid_5000_of_an_early_pregnancy(tmp_path: Path) -> None:
    """TID 5011: crown-rump length with the age by it, though no other measure is there."""
    crl = Measurement("CRL", 500.0, 50.0, 49.0, 51.0, "ultrasound_region")
    frames = (dataclasses.replace(reading(), datings=(), measurements=(crl,)),)
    whole = Examination(summarise(frames, day=date(2026, 1, 2)))
    data = procedure_report([HEAD.dataset], report(*frames), "job", (), whole)
    assert data is not None
    assert faults(data, tmp_path) == []
    dump = str(pydicom.dcmread(io.BytesIO(data)))
    for words in ("Early Gestation", "Crown Rump Length", "CRL, Hadlock 1992"):
        assert words in dump


def test_tid_5000_says_who_said_each_fact(tmp_path: Path) -> None:
    data, _ = whole_examination()
    assert faults(data, tmp_path) == []
    facts: dict[str, Any] = {}

    def walk(item: Any) -> None:
        for child in item.get("ContentSequence") or []:
            facts[child.ConceptNameCodeSequence[0].CodeMeaning] = child
            walk(child)

    walk(pydicom.dcmread(io.BytesIO(data)))
    for name in ("Impression", "Gravida", "Fetal Heart Rate", "Placenta", "Anatomy heart"):
        kind, observer = facts[name].ContentSequence
        assert kind.RelationshipType == observer.RelationshipType == "HAS OBS CONTEXT"
        assert kind.ConceptCodeSequence[0].CodeMeaning == "Person"
        assert str(observer.PersonName).rstrip("^") == "Ann"
        assert str(facts[name].ObservationDateTime).startswith("20260102093000")
    device = facts["Comment"].ContentSequence
    assert device[0].ConceptCodeSequence[0].CodeMeaning == "Device"
    assert "Clinic 2" in [one.get("TextValue") for one in device]
    for name, words in (
        ("LMP", "header of the images"),
        ("Indications for Procedure", "order A-7"),
    ):
        (text,) = facts[name].ContentSequence
        assert (text.RelationshipType, text.TextValue) == ("HAS CONCEPT MOD", words)
