"""pynetdicom's socket, bounded where pynetdicom is not.

pynetdicom reads as many bytes as a PDU's header claims and waits for them without end. Here every
connection refuses giant PDUs, slow ones, and objects without an end.
"""

from __future__ import annotations

import io
import socket as sockets
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

from pynetdicom.transport import AssociationSocket

from services.domain.errors import FadaError

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


class ObjectRoom(Protocol):
    """What objects of one peer may take of the folder that they are received into."""

    def grow(self, count: int) -> None:
        """So many bytes more are coming. Raises FadaError: there is no room for them."""
        ...

    def close(self) -> None:
        """All are gone; it may be used again."""
        ...


class BoundedSocket(AssociationSocket):  # type: ignore[misc]  # pynetdicom is untyped
    """A cap on a PDU, on an object, and a clock.

    An OSError is what pynetdicom understands as a lost connection.
    """

    def bind_to(self, bounds: SocketBounds, room: Callable[[], ObjectRoom] | None = None) -> None:
        """Set the limits; call it once, before anything is received. ``room``: of the peer, asked for when
        its first object comes."""
        self.bounds = bounds
        self.received = 0
        self._ask_for_room, self._room = room, cast(ObjectRoom | None, None)
        inner = cast(sockets.socket, self.socket)
        inner.settimeout(bounds.stall_seconds)

    def object_ended(self) -> None:
        """An object is complete: its count begins anew."""
        self.received = 0

    def objects_left(self) -> None:
        """Nothing of what was received is in the folder any more."""
        if self._room is not None:
            self._room.close()

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
        self._take_room(nr_bytes)
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

    def _take_room(self, count: int) -> None:
        """Of what goes into a file. Raises OSError: the association ends."""
        if self._ask_for_room is None or getattr(self._message(), "_data_set_file", None) is None:
            return
        self._room = self._room or self._ask_for_room()
        try:
            self._room.grow(count)
        except FadaError as error:
            raise OSError("there is no room for the object") from error

    def _message(self) -> Any:
        """What is being received, if anything is."""
        return getattr(getattr(self._assoc, "dimse", None), "message", None)

    def _held(self) -> int:
        """Bytes in memory of the message that is being received."""
        message = self._message()
        held = 0
        for part in ("encoded_command_set", "data_set"):
            stream = getattr(message, part, None)
            held += stream.tell() if isinstance(stream, io.BytesIO) else 0  # it is written to
        return held
