"""A C-STORE and C-ECHO provider over pynetdicom, bounded where pynetdicom is not.

pynetdicom reads as many bytes as a PDU's header claims and waits for them without end. Here every
connection gets a socket that refuses giant PDUs, slow ones and objects without an end.
"""

from __future__ import annotations

import functools
import logging
import socket as sockets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pynetdicom import AE, _config, dimse_messages, evt
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

from services.dicom.objects.composite import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION
from services.dicom.parser.parse import COMPANIONS, COMPRESSED, IMAGES, NATIVE

VERIFICATION = "1.2.840.10008.1.1"
_LEAST_PDU_CAP = 64 * 1024  # an association request lists many contexts
_log = logging.getLogger("dicom.scp")


@dataclass(frozen=True, slots=True)
class Bounds:
    """``peers``: calling AE titles that may store; empty: any."""

    aet: str
    peers: tuple[str, ...]
    max_pdu: int
    max_associations: int
    max_object: int
    stall_seconds: float
    idle_seconds: float = 60.0
    pdu_seconds: float = 60.0


# (the received file, the calling AE title) → DIMSE status
Receive = Callable[[Path, str], int]


class Provider:
    """Listens until ``close``. Received objects lie in ``folder`` only while they are handled."""

    def __init__(
        self, address: tuple[str, int], bounds: Bounds, folder: Path, receive: Receive
    ) -> None:
        """Raises OSError when the port is taken."""
        _spool_into(folder)
        self._bounds, self._receive = bounds, receive
        entity = AE(ae_title=bounds.aet)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS
        entity.implementation_version_name = IMPLEMENTATION_VERSION
        entity.maximum_pdu_size = bounds.max_pdu
        entity.maximum_associations = bounds.max_associations
        entity.network_timeout = entity.dimse_timeout = bounds.idle_seconds
        entity.acse_timeout = min(bounds.idle_seconds, 30.0)
        entity.require_called_aet = True
        entity.require_calling_aet = list(bounds.peers)
        entity.add_supported_context(VERIFICATION)
        for sop_class in sorted(IMAGES | COMPANIONS):
            entity.add_supported_context(sop_class, sorted(NATIVE | COMPRESSED))
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_CONN_CLOSE, _drop_unfinished),
            (evt.EVT_C_ECHO, lambda event: 0x0000),
            (evt.EVT_C_STORE, self._store),
        ]
        server = entity.start_server(address, block=False, evt_handlers=handlers)
        self._server = cast(ThreadedAssociationServer, server)

    @property
    def port(self) -> int:
        """The TCP port that is listened on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening; associations that are open end."""
        self._server.shutdown()
        self._server.server_close()

    def _opened(self, event: evt.Event) -> None:
        socket = event.assoc.dul.socket
        socket.__class__ = _BoundedSocket
        socket.bind_to(self._bounds)

    def _store(self, event: evt.Event) -> int:
        event.assoc.dul.socket.object_ended()
        caller = event.assoc.requestor.ae_title.strip()
        try:
            return self._receive(event.dataset_path, caller)
        except Exception as error:  # the association must get an answer
            _log.error("C-STORE failed", extra={"error": type(error).__name__})
            return 0xA700


class _BoundedSocket(AssociationSocket):  # type: ignore[misc]  # pynetdicom is untyped
    """pynetdicom's socket with a cap on a PDU, on an object, and a clock.

    An OSError is what pynetdicom understands as a lost connection.
    """

    def bind_to(self, bounds: Bounds) -> None:
        """Set the limits; call it once, before anything is received."""
        self.bounds = bounds
        self.received = 0
        inner = cast(sockets.socket, self.socket)
        inner.settimeout(bounds.stall_seconds)

    def object_ended(self) -> None:
        """An object is complete: its count begins anew."""
        self.received = 0

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly ``nr_bytes``, or fewer when the peer closed; OSError beyond the bounds."""
        bounds = self.bounds
        if nr_bytes > max(bounds.max_pdu, _LEAST_PDU_CAP):
            raise OSError("the PDU is longer than was agreed")
        self.received += nr_bytes
        if self.received > bounds.max_object + _LEAST_PDU_CAP:
            raise OSError("the object is larger than is accepted")
        inner = cast(sockets.socket, self.socket)
        whole = bytearray(nr_bytes)
        view, done = memoryview(whole), 0
        end = time.monotonic() + bounds.pdu_seconds
        while done < nr_bytes:
            if time.monotonic() > end:
                raise TimeoutError("the PDU comes too slowly")
            count = inner.recv_into(view[done:])
            if not count:
                break
            done += count
        del view
        return whole[:done]


def _drop_unfinished(event: evt.Event) -> None:
    """The file of an object that broke off: pynetdicom leaves it open, and in the spool."""
    unfinished = getattr(event.assoc.dimse.message, "_data_set_file", None)
    if unfinished is not None:
        unfinished.close()
        Path(unfinished.name).unlink(missing_ok=True)


def _spool_into(folder: Path) -> None:
    """Receive into files, in the hub's own spool: they hold patient data."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _config.STORE_RECV_CHUNKED_DATASET = True
    _config.UNRESTRICTED_STORAGE_SERVICE = False
    dimse_messages.NamedTemporaryFile = functools.partial(
        tempfile.NamedTemporaryFile, dir=folder, prefix="in-dimse-"
    )
