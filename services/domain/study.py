"""Names of things: sites, studies, instances and the people and machines that touch them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from services.domain.errors import InvalidUid

# PS3.5 forbids leading zeros in a component; machines write them all the same.
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")


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


class Role(StrEnum):
    """What a principal may do. Each role holds the rights of those before it, device excepted."""

    DEVICE = (
        "device"  # a phone: its own cases; an ultrasound machine: may send and read back its site's
    )
    READER = "reader"  # may look
    SONOGRAPHER = "sonographer"  # may send, correct, score and sign
    MANAGER = "manager"  # may run again, export, manage phones and keys of the site
    ADMIN = "admin"  # may do all, releases included


class IngestSource(StrEnum):
    """How a study came in."""

    STOW = "stow"
    WEB = "web"
    TUS = "tus"
    DIMSE = "dimse"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: every query carries ``site``, every change carries ``subject``."""

    subject: str
    site: str
    role: Role

    @property
    def is_phone(self) -> bool:
        """Whether this is an enrolled phone: it reaches the studies of its own cases alone."""
        return self.subject.startswith("device:")


@dataclass(frozen=True, slots=True)
class FrameRef:
    """One frame of one instance; ``frame`` counts from 1 as DICOM does."""

    series_uid: str
    sop_uid: str
    frame: int = 1
