"""Single values out of attributes in the DICOM JSON model (PS3.18 annex F)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

STUDY_DATE: Final = "00080020"
LAST_MENSTRUAL_DATE: Final = "001021D0"

Attributes = Mapping[str, Any]  # tag as eight hexadecimal digits → {"vr": ..., "Value": [...]}


def first_text(attributes: Attributes, tag: str) -> str:
    """The first value as text without spaces around it; empty when there is none.

    Of a person's name its alphabetic group, else the ideographic one.
    """
    values = attributes.get(tag, {}).get("Value") or [""]
    value = values[0]
    if isinstance(value, dict):
        value = value.get("Alphabetic") or value.get("Ideographic") or ""
    return str(value or "").strip()


def first_date(attributes: Attributes, tag: str) -> date | None:
    """The first value as a date; None when there is none or it is not a DA (PS3.5 section 6.2)."""
    text = first_text(attributes, tag)
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def iso_date(attributes: Attributes, tag: str) -> str:
    """The first value as an ISO 8601 date; empty when there is none."""
    found = first_date(attributes, tag)
    return found.isoformat() if found is not None else ""
