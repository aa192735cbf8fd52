"""Copies without the patient: what stands in the header, what can be seen in the pixels."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from bench.deidentify.planted_words import plant
from services.dicom.deidentification.copies import deidentified
from services.dicom.deidentification.profile import Pseudonyms, actions, header_of_copy
from services.dicom.deidentification.scan_area import kept, regions
from services.dicom.deidentification.text_finder import text_in
from services.dicom.parser.frames import Frames, calibration

SAMPLES = Path(__file__).parents[5] / "samples"
KEY = Pseudonyms(b"key of an export", "issuer/1234")
SHIFTED = Pseudonyms(KEY.key, KEY.patient, "shifted")


def canaries() -> Dataset:
    """A head with CANARY in every kind of place that a name could stand in."""
    source = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    for keyword in (
        "PatientName", "PatientID", "AccessionNumber", "InstitutionName", "StudyDescription",
        "ImageComments", "OperatorsName", "StationName", "DeviceSerialNumber", "PatientComments",
        "ReferringPhysicianName", "RequestedProcedureDescription", "ProtocolName", "StudyID",
        "AcquisitionDeviceProcessingDescription",
    ):  # fmt: skip
        setattr(source, keyword, "CANARY")
    source.StudyDate, source.StudyTime, source.PatientBirthDate = "20260301", "101112", "19910312"
    source.AcquisitionDateTime = "20260303101112.5"
    source.add_new(0x00091001, "LO", "CANARY")
    source.add_new(0x60000010, "US", 2)
    source.add_new(0x60001500, "LO", "CANARY")
    source.add_new(0x00189999, "UN", b"CANARY")
    source.InstanceNumber = "1"
    item, code = Dataset(), Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
    item.ReferencedSOPInstanceUID = "1.2.3.99"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "DCM", "Fetal head"
    code.LongCodeValue = "CANARY"
    source.ReferencedImageSequence = [item]
    source.ViewCodeSequence = [code]
    return source


def test_the_header_tells_of_the_picture_alone() -> None:
    source = canaries()
    made = header_of_copy(source, KEY)
    written = made.to_json()
    assert "CANARY" not in written
    assert "20260301" not in written
    assert "1.2.3.99" not in written
    assert str(source.StudyInstanceUID) not in written
    assert made.PatientName == made.PatientID == KEY.alias
    assert (made.StudyDate, made.PatientBirthDate, made.AccessionNumber) == ("", "", "")
    assert made.PatientIdentityRemoved == "YES"
    assert made.LongitudinalTemporalInformationModified == "REMOVED"
    codes = [item.CodeValue for item in made.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113101"]
    assert made.ViewCodeSequence[0].CodeMeaning == "Fetal head"
    assert made.SOPClassUID == source.SOPClassUID
    assert calibration(made) == calibration(source)


def test_pseudonyms_hold_within_an_export_and_nowhere_else() -> None:
    source = canaries()
    one, again = header_of_copy(source, KEY), header_of_copy(source, KEY)
    other = header_of_copy(source, Pseudonyms(b"another key", KEY.patient))
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID"):
        assert one[keyword].value == again[keyword].value != other[keyword].value


def test_shifted_dates_keep_their_distance() -> None:
    source = canaries()
    made = header_of_copy(source, SHIFTED)
    study = pydicom.valuerep.DA(made.StudyDate)
    acquired = pydicom.valuerep.DT(made.AcquisitionDateTime)
    assert study is not None
    assert acquired is not None
    assert (acquired.date() - study).days == 2
    assert 1 <= (pydicom.valuerep.DA("20260301") - study).days <= 1825
    assert made.PatientBirthDate == ""
    assert made.StudyTime == "101112"
    assert made.LongitudinalTemporalInformationModified == "MODIFIED"


def test_a_header_of_odd_values_is_copied() -> None:
    source = canaries()
    source.StudyDate = "in spring"
    source.add_new(0x00180088, "DS", "")
    source["InstanceNumber"]._value = "CANARY 7"
    assert "CANARY" not in header_of_copy(source, SHIFTED).to_json()


def test_the_table_is_the_standards() -> None:
    table = actions()
    assert len(table) > 600
    assert (table["00100010"], table["00080020"], table["00081030"]) == ("Z", "Z", "X")
    assert table["0020000D"] == "U"


def test_names_in_a_picture_are_blanked_and_the_head_stays() -> None:
    pixels = np.asarray(Image.open(SAMPLES / "head-27w.png").convert("L"))
    written, planted = plant(pixels, random.Random(5), 4)
    shown = kept([written])
    assert len(planted) >= 3
    strokes = sum(int(one.pixels.sum()) for one in planted)
    assert sum(int((one.pixels & ~shown).sum()) for one in planted) >= 0.99 * strokes
    clean = kept([pixels])
    assert (clean & (pixels > 60)).sum() > 0.9 * (pixels > 60).sum()


def test_coloured_words_over_bright_tissue_are_blanked() -> None:
    """Light blue on the skull: as bright as what lies under it, and 7 pixels high."""
    head = Image.open(SAMPLES / "head-27w.png").convert("RGB").resize((256, 173))
    picture = np.asarray(head)
    ImageDraw.Draw(head).text((98, 27), "N. Li", (120, 200, 255), ImageFont.load_default(9))
    written = np.asarray(head)
    strokes = np.abs(written.astype(int) - picture).max(axis=2) > 60
    assert (strokes & text_in(written)).sum() >= 0.99 * strokes.sum() > 0
    assert text_in(picture).mean() < 0.05


def test_grey_words_in_a_small_picture_are_blanked() -> None:
    """As grey as the skull under them, 7 pixels high."""
    head = Image.open(SAMPLES / "head-27w.png").convert("L").resize((256, 173))
    picture = np.asarray(head)
    ImageDraw.Draw(head).text((148, 6), "K. NDIAYE", 200, ImageFont.load_default(9))
    written = np.asarray(head)
    strokes = np.abs(written.astype(int) - picture) > 30
    assert (strokes & text_in(written)).sum() >= 0.99 * strokes.sum() > 0


def test_a_whole_copy(tmp_path: Path) -> None:
    source = canaries()
    raw = io.BytesIO()
    source.save_as(raw)
    data = deidentified(Frames.of_bytes(raw.getvalue()), KEY)
    assert b"CANARY" not in data
    copy = pydicom.dcmread(io.BytesIO(data))
    assert copy.BurnedInAnnotation == "NO"
    assert copy.ImageType[0] == "DERIVED"
    assert Frames.of_bytes(data).read(1).shape[:2] == (source.Rows, source.Columns)


def test_regions_bound_what_is_shown() -> None:
    source = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    region = source.SequenceOfUltrasoundRegions[0]
    region.RegionLocationMinX0, region.RegionLocationMaxX1 = 100, 199
    area = regions(source, source.Rows, source.Columns)
    assert area is not None
    assert np.flatnonzero(area.any(axis=0)).tolist() == list(range(100, 200))
    region.RegionLocationMinX0 = "no number"
    assert regions(source, source.Rows, source.Columns) is None


@pytest.mark.parametrize("shape", [(64, 80), (64, 80, 3)])
def test_a_black_picture_shows_nothing(shape: tuple[int, ...]) -> None:
    assert not kept([np.zeros(shape, np.uint8)]).any()
