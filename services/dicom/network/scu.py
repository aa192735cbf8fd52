"""Send FADA's objects to a PACS by C-STORE."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pydicom
from pynetdicom import AE

from services.domain.errors import Conflict, InvalidInput, Unavailable

_ADDRESS = re.compile(r"([^@]{1,16})@([^@:\s]+):(\d{1,5})")
_WARNINGS = range(0xB000, 0xC000)
_TEMPORARY = range(0xA700, 0xA800)  # out of resources


class StoreFailed(Unavailable):
    """Out of reach or out of resources: the same objects may be accepted later."""

    code, title = "push_failed", "The PACS did not accept the result"


class StoreRejected(Conflict):
    """The PACS will not take this object, however often it is sent."""

    code, title = "push_rejected", "The PACS refuses this object"


@dataclass(frozen=True, slots=True)
class Peer:
    """A storage provider."""

    aet: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Peer:
        """``AET@host:port``. Raises InvalidInput."""
        parts = _ADDRESS.fullmatch(text.strip())
        if parts is None or not 0 < int(parts[3]) < 65536:
            raise InvalidInput("A PACS is given as AET@host:port.")
        return cls(parts[1].strip(), parts[2], int(parts[3]))


def c_store(peer: Peer, objects: Sequence[bytes], calling_aet: str, seconds: float = 30.0) -> None:
    """Store whole Part 10 files in one association; what is stored already is fine.

    Raises:
        StoreFailed: the PACS cannot be reached or is out of resources; try again.
        StoreRejected: it refuses the association's contexts or an object.
    """
    datasets = [pydicom.dcmread(io.BytesIO(data)) for data in objects]
    entity = AE(ae_title=calling_aet)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = seconds
    entity.connection_timeout = min(seconds, 10.0)
    for sop_class, syntax in sorted(
        {(str(d.SOPClassUID), str(d.file_meta.TransferSyntaxUID)) for d in datasets}
    ):
        entity.add_requested_context(sop_class, syntax)
    association = entity.associate(peer.host, peer.port, ae_title=peer.aet)
    if not association.is_established:
        raise StoreFailed("The PACS cannot be reached, or refuses the association.", retry_after=30)
    try:
        for dataset in datasets:
            _judge(_send(association, dataset))
    finally:
        association.release()


def _send(association: object, dataset: pydicom.Dataset) -> pydicom.Dataset:
    try:
        answer = association.send_c_store(dataset)  # type: ignore[attr-defined]
    except ValueError as error:
        raise StoreRejected("The PACS does not take this kind of object.") from error
    return pydicom.Dataset() if answer is None else answer


def _judge(answer: pydicom.Dataset) -> None:
    status = answer.get("Status")
    if status is None:
        raise StoreFailed("The PACS closed the connection.", retry_after=30)
    if status in (0x0000, 0x0111) or status in _WARNINGS:
        return
    if status in _TEMPORARY:
        raise StoreFailed(f"The PACS is out of resources (0x{status:04X}).", retry_after=60)
    raise StoreRejected(f"The PACS answered 0x{status:04X}.")
