"""Patient, study and image of a source as the project writes them: each value valid, empty or left out.

What a machine or an archive wrote into a header is never copied into an object of our own: a date of
two values, a sex in words or an undecodable name would make that object invalid, or fail to be written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from services.dicom.parser.attributes import whole_number
from services.dicom.parser.dataset import value_of

_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_AGE = re.compile(r"\d{3}[DWMY]")
_DELIMITERS = {0x5C, 0x5E, 0x3D}


def source_header(source: Dataset) -> Dataset:
    """A data set of its own with UTF-8 text, for SEG, SR and secondary capture.

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
