"""DICOM attribute matching (PS3.4 C.2.2.2) on folded text, the same on both databases."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from services.domain.dicom.matching import name_words
from services.domain.errors import InvalidInput
from services.domain.patient import fold
from services.index.clinical.study_columns import COLUMNS
from services.index.database.tables import studies
from services.index.port import MATCHABLE

_INDEXED = ("PatientID", "AccessionNumber", "PatientName", "StudyDate")
_NAMES = {"PatientName", "ReferringPhysicianName"}
_RANGED = {"StudyDate", "StudyTime", "PatientBirthDate"}


class begins(FunctionElement[Any]):  # noqa: N801 - a function in SQL
    """``begins(column, low, high)``: the range that a pattern's beginning stands for.

    SQLite's LIKE looks at every row of a site; PostgreSQL's finds the range in its index by itself.
    """

    type = NullType()  # of a Boolean SQLAlchemy would ask whether it is 1
    inherit_cache = True


@compiles(begins)
def _begins(element: begins, compiler: Any, **more: Any) -> str:
    if compiler.dialect.name != "sqlite":
        return "true"
    column, low, high = (compiler.process(one, **more) for one in element.clauses)
    return f"({column} >= {low} AND {column} < {high})"


def _like(pattern: str) -> str:
    escaped = re.sub(r"([!%_])", r"!\1", pattern)
    return escaped.replace("*", "%").replace("?", "_")


def _single(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    if "*" not in pattern and "?" not in pattern:
        return column == pattern
    like = column.like(_like(pattern), escape="!")
    beginning = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if not beginning or ord(beginning[-1]) == sys.maxunicode:
        return like
    following = ord(beginning[-1]) + 1
    if 0xD800 <= following <= 0xDFFF:  # no characters of their own
        following = 0xE000
    return and_(begins(column, beginning, beginning[:-1] + chr(following)), like)


def _range(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """``a-b``, ``a-``, ``-b``: both ends belong to it; an end matches all it is a prefix of."""
    low, _, high = pattern.partition("-")
    conditions = [column != ""]
    if low:
        conditions.append(column >= low)
    if high:
        conditions.append(column <= high.ljust(16, "9"))
    return and_(*conditions)


def _fuzzy(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """Every word begins a word of the name."""
    words = [_like(word) for word in name_words(pattern)]
    places = ("{}%", "%^{}%", "% {}%", "%={}%")
    return and_(
        *(or_(*(column.like(at.format(word), escape="!") for at in places)) for word in words)
    )


def attribute(keyword: str, pattern: str, *, fuzzy: bool = False) -> ColumnElement[bool] | None:
    """The condition of one matching key; None for universal matching. Of several patterns (``a\\b``) one
    is enough. ``fuzzy``: names match by the beginnings of their words.

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
    if "\\" in folded:
        each = (attribute(keyword, one, fuzzy=fuzzy) for one in folded.split("\\") if one)
        return or_(*(true() if one is None else one for one in each))
    column = COLUMNS[keyword][1]
    if fuzzy and keyword in _NAMES:
        return _fuzzy(column, folded)
    if keyword in _RANGED and "-" in folded:
        return _range(column, folded)
    return _single(column, folded)


def is_narrow(match: Mapping[str, str]) -> bool:
    """Whether few studies match: a column with an index of its own is matched by its beginning or whole."""
    patterns = (match.get(keyword, "") for keyword in _INDEXED)
    return any(one[:1] not in ("", "*", "?", "-") and one[-1:] != "-" for one in patterns)


def words_of(text: str) -> list[str]:
    """The folded words of a free text."""
    return fold(text).replace("^", " ").split()


def free_text(text: str) -> ColumnElement[bool]:
    """Every word occurs somewhere in name, patient id or accession number."""
    return holds(studies.c.searched, words_of(text))


def holds(column: ColumnElement[str], words: list[str]) -> ColumnElement[bool]:
    """Every word occurs somewhere in it."""
    return and_(true(), *(column.like(f"%{_like(word)}%", escape="!") for word in words))
