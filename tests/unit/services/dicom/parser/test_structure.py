"""What the parser forgives, and how it is written out again; and a folder of real ultrasound files."""

from __future__ import annotations

import csv
import io
import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from services.dicom.objects.composite import source_header
from services.dicom.parser.dataset import read_dataset
from services.dicom.parser.dicom_json import metadata
from services.dicom.parser.frames import Frames, calibration
from services.dicom.parser.parse import Limits, meta, parse_file
from services.dicom.parser.structure import walk
from services.domain.errors import FrameUndecodable, InvalidDicom

ODD = Path(__file__).parents[4] / "fixtures" / "odd"
DICOM_US = Path(__file__).parents[5].parent / "shared" / "data" / "dicom-us"
LIMITS = Limits(inflated_bytes=2**28, pixels=2**30, frames=1000)
IRREGULAR = (
    "item_defined_length_then_item_delimiter",
    "item_delimiter_at_end",
    "item_ends_with_sequence_delimiter",
    "private_vr_unknown",
    "sq_defined_length_with_delimiter",
    "implicit_data_in_explicit_syntax",
)
SAMPLES = Path(__file__).parents[5] / "samples"
PLAIN = pydicom.dcmread(SAMPLES / "head-27w.dcm")


@pytest.mark.parametrize("name", IRREGULAR)
def test_an_irregular_data_set_is_written_out_properly(name: str, tmp_path: Path) -> None:
    data = (ODD / f"{name}.dcm").read_bytes()
    dataset = read_dataset(data)
    assert dataset.Rows == PLAIN.Rows
    assert dataset.SequenceOfUltrasoundRegions[0].PhysicalUnitsXDirection == 3
    from services.dicom.parser.rewriter import rewritten

    syntax, start = meta(memoryview(data))
    proper = rewritten(memoryview(data), start, syntax)
    layout = walk(memoryview(proper), start, len(proper), syntax)
    assert (
        layout.elements.keys() == walk(memoryview(data), start, len(data), syntax).elements.keys()
    )
    if name != "implicit_data_in_explicit_syntax":  # its meta information stays as it was
        assert not layout.irregular


@pytest.mark.parametrize("tag", [b"\2\0\3\0UI", b"\2\0\x12\0UI"], ids=["instance", "class"])
@pytest.mark.parametrize("name", ["plain", "item_delimiter_at_end", "deflated"])
def test_an_unknown_value_representation_in_the_meta_information(name: str, tag: bytes) -> None:
    """pydicom alone would find no transfer syntax behind it."""
    data = _deflated() if name == "deflated" else _file(name)
    odd = data.replace(tag, tag[:4] + b"uI", 1)
    assert odd != data
    read = read_dataset(odd)
    assert read.file_meta.TransferSyntaxUID == meta(memoryview(data))[0]
    assert read.SOPInstanceUID == read_dataset(data).SOPInstanceUID
    assert np.array_equal(Frames(read).read(1), Frames.of_bytes(data).read(1))


def _file(name: str) -> bytes:
    path = SAMPLES / "head-27w.dcm" if name == "plain" else ODD / f"{name}.dcm"
    return path.read_bytes()


def _deflated() -> bytes:
    plain = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    plain.decompress()
    plain.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    written = io.BytesIO()
    pydicom.dcmwrite(written, plain)
    return written.getvalue()


def test_a_delimiter_with_a_length_is_refused() -> None:
    data = (ODD / "item_delimiter_at_end.dcm").read_bytes()
    at = data.rindex(b"\xfe\xff\x0d\xe0")
    with pytest.raises(InvalidDicom, match="delimiter"):
        read_dataset(data[: at + 4] + struct.pack("<I", 8) + bytes(8))


def test_a_damaged_frame_is_passed_over_and_a_clip_of_them_is_refused() -> None:
    frames = Frames.of_file(ODD / "cine_second_frame_damaged.dcm")
    assert [number for number, _ in frames.readable(range(1, frames.count + 1))] == [1, 3, 4]
    with pytest.raises(FrameUndecodable):
        list(frames.readable([2]))


def test_a_wrong_offset_table_is_not_needed() -> None:
    frames = Frames.of_file(ODD / "cine_bot_bad.dcm")
    assert len({bytes(frames.raw(number)[:2]) for number in range(1, frames.count + 1)}) == 1
    assert all(frame.shape == (frames.rows, frames.columns) for frame in frames)


@pytest.mark.parametrize("name", ["palette_8_in_16_low", "palette_16_declared_8_values"])
def test_a_palette_by_its_values(name: str) -> None:
    shown = Frames.of_file(ODD / f"{name}.dcm").read(1)
    assert int(shown.max()) > 200
    assert np.array_equal(shown[..., 0], shown[..., 1])


def test_text_of_an_escaped_character_set_is_one_value() -> None:
    parsed = parse_file(ODD / "desc_iso2022_ir87_backslash.dcm", LIMITS)
    (description,) = parsed.study_attributes["00081030"]["Value"]
    assert len(description) == 1
    header = source_header(read_dataset(ODD / "desc_iso2022_ir87_backslash.dcm"))
    assert header.StudyDescription == description


@pytest.mark.parametrize(
    ("name", "keyword", "value"),
    [
        ("charset_odd_name", "PatientName", "MÜLLER^ZOË"),
        ("sex_female_word", "PatientSex", ""),
        ("study_date_multivalue", "StudyDate", "20250115"),
        ("pn_multivalue", "PatientName", "DOE^JANE"),
        ("patient_id_missing", "PatientID", ""),
    ],
)
def test_headers_of_our_own(name: str, keyword: str, value: str) -> None:
    header = source_header(read_dataset(ODD / f"{name}.dcm"))
    assert str(header[keyword].value or "") == value


@pytest.mark.parametrize("name", ["fd_wrong_length", "fl_private_wrong_length"])
def test_metadata_leaves_out_what_cannot_be_read(name: str) -> None:
    known = metadata(read_dataset(ODD / f"{name}.dcm"))
    assert known["00280010"]["Value"] == [PLAIN.Rows]
    assert {"00186030", "00191002"}.isdisjoint(known)


def _index() -> list[dict[str, str]]:
    if not DICOM_US.is_dir():
        return []
    with (DICOM_US / "index.csv").open() as handle:
        return list(csv.DictReader(handle))


@pytest.mark.skipif(not DICOM_US.is_dir(), reason="needs the folder of ultrasound files")
@pytest.mark.parametrize("row", _index(), ids=lambda row: row["file"])
def test_real_ultrasound_files(row: dict[str, str]) -> None:
    """Every public file is parsed and each frame shown; those that state a scale have it."""
    path = DICOM_US / row["file"]
    parsed = parse_file(path, LIMITS)
    assert (parsed.rows, parsed.columns) == (int(row["rows"]), int(row["columns"]))
    frames = Frames.of_file(path)
    assert frames.count == parsed.frames == int(row["frames"])
    for frame in frames:
        assert frame.shape[:2] == (parsed.rows, parsed.columns)
        assert int(frame.max()) > int(frame.min())
    stated = "unit 3" in row["regions"]
    assert bool(calibration(frames.dataset).regions) == stated
    assert metadata(frames.dataset)["00280010"]["Value"] == [parsed.rows]
