"""DICOM attribute matching (PS3.4 C.2.2.2) on folded text, the same on both databases."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from services.domain.errors import InvalidInput
from services.index.database.tables import studies
from services.index.port import MATCHABLE

_COLUMNS = {
    "PatientName": ("00100010", studies.c.patient_name),
    "PatientID": ("00100020", studies.c.patient_id),
    "PatientBirthDate": ("00100030", studies.c.birth_date),
    "PatientSex": ("00100040", studies.c.sex),
    "AccessionNumber": ("00080050", studies.c.accession),
    "StudyDate": ("00080020", studies.c.study_date),
    "StudyTime": ("00080030", studies.c.study_time),
    "StudyID": ("00200010", studies.c.dicom_study_id),
    "StudyDescription": ("00081030", studies.c.description),
    "ReferringPhysicianName": ("00080090", studies.c.referring),
}
_RANGED = {"StudyDate", "StudyTime", "PatientBirthDate"}


def fold(text: str) -> str:
    """Text as it is compared: no case, no NUL, one form of each letter."""
    clean = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFKC", clean).casefold().strip()


def _value(attributes: dict[str, Any], tag: str) -> str:
    values = (attributes.get(tag) or {}).get("Value") or [""]
    first = values[0]
    if isinstance(first, dict):  # a person's name
        first = first.get("Alphabetic") or first.get("Ideographic") or first.get("Phonetic") or ""
    return fold(str(first)).rstrip("^")


def _all_names(attributes: dict[str, Any]) -> str:
    values = (attributes.get("00100010") or {}).get("Value") or []
    names = [part for name in values if isinstance(name, dict) for part in name.values()]
    return " ".join(fold(str(name)).replace("^", " ") for name in names)


def searched_columns(attributes: dict[str, Any]) -> dict[str, str]:
    """The folded columns of a study's row from its DICOM JSON."""
    columns = {column.name: _value(attributes, tag) for tag, column in _COLUMNS.values()}
    columns["searched"] = " ".join(
        (_all_names(attributes), columns["patient_id"], columns["accession"])
    )
    return columns


def _like(pattern: str) -> str:
    escaped = re.sub(r"([!%_])", r"!\1", pattern)
    return escaped.replace("*", "%").replace("?", "_")


def _single(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    if "*" in pattern or "?" in pattern:
        return column.like(_like(pattern), escape="!")
    return column == pattern


def _range(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """``a-b``, ``a-``, ``-b``: both ends belong to it; an end matches all it is a prefix of."""
    low, _, high = pattern.partition("-")
    conditions = [column != ""]
    if low:
        conditions.append(column >= low)
    if high:
        conditions.append(column <= high.ljust(16, "9"))
    return and_(*conditions)


def attribute(keyword: str, pattern: str) -> ColumnElement[bool] | None:
    """The condition of one matching key; None for universal matching.

    Raises:
        InvalidInput: FADA's index cannot match on ``keyword``; see ``MATCHABLE``.
    """
    if keyword not in MATCHABLE:
        raise InvalidInput(f"Studies cannot be matched by this key; use one of {MATCHABLE}.")
    folded = fold(pattern).rstrip("^")
    if folded in ("", "*"):
        return None
    if keyword == "StudyInstanceUID":
        return studies.c.study_uid.in_(re.split(r"[\\,]", folded))
    if keyword == "ModalitiesInStudy":
        wanted = (f"%\\{_like(one)}\\%" for one in re.split(r"[\\,]", folded))
        return or_(*(studies.c.modalities.like(one, escape="!") for one in wanted))
    column = _COLUMNS[keyword][1]
    if keyword in _RANGED and "-" in folded:
        return _range(column, folded)
    return _single(column, folded)


def free_text(text: str) -> ColumnElement[bool]:
    """Every word occurs somewhere in name, patient id or accession number."""
    words = fold(text).replace("^", " ").split()
    return and_(*(studies.c.searched.like(f"%{_like(word)}%", escape="!") for word in words))
