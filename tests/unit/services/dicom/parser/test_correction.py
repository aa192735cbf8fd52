"""A corrected object says who the woman is, and is otherwise the stored one."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from services.dicom.parser.correction import corrected
from services.domain.patient import Identity, identity_attributes

SAMPLES = Path(__file__).parents[5] / "samples"
NOW = identity_attributes(Identity("P-2", "Yamada^Hanako=山田^花子", "1990-02-01"))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_only_the_patient_changes(tmp_path: Path, syntax: str) -> None:
    dataset = dcmread(SAMPLES / "head-27w.dcm")
    dataset.decompress()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName, dataset.StudyDescription = "Müller^Ida", "für später"
    dataset.file_meta.TransferSyntaxUID = syntax  # type: ignore[assignment]
    stored = tmp_path / "stored.dcm"
    dataset.save_as(stored, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    given = dcmread(io.BytesIO(corrected(stored, NOW)))
    assert given.file_meta.TransferSyntaxUID == syntax
    assert (given.PatientID, given.PatientBirthDate) == ("P-2", "19900201")
    assert given.PatientName.ideographic == "山田^花子"
    assert given.StudyDescription == "für später"
    assert given.SOPInstanceUID == dataset.SOPInstanceUID
    assert given.PixelData == dataset.PixelData
    assert given.SequenceOfUltrasoundRegions == dataset.SequenceOfUltrasoundRegions


def test_what_is_not_known_is_empty() -> None:
    data = (SAMPLES / "head-27w.dcm").read_bytes()
    given = dcmread(io.BytesIO(corrected(data, identity_attributes(Identity("P-2")))))
    assert (given.PatientID, str(given.PatientName), given.PatientBirthDate) == ("P-2", "", "")
