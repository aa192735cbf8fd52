"""DICOM values: out of attributes in the DICOM JSON model (PS3.18 annex F), UIDs, and a field case's UIDs.

A case is named by a UUID that the device makes, and a picture by the SHA-256 of its bytes, so both sides
know every UID before they have talked to each other. ``web/phone`` has the same rule in TypeScript
(``src/case/ids.ts``); a test compares the two.

========  =====================================================================================
Study     ``2.25.`` and the case's UUID as a decimal number (PS3.5 annex B.2)
Series    ``case_picture_uid(case, "series")``: all pictures of a case are one series
Instance  ``2.25.`` and the first 128 bits of SHA-256 of ``"<case>:<sha256 of the picture>"``
========  =====================================================================================

A picture that is a DICOM file keeps the UIDs that it has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from services.domain.errors import InvalidUid

STUDY_DATE: Final = "00080020"
LAST_MENSTRUAL_DATE: Final = "001021D0"

# PS3.5 forbids leading zeros in a component; machines write them all the same.
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
Attributes = Mapping[str, Any]  # tag as eight hexadecimal digits → {"vr": ..., "Value": [...]}


def first_text(attributes: Attributes, tag: str) -> str:
    """The first value as text that a database takes, without spaces around it; empty: there is none.

    Of a person's name its alphabetic group, else the ideographic one.
    """
    values = attributes.get(tag, {}).get("Value") or [""]
    value = values[0]
    if isinstance(value, dict):
        value = value.get("Alphabetic") or value.get("Ideographic") or ""
    return storable(str(value or ""))


def storable(text: str) -> str:
    """Without what a database refuses: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


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
    date = first_date(attributes, tag)
    return date.isoformat() if date is not None else ""


def is_uid(text: str) -> bool:
    """Whether ``text`` is a DICOM UID."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def parse_uid(text: str) -> str:
    """Return ``text`` when it is a DICOM UID (PS3.5 §9.1: at most 64 characters, digits and dots).

    Raises:
        InvalidUid: it is not. The value itself is never echoed: it may be an attack on a log.
    """
    if not is_uid(text):
        raise InvalidUid(
            "A UID has at most 64 characters, digits and dots only (PS3.5 section 9.1)."
        )
    return text


def case_study_uid(case_id: str) -> str:
    """The Study Instance UID of a case. ``case_id`` is a UUID with hyphens.

    Raises:
        ValueError: ``case_id`` is no UUID.
    """
    return f"2.25.{int(case_id.replace('-', ''), 16)}"


def case_series_uid(case_id: str) -> str:
    """The Series Instance UID of a case's pictures."""
    return case_picture_uid(case_id, "series")


def case_picture_uid(case_id: str, sha256: str) -> str:
    """The SOP Instance UID of a case's picture, from the SHA-256 of its bytes (64 hexadecimal digits)."""
    digest = hashlib.sha256(f"{case_id}:{sha256}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
