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
