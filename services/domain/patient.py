"""Who a woman is in the record of a site: number, name and birth date, and where two sayings differ.

Her number is compared as it is written, trimmed. Names are compared without case, in the group (letters,
ideographs, phonetic; PS3.5 section 6.2) that both have; what one side leaves out contradicts nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from services.domain.dicom.values import Attributes, first_text, iso_date, storable

PATIENT_NAME: Final = "00100010"
PATIENT_NUMBER: Final = "00100020"
PATIENT_BIRTH_DATE: Final = "00100030"
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


@dataclass(frozen=True, slots=True)
class Identity:
    """``name`` is DICOM PN text, ``birth_date`` ISO 8601; each is empty where it is not known."""

    number: str = ""
    name: str = ""
    birth_date: str = ""


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """``field``: number, name or birth_date."""

    field: str
    recorded: str
    received: str


def fold(text: str) -> str:
    """Text as it is compared: no case, no NUL, one form of each letter."""
    return unicodedata.normalize("NFKC", storable(text)).casefold().strip()


def identity_of(attributes: Attributes) -> Identity:
    """The woman that DICOM JSON attributes name."""
    values = attributes.get(PATIENT_NAME, {}).get("Value") or [""]
    name = values[0]
    if isinstance(name, dict):
        name = "=".join(str(name.get(group) or "") for group in _GROUPS).rstrip("=")
    return Identity(
        first_text(attributes, PATIENT_NUMBER),
        storable(str(name or "")),
        iso_date(attributes, PATIENT_BIRTH_DATE),
    )


def identity_attributes(identity: Identity) -> dict[str, Any]:
    """The three attributes as DICOM JSON; what is not known is there without a value."""
    groups = zip(_GROUPS, identity.name.split("="), strict=False)
    name = {group: text for group, text in groups if text}
    birth_date = identity.birth_date.replace("-", "")
    return {
        PATIENT_NAME: _entry("PN", name),
        PATIENT_NUMBER: _entry("LO", identity.number),
        PATIENT_BIRTH_DATE: _entry("DA", birth_date),
    }


def _entry(vr: str, value: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]} if value else {"vr": vr}


def differences(recorded: Identity, received: Identity) -> tuple[FieldDifference, ...]:
    """What two sayings about one woman contradict each other in; empty: they may be the same."""
    differing = []
    if recorded.number and received.number and recorded.number != received.number:
        differing.append(FieldDifference("number", recorded.number, received.number))
    if not _same_name(recorded.name, received.name):
        differing.append(FieldDifference("name", recorded.name, received.name))
    dates = (recorded.birth_date, received.birth_date)
    if all(dates) and dates[0] != dates[1]:
        differing.append(FieldDifference("birth_date", *dates))
    return tuple(differing)


def _same_name(one: str, other: str) -> bool:
    pairs = zip(one.split("="), other.split("="), strict=False)
    return all(
        words == others
        for words, others in ((_words(mine), _words(theirs)) for mine, theirs in pairs)
        if words and others
    )


def _words(name: str) -> list[str]:
    return fold(name).replace("^", " ").split()


def completed(recorded: Identity, received: Identity) -> Identity:
    """The record, with what it left out filled in from what was received."""
    return Identity(
        recorded.number or received.number,
        recorded.name or received.name,
        recorded.birth_date or received.birth_date,
    )


def searched_text(identity: Identity) -> str:
    """Folded words of name (every script) and number, that a search looks in."""
    name = fold(identity.name).replace("^", " ").replace("=", " ")
    return " ".join((*name.split(), fold(identity.number)))
