"""Attribute matching of QIDO-RS on DICOM JSON (PS3.4 C.2.2.2), for series and instances.

The index matches studies itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from services.domain.errors import InvalidInput

# Keyword → tag of what can be named in a query; any tag can be given by its eight digits.
TAGS = {
    "SpecificCharacterSet": "00080005", "ImageType": "00080008", "SOPClassUID": "00080016",
    "SOPInstanceUID": "00080018", "StudyDate": "00080020", "AcquisitionDate": "00080022",
    "ContentDate": "00080023", "StudyTime": "00080030", "ContentTime": "00080033",
    "AccessionNumber": "00080050", "Modality": "00080060", "ModalitiesInStudy": "00080061",
    "Manufacturer": "00080070", "ReferringPhysicianName": "00080090", "StationName": "00081010",
    "StudyDescription": "00081030", "SeriesDescription": "0008103E",
    "ManufacturerModelName": "00081090", "PatientName": "00100010", "PatientID": "00100020",
    "IssuerOfPatientID": "00100021", "PatientBirthDate": "00100030", "PatientSex": "00100040",
    "PatientAge": "00101010", "LastMenstrualDate": "001021D0", "BodyPartExamined": "00180015",
    "StudyInstanceUID": "0020000D", "SeriesInstanceUID": "0020000E", "StudyID": "00200010",
    "SeriesNumber": "00200011", "InstanceNumber": "00200013", "Laterality": "00200060",
    "PerformedProcedureStepStartDate": "00400244", "PerformedProcedureStepStartTime": "00400245",
    "NumberOfStudyRelatedSeries": "00201206", "NumberOfStudyRelatedInstances": "00201208",
    "NumberOfSeriesRelatedInstances": "00201209", "Rows": "00280010", "Columns": "00280011",
    "NumberOfFrames": "00280008", "BitsAllocated": "00280100",
}  # fmt: skip
KEYWORDS = {tag: keyword for keyword, tag in TAGS.items()}
_RANGED = frozenset(
    TAGS[name]
    for name in ("StudyDate", "AcquisitionDate", "ContentDate", "StudyTime", "ContentTime",
                 "PatientBirthDate", "PerformedProcedureStepStartDate",
                 "PerformedProcedureStepStartTime", "LastMenstrualDate")
)  # fmt: skip
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_OPTIONS = frozenset({"limit", "offset", "fuzzymatching", "includefield", "emptyvaluematching",
                      "multiplevaluematching", "accept", "charset"})  # fmt: skip
MAX_LIMIT = 1000
_MAX_OFFSET = 10_000_000


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A QIDO-RS query. ``match``: tag → pattern; ``include``: tags to return, or None for all."""

    match: dict[str, str]
    include: frozenset[str] | None
    limit: int
    offset: int


def parse_query(parameters: list[tuple[str, str]]) -> SearchQuery:
    """A query from the (name, value) pairs of a URL. Raises InvalidInput for unknown attributes."""
    match: dict[str, str] = {}
    include: set[str] | None = set()
    options = {"limit": MAX_LIMIT, "offset": 0}
    for name, value in parameters:
        if name == "includefield":
            for field in value.split(","):
                if field.lower() == "all":
                    include = None
                elif include is not None:
                    include.add(tag_of(field))
        elif name in options:
            options[name] = _number(name, value)
        elif name not in _OPTIONS:
            match[tag_of(name)] = value
    tags = None if include is None else frozenset(include)
    return SearchQuery(match, tags, min(options["limit"], MAX_LIMIT), options["offset"])


def tag_of(name: str) -> str:
    """The eight upper-case digits of a keyword or tag; of a path of sequences, those of its first.

    Raises:
        InvalidInput: neither a known keyword nor a tag.
    """
    first = name.split(".")[0].strip()
    if _TAG.fullmatch(first):
        return first.upper()
    if first in TAGS:
        return TAGS[first]
    raise InvalidInput("A query parameter is neither a known DICOM keyword nor a tag.")


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value[:12]) > _MAX_OFFSET:
        raise InvalidInput(f"{name} must be a whole number from 0 to {_MAX_OFFSET}.")
    return int(value)


def matches(attributes: dict[str, Any], match: dict[str, str]) -> bool:
    """Whether every pattern (by tag) matches a value of its attribute, in DICOM JSON."""
    return all(
        _attribute_matches(attributes.get(tag, {}), tag, pattern) for tag, pattern in match.items()
    )


def _attribute_matches(entry: dict[str, Any], tag: str, pattern: str) -> bool:
    if pattern in ("", "*"):
        return True
    values = [_text(value) for value in entry.get("Value") or []]
    if tag in _RANGED and "-" in pattern:
        low, _, high = pattern.partition("-")
        return any((not low or v >= low) and (not high or v[: len(high)] <= high) for v in values)
    if entry.get("vr") == "UI":
        uids = set(re.split(r"[\\,]", pattern))
        return any(v in uids for v in values)
    expression = re.compile(_wildcard(pattern), re.IGNORECASE)
    return any(expression.match(v) for v in values)


def _wildcard(pattern: str) -> str:
    """Only * and ? are wildcards in DICOM; fnmatch's sets are not."""
    return translate(pattern.rstrip("^").replace("[", "[[]"))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("Alphabetic") or value.get("Ideographic") or ""
    return str(value).rstrip("^")
