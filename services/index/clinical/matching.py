"""DICOM attribute matching (PS3.4 C.2.2.2) on folded text, the same on both databases."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, and_, or_

from services.domain.errors import InvalidInput
from services.domain.patient import fold
from services.index.clinical.study_columns import COLUMNS
from services.index.database.tables import studies
from services.index.port import MATCHABLE

_RANGED = {"StudyDate", "StudyTime", "PatientBirthDate"}


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
    column = COLUMNS[keyword][1]
    if keyword in _RANGED and "-" in folded:
        return _range(column, folded)
    return _single(column, folded)


def free_text(text: str) -> ColumnElement[bool]:
    """Every word occurs somewhere in name, patient id or accession number."""
    words = fold(text).replace("^", " ").split()
    return and_(*(studies.c.searched.like(f"%{_like(word)}%", escape="!") for word in words))
