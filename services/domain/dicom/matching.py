"""Attribute matching on DICOM JSON (PS3.4 C.2.2.2), for QIDO-RS, C-FIND and the modality worklist.

The index matches studies itself.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import Any, Final

# Dates and times: those of study, acquisition, content, birth, last period, performed and scheduled step.
_RANGED: Final = frozenset(
    {
        "00080020", "00080022", "00080023", "00080030", "00080033", "00100030", "001021D0",
        "00400002", "00400003", "00400244", "00400245",
    }
)  # fmt: skip


def matches(attributes: dict[str, Any], match: dict[str, str], *, fuzzy: bool = False) -> bool:
    """Whether every pattern (by tag) matches a value of its attribute, in DICOM JSON; of several patterns
    (``a\\b``) one is enough. ``fuzzy``: names match by the beginnings of their words, in any order."""
    return all(
        _attribute_matches(attributes.get(tag, {}), tag, pattern, fuzzy)
        for tag, pattern in match.items()
    )


def name_words(pattern: str) -> list[str]:
    """The words of a name that is matched fuzzily, compared without case."""
    return re.split(r"[\s^=*?]+", pattern.casefold().strip(" ^=*?"))


def _attribute_matches(entry: dict[str, Any], tag: str, pattern: str, fuzzy: bool) -> bool:
    if pattern in ("", "*"):
        return True
    if "\\" in pattern:
        return any(_attribute_matches(entry, tag, one, fuzzy) for one in pattern.split("\\") if one)
    values = [_text(value) for value in entry.get("Value") or []]
    if tag in _RANGED and "-" in pattern:
        low, _, high = pattern.partition("-")
        return any((not low or v >= low) and (not high or v[: len(high)] <= high) for v in values)
    if entry.get("vr") == "UI":
        uids = set(pattern.split(","))
        return any(v in uids for v in values)
    if fuzzy and entry.get("vr") == "PN":
        return any(_begins(name_words(v), name_words(pattern)) for v in values)
    expression = re.compile(_wildcard(pattern), re.IGNORECASE)
    return any(expression.match(v) for v in values)


def _begins(name: list[str], words: list[str]) -> bool:
    return all(any(part.startswith(word) for part in name) for word in words)


def _wildcard(pattern: str) -> str:
    """Only * and ? are wildcards in DICOM; fnmatch's sets are not."""
    return translate(pattern.rstrip("^").replace("[", "[[]"))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("Alphabetic") or value.get("Ideographic") or ""
    return str(value).rstrip("^")
