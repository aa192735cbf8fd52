"""The header of a copy without the patient: PS3.15 annex E, Basic Application Confidentiality Profile.

What table E.1-1 lists is removed, emptied, or, of UIDs, replaced (``basic_profile.json``, made by
``make_profile``). Stricter than the table: of what it does not list, free text, names, dates, addresses
and unknown values stay out too, but for the words in ``_WORDS``; private elements and overlays always.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset

from services.dicom.objects.composite import derived_uid
from services.dicom.parser.dataset import readable
from services.domain.dicom.dates_of_copies import Dates

# Type 2 of patient, study, series and image in the ultrasound IODs (PS3.3 A.6, A.7): empty, never absent.
_TYPE_2: Final = (
    "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID",
    "ReferringPhysicianName", "SeriesNumber", "InstanceNumber", "Laterality", "PatientOrientation",
    "Manufacturer",
)  # fmt: skip
# Text that tells of the machine, the coding and the coding scheme, never of a person.
_WORDS: Final = frozenset(
    ("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "TransducerData", "CodeValue",
     "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning")
)  # fmt: skip
_FREE: Final = frozenset(
    ("LO", "SH", "LT", "ST", "UT", "UC", "PN", "UR", "AE", "AS", "DA", "DT", "TM", "UN", "OB", "OW", "OF",
     "OD", "OL", "OV")
)  # fmt: skip
_NUMBERS: Final = frozenset({"DS", "IS"})
_PIXEL_GROUP: Final = 0x7FE0
_TABLES: Final = 0x0028  # palettes and windows go into the pixels, so their data stays behind
_REGISTERED: Final = "1.2.840.10008."  # UIDs that the standard gives out name no object
_LONGEST_SHIFT: Final = 1825  # days
_CODES: Final = {
    "113100": "Basic Application Confidentiality Profile",
    "113101": "Clean Pixel Data Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
}


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Of one export: equal keys, equal UIDs, names and shifts; without the key there is no way back."""

    key: bytes
    patient: str  # who she is, in the exporting hub's words; never written
    dates: Dates = "removed"

    def keyed(self, *parts: str) -> str:
        """64 hexadecimal digits of HMAC-SHA256."""
        return hmac.digest(self.key, "\n".join(parts).encode(), hashlib.sha256).hex()

    def uid(self, uid: str) -> str:
        """The copy's UID for an object, series, study or frame of reference."""
        known = uid.startswith(_REGISTERED) or not uid
        return uid if known else derived_uid("pseudonym", self.keyed("uid", uid))

    @property
    def alias(self) -> str:
        """Patient name and ID of the copy."""
        return f"ANON-{self.keyed('patient', self.patient)[:12].upper()}"

    @property
    def shift(self) -> timedelta:
        """By how much this patient's dates go back, 1 to 1825 days."""
        days = 1 + int(self.keyed("dates", self.patient)[:8], 16) % _LONGEST_SHIFT
        return timedelta(days=days)


def header_of_copy(source: Dataset, pseudonyms: Pseudonyms) -> Dataset:
    """A data set without pixels, palettes and windows, in UTF-8; ``source`` is not changed."""
    made = _without_patient(readable(source), pseudonyms)
    for keyword in _TYPE_2:
        if keyword not in made:
            setattr(made, keyword, "")
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientName = made.PatientID = pseudonyms.alias
    made.PatientIdentityRemoved = "YES"
    shifted = pseudonyms.dates == "shifted"
    made.LongitudinalTemporalInformationModified = "MODIFIED" if shifted else "REMOVED"
    made.DeidentificationMethod = "FADA: PS3.15 table E.1-1, words in pixels blanked"
    codes = [code for code in _CODES if shifted or code != "113107"]
    made.DeidentificationMethodCodeSequence = [_code(code) for code in codes]
    return made


def _without_patient(elements: Iterable[Any], pseudonyms: Pseudonyms) -> Dataset:
    made = Dataset()
    for element in elements:
        tag = element.tag
        if (
            tag.is_private
            or tag.group in (_PIXEL_GROUP, 2)
            or tag.group & 0xFF00 in (0x5000, 0x6000)
        ):
            continue
        if tag.group == _TABLES and (element.VR in _FREE or element.VR == "SQ"):
            continue
        value = _value(element, pseudonyms)
        if value is not None:
            made.add_new(tag, element.VR, value)
    return made


def _value(element: Any, pseudonyms: Pseudonyms) -> Any:
    """What the copy says; None: nothing, not even that there was something."""
    action = actions().get(f"{element.tag.group:04X}{element.tag.element:04X}", "")
    if element.VR in ("DA", "DT") and pseudonyms.dates == "shifted" and action[:1] in "XZD":
        return None if element.keyword == "PatientBirthDate" else _moved(element, pseudonyms)
    if (
        element.VR == "TM"
        and pseudonyms.dates == "shifted"
        and element.keyword != "PatientBirthTime"
    ):
        return element.value
    if element.VR == "UI" and action in ("", "U"):
        return _uids(element.value, pseudonyms)
    if action or element.tag.element == 0:
        return None  # Z: those of type 2 are written empty afterwards
    if element.VR == "SQ":
        return [_without_patient(readable(item), pseudonyms) for item in element.value]
    if element.VR in _FREE and element.keyword not in _WORDS:
        return None
    if element.VR in _NUMBERS and not _numeric(element.value):
        return None
    return element.value


def _uids(value: Any, pseudonyms: Pseudonyms) -> Any:
    if isinstance(value, str) or value is None:
        return pseudonyms.uid(str(value or ""))
    return [pseudonyms.uid(str(one)) for one in value]


def _moved(element: Any, pseudonyms: Pseudonyms) -> str | None:
    """A date, or the date of a date and time, put back; None when it is no date."""
    text = str(element.value or "")
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) - pseudonyms.shift
    except (ValueError, OverflowError):
        return None
    return f"{day:%Y%m%d}{text[8:] if element.VR == 'DT' else ''}"


def _numeric(value: Any) -> bool:
    try:
        for one in [value] if isinstance(value, (str, int, float)) else value or ():
            float(one)
    except (TypeError, ValueError):
        return False
    return True


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", _CODES[value]
    return item


@lru_cache(maxsize=1)
def actions() -> dict[str, str]:
    """Table E.1-1: an action by tag, eight hexadecimal digits."""
    profile = json.loads(Path(__file__).with_name("basic_profile.json").read_text())
    return dict(profile["actions"])
