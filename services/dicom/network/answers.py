"""What the DICOM provider asks the hub: the answers to queries, steps and retrievals, as DICOM JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from services.dicom.network.scu import Peer
from services.domain.commitment import CommitmentReport, Reference
from services.domain.errors import Forbidden, InvalidInput, NotFound, Unavailable

Json = dict[str, Any]
SUCCESS, PENDING, CANCELLED = 0x0000, 0xFF00, 0xFE00
NOT_AUTHORISED, OUT_OF_RESOURCES, DOES_NOT_MATCH, CANNOT = 0x0124, 0xA700, 0xA900, 0xC000
NO_SUCH_INSTANCE, DUPLICATE, PROCESSING_FAILURE = 0x0112, 0x0111, 0x0110


@dataclass(frozen=True, slots=True)
class Retrieved:
    """An object that goes out. ``open(True)`` gives a Part 10 file as it is stored, ``open(False)`` one in
    Explicit VR Little Endian with native pixels."""

    sop_uid: str
    sop_class: str
    transfer_syntax: str
    open: Callable[[bool], AbstractContextManager[Path]]


class Answers(Protocol):
    """Asked in the thread of an association. ``caller`` is its AE title. Every method may raise a
    FadaError: Forbidden, where the caller may not ask this."""

    def worklist(self, caller: str, query: Json) -> Iterable[Json]:
        """Scheduled steps that match (PS3.4 annex K)."""
        ...

    def begin_step(self, caller: str, uid: str, step: Json) -> None:
        """MPPS N-CREATE. Raises Conflict: it is known."""
        ...

    def change_step(self, caller: str, uid: str, step: Json) -> None:
        """MPPS N-SET. Raises NotFound; Conflict: it has ended."""
        ...

    def ask_commitment(self, caller: str, uid: str, objects: Sequence[Reference]) -> None:
        """A machine asks, as transaction ``uid``, whether its objects are kept (PS3.4 annex J). Its
        question is kept until it was answered."""
        ...

    def commitment(self, caller: str, uid: str) -> CommitmentReport:
        """The answer, as it is now. Raises NotFound: it did not ask, or was told."""
        ...

    def told_commitment(self, caller: str, uid: str) -> None:
        """The machine has the answer."""
        ...

    def untold_commitment(self, caller: str, uid: str) -> None:
        """The machine did not wait: it has to be told on an association of the hub's own."""
        ...

    def committed(self, caller: str, report: CommitmentReport) -> None:
        """A PACS reports on what it was asked for. Raises NotFound: the hub asked nothing of this
        caller as that transaction."""
        ...

    def expected(self) -> Sequence[str]:
        """AE titles whose reports are awaited: they may connect for these."""
        ...

    def find(self, caller: str, query: Json) -> Iterable[Json]:
        """Patients, studies, series or images (PS3.4 annex C), by (0008,0052)."""
        ...

    def retrieve(self, caller: str, query: Json) -> Sequence[Retrieved]:
        """The objects that the query's unique keys name."""
        ...

    def destination(self, caller: str, aet: str) -> Peer | None:
        """Where a C-MOVE to this AE title goes; None: nowhere."""
        ...


def status_of(error: Exception) -> int:
    """The DIMSE status of a refusal."""
    for kind, status in (
        (Forbidden, NOT_AUTHORISED),
        (NotFound, NO_SUCH_INSTANCE),
        (InvalidInput, DOES_NOT_MATCH),
        (Unavailable, OUT_OF_RESOURCES),
    ):
        if isinstance(error, kind):
            return status
    return CANNOT
