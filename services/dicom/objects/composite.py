"""What every composite object that is written here has: the source's header, labels, times, UIDs, file.

What a machine or an archive wrote into a header is never copied into an object of our own: a date of
two values, a sex in words or an undecodable name would make that object invalid, or fail to be written.
Each value of patient, study and image is valid, empty or left out (PS3.3 A.1, C.7).
"""

from __future__ import annotations

import io
import re
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID

from services.dicom.parser.attributes import whole_number
from services.dicom.parser.dataset import value_of
from services.domain.report import Abstention, Report

# Namespace of FADA's own UIDs; must never change.
_NAMESPACE = uuid.UUID("5d1ab7a0-8a4f-5e0c-9f0e-2a6f0c6d8a11")

IMPLEMENTATION_CLASS = f"2.25.{uuid.uuid5(_NAMESPACE, 'implementation').int}"
IMPLEMENTATION_VERSION = "FADA_1"

REASONS = {
    Abstention.OUT_OF_SCOPE: "not a fetal ultrasound of a plane that the model knows",
    Abstention.TOO_POOR: "image quality below what the model was validated on",
    Abstention.UNKNOWN_PLANE: "no plane is confident enough",
    Abstention.UNKNOWN_SUBPLANE: "no level of the head is confident enough",
    Abstention.LOW_CONFIDENCE: "confidence too low",
    Abstention.NOT_CALIBRATED: "px only: not calibrated",
    Abstention.OUT_OF_RANGE: "outside the range of the formula",
}
PATIENT_AND_STUDY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID", "StudyDescription",
    "IssuerOfPatientID", "PatientAge",
)  # fmt: skip
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_AGE = re.compile(r"\d{3}[DWMY]")
_DELIMITERS = {0x5C, 0x5E, 0x3D}


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A stored object, as others refer to it."""

    study_uid: str
    series_uid: str
    sop_class: str
    sop_uid: str


def derived_uid(*cause: str) -> str:
    """A UID of the form 2.25.<integer of a UUIDv5> (PS3.5 annex B.2), a function of ``cause`` alone."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(31).join(cause)).int}"


def series_description(what: str, report: Report) -> str:
    """A series description (LO, at most 64 characters) with the state of the result."""
    state = "reviewed" if report.reviewed_by else "AI, unreviewed, not for diagnosis"
    return f"FADA {what} ({state})"[:64]


def stamp(ds: Dataset, report: Report) -> None:
    """Times of the report instead of the clock's, so that a run again makes the same bytes."""
    date, time = report.created_at.strftime("%Y%m%d"), report.created_at.strftime("%H%M%S")
    ds.ContentDate, ds.ContentTime = date, time
    ds.SeriesDate, ds.SeriesTime = date, time
    for name, value in (("InstanceCreationDate", date), ("InstanceCreationTime", time)):
        if name in ds:
            setattr(ds, name, value)
    if "ContributingEquipmentSequence" in ds:
        for item in ds.ContributingEquipmentSequence:
            if "ContributionDateTime" in item:
                item.ContributionDateTime = f"{date}{time}"
    if "PixelData" in ds:
        ds.ImageComments = report.label


def part10(ds: Dataset, transfer_syntax: str) -> bytes:
    """The bytes of a whole file with FADA's file meta information; deterministic."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    out = io.BytesIO()
    whole = FileDataset("", ds, preamble=b"\0" * 128, file_meta=meta)
    dcmwrite(out, whole, enforce_file_format=True)
    return out.getvalue()


def source_header(source: Dataset) -> Dataset:
    """A data set of its own with UTF-8 text, for SEG and SR.

    Patient and study attributes of type 1 and 2 are there (PS3.3 C.7.1, C.7.2), those of type 3 that
    help to find it where they say something; of the image the UIDs, its size and the equipment.

    Args:
        source: the image's data set (``Frames.dataset``); it is not changed.
    """
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
        setattr(header, keyword, str(source.get(keyword, "")))
    for keyword, clean in _ALWAYS.items():
        setattr(header, keyword, clean(_text(source, keyword)))
    for keyword, clean in _IF_THERE.items():
        if value := clean(_text(source, keyword)):
            setattr(header, keyword, value)
    header.Modality = "US"
    header.Rows, header.Columns = int(source.Rows), int(source.Columns)
    if (frames := frame_count(source)) > 1:
        header.NumberOfFrames = frames
    return header


def frame_count(source: Dataset) -> int:
    """NumberOfFrames; 1 when it is absent, empty or 0."""
    return whole_number(str(value_of(source, "NumberOfFrames") or 1)) or 1


def _text(source: Dataset, keyword: str) -> str:
    """The first value, decoded; "" when there is none. A backslash within a character is none."""
    raw = source.get_item(keyword)
    if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes):
        try:
            names = value_of(source, "SpecificCharacterSet") or ""
            names = [names] if isinstance(names, str) else list(names)
            text = decode_bytes(raw.value, convert_encodings(names), _DELIMITERS)
        except Exception:  # a character set that nobody knows
            text = raw.value.decode("ascii", "replace")
    else:
        value: Any = value_of(source, keyword)
        if value is None:
            return ""
        many = not isinstance(value, str) and hasattr(value, "__getitem__")
        text = str(value[0] if many else value)
    first = text.split("\\", 1)[0]
    return "".join(c for c in first if unicodedata.category(c)[0] != "C").strip()


def person(name: str) -> str:
    """A user's name as a PN value: the family name component alone, as nothing else is known."""
    return (name.replace("\\", " ").replace("=", " ").replace("^", " ")[:60] or "unknown") + "^"


def _long(text: str) -> str:
    return text[:64].strip()


def _short(text: str) -> str:
    return text[:16].strip()


def _name(text: str) -> str:
    """A PN: at most three groups of at most five components and 64 characters (PS3.5 section 6.2)."""
    groups = ["^".join(g.split("^")[:5])[:64] for g in text.split("=")[:3]]
    return "=".join(groups).rstrip("=")


def _date(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y%m%d").strftime("%Y%m%d") if len(text) == 8 else ""
    except ValueError:
        return ""


def _time(text: str) -> str:
    return text if _TIME.fullmatch(text) else ""


def _sex(text: str) -> str:
    return text if text in ("M", "F", "O") else ""


def _age(text: str) -> str:
    return text if _AGE.fullmatch(text) else ""


_Clean = Callable[[str], str]
_ALWAYS: dict[str, _Clean] = {
    "PatientName": _name, "PatientID": _long, "PatientBirthDate": _date, "PatientSex": _sex,
    "StudyDate": _date, "StudyTime": _time, "AccessionNumber": _short,
    "ReferringPhysicianName": _name, "StudyID": _short, "Manufacturer": _long,
}  # fmt: skip
_IF_THERE: dict[str, _Clean] = {
    "StudyDescription": _long, "IssuerOfPatientID": _long, "PatientAge": _age,
    "ManufacturerModelName": _long, "DeviceSerialNumber": _long, "SoftwareVersions": _long,
}  # fmt: skip
