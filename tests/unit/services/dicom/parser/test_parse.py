"""The bounded parser against files that lie: cut, nested, inflated, renamed (cases 27, 29, 31 to 35)."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from services.dicom.objects.composite import part10
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.dicom.parser.dataset import read_dataset
from services.dicom.parser.parse import Limits, ParsedInstance, parse_bytes, parse_file
from services.domain.errors import (
    FadaError,
    InvalidDicom,
    InvalidUid,
    TooLarge,
    UnsupportedObject,
)

SAMPLES = Path(__file__).parents[5] / "samples"
LIMITS = Limits(inflated_bytes=8 * 2**20, pixels=2**28, frames=100)
NATIVE = ultrasound_object(
    PictureFrames((np.arange(20 * 30) % 255).astype(np.uint8).reshape(1, 20, 30)),
    Subject("native", patient_name="Ωmega^Ünïcode", patient_id="P-1"),
    (0.2, 0.2),
)


def parsed(tmp_path: Path, data: bytes) -> ParsedInstance:
    path = tmp_path / "file"
    path.write_bytes(data)
    return parse_file(path, LIMITS)


def dataset(data: bytes = NATIVE) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def changed(**values: object) -> bytes:
    ds = dataset()
    for name, value in values.items():
        setattr(ds, name, value)
    return part10(ds, ds.file_meta.TransferSyntaxUID)


def test_reads_what_the_index_keeps(tmp_path: Path) -> None:
    got, want = parsed(tmp_path, NATIVE), dataset()
    assert got.sop_uid == want.SOPInstanceUID
    assert (got.rows, got.columns, got.frames, got.modality) == (20, 30, 1, "US")
    assert got.study_attributes["00100010"]["Value"] == [{"Alphabetic": "Ωmega^Ünïcode"}]
    assert got.study_attributes["00080005"]["Value"] == ["ISO_IR 192"]
    assert got.attributes["00200013"]["Value"] == [1]


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.dcm")), ids=lambda p: p.name)
def test_every_attribute_agrees_with_pydicom(path: Path) -> None:
    got = parse_file(path, LIMITS)
    want = pydicom.dcmread(path).to_json_dict(bulk_data_threshold=1 << 30)
    for tag, entry in {**got.study_attributes, **got.attributes}.items():
        if tag != "00080005":
            assert entry == want[tag], tag


def test_the_length_of_the_meta_information_may_be_missing(tmp_path: Path) -> None:
    assert parsed(tmp_path, NATIVE[:132] + NATIVE[144:]).rows == 20


def test_implicit_and_big_endian_are_read(tmp_path: Path) -> None:
    ds = dataset()
    implicit = part10(ds, ImplicitVRLittleEndian)
    assert parsed(tmp_path, implicit).rows == 20
    dcmconv = tmp_path / "big.dcm"
    big = dataset()
    out = io.BytesIO()
    big.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
    pydicom.dcmwrite(out, big, little_endian=False, implicit_vr=False, enforce_file_format=True)
    dcmconv.write_bytes(out.getvalue())
    assert parse_file(dcmconv, LIMITS).columns == 30


@pytest.mark.parametrize("source", ["native", "jpeg", "implicit", "deflated"])
def test_a_file_cut_at_any_byte_is_refused(source: str) -> None:
    """Case 35: pydicom reads most of these without a warning."""
    whole = {
        "native": NATIVE,
        "jpeg": (SAMPLES / "head-35w.dcm").read_bytes(),
        "implicit": part10(dataset(), ImplicitVRLittleEndian),
        "deflated": part10(dataset(), DeflatedExplicitVRLittleEndian),
    }[source]
    step = 1 if len(whole) < 4000 else 7
    accepted = []
    for length in [*range(0, len(whole) - 200, step), *range(len(whole) - 200, len(whole))]:
        try:
            _parse(whole[:length])
            accepted.append(length)
        except FadaError:
            continue
    # A deflated data set is padded to an even length (PS3.5 annex A.5): that byte is no content.
    assert accepted == ([len(whole) - 1] if source == "deflated" and whole[-1] == 0 else [])
    _parse(whole)


def _parse(data: bytes) -> ParsedInstance:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return parse_file(Path(file.name), LIMITS)


def test_a_report_cut_before_its_content_is_refused() -> None:
    ds = pydicom.Dataset()
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.88.33", "SR"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.4", "1.2.5"
    with pytest.raises(InvalidDicom):
        parse_bytes(part10(ds, "1.2.840.10008.1.2.1"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_damage_is_worse_than_a_refusal(data: st.DataObject) -> None:
    """Any bytes changed anywhere: parsed or refused by name, never another error."""
    damaged = bytearray(
        data.draw(st.sampled_from([NATIVE, part10(dataset(), "1.2.840.10008.1.2")]))
    )
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, 1500))] = data.draw(st.integers(0, 255))
    status = 400
    try:
        _parse(bytes(damaged))
    except FadaError as error:
        status = error.status
    assert status in (400, 413)


def test_a_deflate_bomb_is_stopped(tmp_path: Path) -> None:
    """Case 27: 200 KB that inflate to 200 MB; nothing beyond the cap is written."""
    head = NATIVE[: 144 + struct.unpack_from("<I", NATIVE, 140)[0]]
    ds = dataset()
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    meta = part10(ds, DeflatedExplicitVRLittleEndian)
    meta = meta[: 144 + struct.unpack_from("<I", meta, 140)[0]]
    assert len(head) > 140
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = engine.compress(bytes(200 * 2**20)) + engine.flush()
    with pytest.raises(TooLarge):
        parsed(tmp_path, meta + bomb)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("implicit", [False, True])
def test_sequences_nested_twenty_thousand_deep(tmp_path: Path, implicit: bool) -> None:
    """Case 31: with undefined lengths; the walk does not recurse."""
    syntax = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
    ds = dataset()
    whole = part10(ds, syntax)
    opening = b"\x08\x00\x15\x11" + (b"" if implicit else b"SQ\0\0") + b"\xff\xff\xff\xff"
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    close = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    nested = (opening + item) * 20_000 + close * 20_000
    with pytest.raises(InvalidDicom, match="nested"):
        parsed(tmp_path, whole + nested)


def test_nesting_by_defined_lengths(tmp_path: Path) -> None:
    inner = b""
    for _ in range(200):
        item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(inner)) + inner
        inner = b"\x08\x00\x15\x11SQ\0\0" + struct.pack("<I", len(item)) + item
    with pytest.raises(InvalidDicom, match="nested"):
        parsed(tmp_path, NATIVE + inner)


@pytest.mark.parametrize(
    "uid", ["1.2.../../etc", "1.2.3\0.4", "1." + "2" * 64, "1.2.", "1..2", "a.b"]
)
@pytest.mark.parametrize("name", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_a_malformed_uid_is_refused(tmp_path: Path, name: str, uid: str) -> None:
    """Case 32; the value is not echoed."""
    tag = {"StudyInstanceUID": b"\x20\x00\x0d\x00", "SeriesInstanceUID": b"\x20\x00\x0e\x00",
           "SOPInstanceUID": b"\x08\x00\x18\x00"}[name]  # fmt: skip
    at = NATIVE.index(tag + b"UI", 300)
    (length,) = struct.unpack_from("<H", NATIVE, at + 6)
    value = uid.encode() + b"\0" * (len(uid) % 2)
    data = NATIVE[:at] + tag + b"UI" + struct.pack("<H", len(value)) + value
    with pytest.raises(InvalidUid) as refused:
        parsed(tmp_path, data + NATIVE[at + 8 + length :])
    assert not uid or uid not in refused.value.detail


@pytest.mark.parametrize("name", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_a_uid_that_is_missing_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidUid):
        parsed(tmp_path, changed(**{name: ""}))


def test_the_instance_may_be_named_by_the_meta_information_alone(tmp_path: Path) -> None:
    uid = str(dataset().SOPInstanceUID)
    at = NATIVE.index(b"\x08\x00\x18\x00UI", 300)
    without = NATIVE[:at] + NATIVE[at + 8 + NATIVE[at + 6] :]
    got = parsed(tmp_path, without)
    assert (got.sop_uid, got.attributes["00080018"]["Value"]) == (uid, [uid])
    assert read_dataset(without).SOPInstanceUID == uid


def test_a_huge_image_is_refused_before_decoding(tmp_path: Path) -> None:
    """Case 29: 65535 squared, in a few bytes of RLE."""
    ds = dataset()
    ds.Rows = ds.Columns = 65535
    ds.PixelData = encapsulate([b"\x01\0\0\0\x40\0\0\0" + b"\0" * 56 + b"\x81\0"])
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(TooLarge):
        parsed(tmp_path, part10(ds, RLELossless))


def test_a_long_clip_is_refused_before_decoding(tmp_path: Path) -> None:
    ds = dataset()
    ds.NumberOfFrames = 101
    with pytest.raises(TooLarge):
        parsed(tmp_path, part10(ds, "1.2.840.10008.1.2.1"))


def test_a_jpeg_that_claims_another_size_is_refused(tmp_path: Path) -> None:
    data = bytearray((SAMPLES / "head-35w.dcm").read_bytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(InvalidDicom, match="another size"):
        parsed(tmp_path, bytes(data))


def test_fewer_frames_than_the_header_says(tmp_path: Path) -> None:
    ds = dataset((SAMPLES / "head-35w.dcm").read_bytes())
    ds.NumberOfFrames = 2
    with pytest.raises(InvalidDicom):
        parsed(tmp_path, part10(ds, ds.file_meta.TransferSyntaxUID))


def test_a_dicomdir_is_refused(tmp_path: Path) -> None:
    """Case 34, CVE-2026-32711: never followed, whatever it names."""
    ds = dataset()
    ds.SOPClassUID = "1.2.840.10008.1.3.10"
    ds.FileSetID = "../../etc"
    with pytest.raises(UnsupportedObject, match="DICOMDIR"):
        parsed(tmp_path, part10(ds, "1.2.840.10008.1.2.1"))


@pytest.mark.parametrize(
    "sop_class",
    ["1.2.840.10008.5.1.4.1.1.104.2", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.66"],
)
def test_other_objects_are_refused(tmp_path: Path, sop_class: str) -> None:
    """An encapsulated CDA, a CT image, raw data."""
    with pytest.raises(UnsupportedObject):
        parsed(tmp_path, changed(SOPClassUID=sop_class))


def test_an_attribute_may_not_be_a_novel(tmp_path: Path) -> None:
    with pytest.raises(InvalidDicom):
        parsed(tmp_path, changed(StudyDescription="x" * 60_000))


def test_what_is_no_dicom_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"DICM", b"\0" * 5000, (SAMPLES / "head-27w.png").read_bytes()):
        with pytest.raises(InvalidDicom):
            parsed(tmp_path, data)
