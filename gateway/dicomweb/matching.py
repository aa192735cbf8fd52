"""The query of a QIDO-RS request: what is matched, what is returned, how many."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_OPTIONS = frozenset({"limit", "offset", "fuzzymatching", "includefield", "emptyvaluematching",
                      "multiplevaluematching", "accept", "charset"})  # fmt: skip
MAX_LIMIT = 1000
_MAX_OFFSET = 10_000_000


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A QIDO-RS query. ``match``: tag → pattern; ``include``: tags to return, or None for all;
    ``ignored``: whether there were parameters that nothing here is matched by; ``bounded``: whether the
    hub's own limit holds; ``fuzzy``: names by the beginnings of their words."""

    match: dict[str, str]
    include: frozenset[str] | None
    limit: int
    offset: int
    ignored: bool = False
    bounded: bool = False
    fuzzy: bool = False


def parse_query(parameters: list[tuple[str, str]]) -> SearchQuery:
    """A query from the (name, value) pairs of a URL. Raises InvalidInput for a limit or field that is none.

    Viewers add keys of their own: one that is not known is left out, and said so (PS3.18 8.3.4.4). Of a
    key that is repeated one value is enough.
    """
    ignored = fuzzy = False
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
            try:
                tag = tag_of(name)
            except InvalidInput:
                ignored = True
            else:
                match[tag] = f"{match[tag]}\\{value}" if tag in match else value
        elif name == "fuzzymatching":
            fuzzy = value.strip().lower() == "true"
    tags = None if include is None else frozenset(include)
    limit, asked = min(options["limit"], MAX_LIMIT), dict(parameters).get("limit")
    bounded = asked is None or options["limit"] > MAX_LIMIT
    return SearchQuery(match, tags, limit, options["offset"], ignored, bounded, fuzzy)


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
