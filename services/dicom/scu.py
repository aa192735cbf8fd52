"""C-STORE to a PACS (PS3.4 annex B), as the service class user."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pydicom
from pydicom.dataset import Dataset
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

from services.domain.errors import Conflict, InvalidInput, Unavailable

_PEER = re.compile(r"(?P<aet>[^@\\]{1,16})@(?P<host>[^@:\[\]\s]+|\[[^\]]+\]):(?P<port>[0-9]{1,5})")
_SECONDS = 30.0


class StoreFailed(Unavailable):
    code, title = "c_store_failed", "The PACS did not accept the result"


class StoreRejected(Conflict):
    code, title = "c_store_rejected", "The PACS refuses this object"


@dataclass(frozen=True, slots=True)
class Peer:
    """Where to store: application entity title, host, port."""

    aet: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Peer:
        """``AET@host:port``. Raises InvalidInput."""
        match = _PEER.fullmatch(text.strip())
        if match is None or not 0 < int(match["port"]) < 65536:
            raise InvalidInput("A PACS is named as AET@host:port.")
        return cls(match["aet"], match["host"].strip("[]"), int(match["port"]))


def c_store(peer: Peer, objects: Sequence[bytes], calling_aet: str) -> None:
    """Store DICOM objects over one association; warnings count as stored.

    Raises:
        StoreFailed: no association, or the peer is out of resources: try again.
        StoreRejected: the peer refuses an object or its kind.
    """
    datasets = [pydicom.dcmread(io.BytesIO(data)) for data in objects]
    entity = ApplicationEntity(calling_aet)
    entity.connection_timeout = 5.0
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _SECONDS
    for sop_class, syntax in sorted(
        {(str(ds.SOPClassUID), str(ds.file_meta.TransferSyntaxUID)) for ds in datasets}
    ):
        entity.add_requested_context(sop_class, syntax)
    association = entity.associate(peer.host, peer.port, ae_title=peer.aet)
    if not association.is_established:
        raise StoreFailed("The PACS cannot be reached, or refuses the association.")
    try:
        for dataset in datasets:
            _store(association, dataset)
    finally:
        association.release()


def _store(association: Association, dataset: Dataset) -> None:
    try:
        answer = association.send_c_store(dataset)
    except ValueError as error:  # no accepted presentation context
        raise StoreRejected("The PACS does not take this kind of object.") from error
    except RuntimeError as error:
        raise StoreFailed("The association ended early.") from error
    if "Status" not in answer:
        raise StoreFailed("The PACS did not answer in time.")
    status = int(answer.Status)
    if status == 0 or 0xB000 <= status <= 0xBFFF:
        return
    if 0xA700 <= status <= 0xA7FF:
        raise StoreFailed(f"The PACS is out of resources ({status:04X}).")
    raise StoreRejected(f"The PACS refuses an object ({status:04X}).")
