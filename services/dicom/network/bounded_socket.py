"""pynetdicom's socket, bounded where pynetdicom is not.

pynetdicom reads as many bytes as a PDU's header claims and waits for them without end. Here every
connection refuses giant PDUs, slow ones, and objects without an end.
"""

from __future__ import annotations

import io
import socket as sockets
import time
from typing import Protocol, cast

from pynetdicom.transport import AssociationSocket

LEAST_PDU_CAP = 64 * 1024  # an association request lists many contexts
_IN_MEMORY = 1 << 20  # of a command, a query, an answer; objects that come are written to files


class SocketBounds(Protocol):
    """What a socket keeps to; bytes and seconds."""

    @property
    def max_pdu(self) -> int:
        """Of one PDU."""

    @property
    def max_object(self) -> int:
        """Of one object with its command."""

    @property
    def stall_seconds(self) -> float:
        """Between two pieces."""

    @property
    def pdu_seconds(self) -> float:
        """For one PDU."""


class BoundedSocket(AssociationSocket):  # type: ignore[misc]  # pynetdicom is untyped
    """A cap on a PDU, on an object, and a clock.

    An OSError is what pynetdicom understands as a lost connection.
    """

    def bind_to(self, bounds: SocketBounds) -> None:
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
        if nr_bytes > max(bounds.max_pdu, LEAST_PDU_CAP):
            raise OSError("the PDU is longer than was agreed")
        self.received += nr_bytes
        if self.received > bounds.max_object + LEAST_PDU_CAP:
            raise OSError("the object is larger than is accepted")
        if self._held() > _IN_MEMORY:
            raise OSError("the command or query is larger than is accepted")
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

    def _held(self) -> int:
        """Bytes in memory of the message that is being received."""
        message = getattr(getattr(self._assoc, "dimse", None), "message", None)
        held = 0
        for part in ("encoded_command_set", "data_set"):
            stream = getattr(message, part, None)
            held += stream.tell() if isinstance(stream, io.BytesIO) else 0  # it is written to
        return held
