"""An order: an examination that somebody asked for, before there is a study of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.domain.errors import InvalidInput
from services.domain.patient import Identity

ACCESSION: Final = "00080050"
LONGEST_NUMBER: Final = 16  # characters of an accession number and of an AE title (PS3.5 6.2)


class OrderState(StrEnum):
    """Where an order stands. The last three are its end."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"  # the machine said so, or images have come
    COMPLETED = "completed"  # the machine or a person said so
    DISCONTINUED = "discontinued"  # begun, and broken off
    CANCELLED = "cancelled"  # never begun

    @property
    def open(self) -> bool:
        """Whether it still stands on the machine's list."""
        return self in (OrderState.SCHEDULED, OrderState.IN_PROGRESS)


class OrderSource(StrEnum):
    """How an order came."""

    TYPED = "typed"
    HL7 = "hl7"
    FHIR = "fhir"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it is asked for.

    ``placer`` is its number where it was placed, ``placer_system`` whose number that is. ``accession``,
    at most 16 characters: empty lets the hub give one. ``station``: the AE title of the machine, empty
    for any of the site. ``day`` ISO 8601, ``time`` HH:MM or empty, both in the hub's own time zone.
    ``referring`` is DICOM PN text. ``study_uid``: the Study Instance UID; empty lets the hub make one.
    """

    identity: Identity
    day: str
    source: OrderSource
    accession: str = ""
    placer: str = ""
    placer_system: str = ""
    time: str = ""
    station: str = ""
    sex: str = ""
    procedure: str = ""
    reason: str = ""
    referring: str = ""
    study_uid: str = ""
    urgent: bool = False

    def check(self) -> None:
        """Raises InvalidInput: without a patient's number, or with a number that DICOM cannot carry."""
        if not self.identity.number:
            raise InvalidInput("An order names the patient's number.")
        if len(self.accession) > LONGEST_NUMBER or "\\" in self.accession:
            raise InvalidInput("An accession number has at most 16 characters.")
        if len(self.station) > LONGEST_NUMBER:
            raise InvalidInput("An AE title has at most 16 characters.")


@dataclass(frozen=True, slots=True)
class PatientNews:
    """What a hospital says anew of a woman. ``prior``: the number that ``identity.number`` replaces
    (a merge); empty: her name or birth date changed. ``message``: the message's own number."""

    identity: Identity
    prior: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class StepNews:
    """What a machine says of a procedure step (MPPS). ``uid``: the step's SOP Instance UID; the others
    name the order, each may be empty. ``state``: in_progress, completed or discontinued."""

    uid: str
    state: OrderState
    station: str = ""
    accession: str = ""
    study_uid: str = ""
    performed: tuple[str, ...] = ()  # Series Instance UIDs
    images: tuple[str, ...] = ()  # SOP Instance UIDs
