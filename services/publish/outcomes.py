"""What a receiver made of a result, in words that the delivery keeps."""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.errors import Conflict, Unavailable


class PushFailed(Unavailable):
    """It may work later."""

    code, title = "push_failed", "The destination did not accept the result"


class PushNotAllowed(Unavailable):
    """Its credentials are refused: it works again when they are put right on either side."""

    code, title = "push_not_allowed", "The destination refuses the hub's credentials"


class PushRejected(Conflict):
    """Trying again does not help."""

    code, title = "push_rejected", "The destination refuses this result"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A DICOM object on its way; ``kind`` is its artefact's."""

    sop_uid: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an object. ``code`` is empty when the receiver has it; ``again`` says whether
    the same object may be accepted later."""

    sop_uid: str
    code: str = ""
    again: bool = False
