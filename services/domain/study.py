"""Names of things: sites, studies, instances and the people and machines that touch them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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

    @property
    def counted_as(self) -> str:
        """The name by which limits count this caller."""
        return f"{self.site}\n{self.subject}"


@dataclass(frozen=True, slots=True)
class FrameRef:
    """One frame of one instance; ``frame`` counts from 1 as DICOM does."""

    series_uid: str
    sop_uid: str
    frame: int = 1
