"""Send FADA's objects to a PACS by C-STORE, each on its own terms."""

from __future__ import annotations

import io
import re
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pydicom
from pynetdicom import AE, evt

from services.dicom.network.bounded_socket import BoundedSocket
from services.domain.errors import InvalidInput, Unavailable

VERIFICATION = "1.2.840.10008.1.1"
_EXPLICIT, _IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_ADDRESS = re.compile(r"([^@]{1,16})@([^@:\s]+):(\d{1,5})")
_WARNINGS = range(0xB000, 0xC000)
_TEMPORARY = range(0xA700, 0xA800)  # out of resources


class StoreFailed(Unavailable):
    """Out of reach: the same objects may be accepted later."""

    code, title = "push_failed", "The PACS did not accept the result"


@dataclass(frozen=True, slots=True)
class Peer:
    """A provider; ``tls``: whom to trust and who we are, None for a plain connection."""

    aet: str
    host: str
    port: int
    tls: ssl.SSLContext | None = None

    @classmethod
    def parse(cls, text: str, tls: ssl.SSLContext | None = None) -> Peer:
        """``AET@host:port``. Raises InvalidInput."""
        parts = _ADDRESS.fullmatch(text.strip())
        if parts is None or not 0 < int(parts[3]) < 65536:
            raise InvalidInput("A PACS is given as AET@host:port.")
        return cls(parts[1].strip(), parts[2], int(parts[3]), tls)


@dataclass(frozen=True, slots=True)
class _Bounds:
    max_pdu: int = 256 * 1024
    max_object: int = 16 * 2**20  # answers alone are received
    stall_seconds: float = 30.0
    pdu_seconds: float = 30.0


ANSWER_BOUNDS = _Bounds()


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """The PACS's word on an object: ``code`` is empty when it has it, ``again`` when it may later."""

    code: str = ""
    again: bool = False


BROKEN_OFF = StoreAnswer("connection_closed", again=True)


def c_store(
    peer: Peer, objects: Sequence[bytes], calling_aet: str, seconds: float = 100.0
) -> Iterator[StoreAnswer]:
    """Store whole Part 10 files, in one association unless the PACS breaks off; what is stored already is
    fine.

    Implicit VR is always proposed: some PACS know nothing else. ``seconds`` for all of them. At an object
    at which the PACS breaks off the others are sent over another association.

    Raises:
        StoreFailed: the PACS cannot be reached, or is too slow; try again.
    """
    datasets = [pydicom.dcmread(io.BytesIO(data)) for data in objects]
    end = time.monotonic() + seconds
    while datasets:
        left = end - time.monotonic()
        if left <= 0:
            raise StoreFailed("The PACS is too slow.", retry_after=30)
        with association_with(_entity_for(datasets, calling_aet), peer, left) as association:
            while datasets:
                answer = _send(association, datasets.pop(0))
                yield answer
                if answer is BROKEN_OFF:
                    break


def _entity_for(datasets: Sequence[pydicom.Dataset], calling_aet: str) -> Any:
    """Proposes each class in the syntaxes in which its objects can be sent."""
    entity = calling_entity(calling_aet)
    for sop_class, syntax in sorted(
        {(str(d.SOPClassUID), str(d.file_meta.TransferSyntaxUID)) for d in datasets}
    ):
        plain = syntax in (_EXPLICIT, _IMPLICIT)
        entity.add_requested_context(sop_class, [_EXPLICIT, _IMPLICIT] if plain else [syntax])
    return entity


def c_echo(peer: Peer, calling_aet: str, seconds: float = 15.0) -> None:
    """Whether the peer answers. Raises StoreFailed."""
    entity = calling_entity(calling_aet)
    entity.add_requested_context(VERIFICATION)
    with association_with(entity, peer, seconds) as association:
        if association.send_c_echo().get("Status") != 0x0000:
            raise StoreFailed("The PACS does not answer an echo.")


def calling_entity(calling_aet: str) -> Any:
    """An AE of pynetdicom's that asks, with bounds on how long it waits."""
    entity = AE(ae_title=calling_aet)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 30.0
    entity.connection_timeout = 10.0
    return entity


@contextmanager
def association_with(
    entity: Any,
    peer: Peer,
    seconds: float,
    handlers: Sequence[Any] = (),
    roles: Sequence[Any] = (),
) -> Iterator[Any]:
    """An association of at most ``seconds``. Raises StoreFailed: there is none."""
    opened: list[Any] = []

    def bind(event: evt.Event) -> None:
        socket = event.assoc.dul.socket
        socket.__class__ = BoundedSocket
        socket.bind_to(ANSWER_BOUNDS)
        opened.append(socket)

    def cut() -> None:
        for socket in opened:
            with suppress(OSError, AttributeError):
                socket.socket.shutdown(2)

    watch = threading.Timer(seconds, cut)
    watch.daemon = True
    watch.start()
    try:
        association = entity.associate(
            peer.host,
            peer.port,
            ae_title=peer.aet,
            tls_args=(peer.tls, peer.host) if peer.tls else None,
            evt_handlers=[(evt.EVT_CONN_OPEN, bind), *handlers],
            ext_neg=list(roles) or None,
        )
        if not association.is_established:
            raise StoreFailed(
                "The PACS cannot be reached, or refuses the association.", retry_after=30
            )
        try:
            yield association
        finally:
            association.release()
    finally:
        watch.cancel()


def _send(association: Any, dataset: pydicom.Dataset) -> StoreAnswer:
    try:
        answer = association.send_c_store(dataset)
    except ValueError:  # no accepted context
        return StoreAnswer("class_or_syntax_refused")
    except RuntimeError:  # the association has ended
        return BROKEN_OFF
    status = None if answer is None else answer.get("Status")
    if status is None:
        return BROKEN_OFF
    if status in (0x0000, 0x0111) or status in _WARNINGS:
        return StoreAnswer()
    return StoreAnswer(f"0x{status:04X}", again=status in _TEMPORARY)
