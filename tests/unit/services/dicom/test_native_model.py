"""The Native DICOM Model: what dcmtk writes is read, and what is written says the same again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pydicom
import pytest

from services.dicom import native_model
from services.domain.errors import InvalidInput

STEP: dict[str, Any] = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Ida^^Dr", "Ideographic": "山田"}]},
    "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
    "00741204": {"vr": "LO", "Value": ["a < b & c"]},
    "00741004": {"vr": "DS", "Value": [12.5]},
    "00281101": {"vr": "US", "Value": [1, None, 3]},
    "00081195": {"vr": "UI"},
    "00404018": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["110004"]}}, {}]},
}


def test_a_data_set_comes_back_as_it_was() -> None:
    written = native_model.to_xml(STEP)
    assert b'keyword="ProcedureStepState"' in written
    assert native_model.from_xml(written) == STEP


@pytest.mark.skipif(shutil.which("dcm2xml") is None, reason="needs Debian's dcmtk")
def test_dcmtks_document_is_read(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(Path(__file__).parents[4] / "samples" / "head-27w.dcm")
    del dataset.PixelData
    dataset.save_as(tmp_path / "in.dcm")
    command = ["dcm2xml", "--native-format", str(tmp_path / "in.dcm"), str(tmp_path / "out.xml")]
    subprocess.run(command, check=True)
    read = native_model.from_xml((tmp_path / "out.xml").read_bytes())
    wanted = dataset.to_json_dict()
    same = [tag for tag in wanted if tag in read and "Value" in wanted[tag]]
    assert len(same) > 20
    for tag in same:
        assert read[tag]["vr"] == wanted[tag]["vr"], tag
        assert native_model.from_xml(native_model.to_xml({tag: read[tag]})) == {tag: read[tag]}
    for tag in ("0020000D", "00100010", "00100020", "00280010"):
        assert read[tag] == wanted[tag]


BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><NativeDicomModel>&a;</NativeDicomModel>"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"<x/>", BOMB, b"\xff\xfe<",
        b"<NativeDicomModel><DicomAttribute tag='1' vr='LO'/></NativeDicomModel>",
        b"<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value number='0'/></DicomAttribute></NativeDicomModel>",
        b"<NativeDicomModel><DicomAttribute tag='00280010' vr='US'><Value number='1'>x</Value></DicomAttribute></NativeDicomModel>",
        b"<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value number='900000'/></DicomAttribute></NativeDicomModel>",
        b"<NativeDicomModel>" + b"<DicomAttribute tag='00400100' vr='SQ'><Item number='1'>" * 40
        + b"</Item></DicomAttribute>" * 40 + b"</NativeDicomModel>",
    ],
)  # fmt: skip
def test_what_is_no_data_set(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        native_model.from_xml(body)
