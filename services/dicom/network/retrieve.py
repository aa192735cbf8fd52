"""C-GET and C-MOVE: files are sent piece by piece as they are stored, or as a child process rewrote them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt

from services.dicom.network.answers import (
    CANCELLED,
    CANNOT,
    PENDING,
    Answers,
    Retrieved,
    status_of,
)
from services.dicom.network.bounded_socket import BoundedSocket
from services.dicom.network.queries import Found, caller_of, opened
from services.dicom.network.scu import ANSWER_BOUNDS
from services.domain.errors import FadaError

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_log = logging.getLogger("dicom.retrieve")


def get(event: evt.Event, answers: Answers) -> Iterator[Any]:
    """C-GET: the number of objects, then each of them, over the same association."""
    event.assoc.dul.socket.object_ended()
    try:
        objects = answers.retrieve(caller_of(event), opened(event, "Identifier"))
    except Exception as error:
        yield 1
        yield _refused(error), None
        return
    yield len(objects)
    _send_files(event.assoc, objects)
    yield from _each(event, objects)


def move(event: evt.Event, answers: Answers) -> Iterator[Any]:
    """C-MOVE: the destination, the number of objects, then each of them."""
    event.assoc.dul.socket.object_ended()
    try:
        caller = caller_of(event)
        query = opened(event, "Identifier")
        objects = answers.retrieve(caller, query)
        peer = answers.destination(caller, str(event.move_destination).strip())
    except Exception as error:
        _refused(error)
        yield None, None  # 0xA801: the destination is not known
        return
    if peer is None:
        yield None, None
        return
    yield (
        peer.host,
        peer.port,
        {
            "contexts": _proposed(objects),
            "tls_args": (peer.tls, peer.host) if peer.tls else None,
            "evt_handlers": [(evt.EVT_CONN_OPEN, _prepare, [objects])],
        },
    )
    yield len(objects)
    yield from _each(event, objects)


def _each(event: evt.Event, objects: Sequence[Retrieved]) -> Iterator[Found]:
    for one in objects:
        if event.is_cancelled:
            yield CANCELLED, None
            return
        named = Dataset()
        named.SOPInstanceUID = one.sop_uid
        yield PENDING, named


def _proposed(objects: Sequence[Retrieved]) -> list[Any]:
    """A context for each class as it is stored, and one that a receiver of plain syntaxes takes."""
    classes = sorted({one.sop_class for one in objects})
    stored = sorted(
        {(one.sop_class, one.transfer_syntax) for one in objects}
        - {(c, s) for c in classes for s in (EXPLICIT, IMPLICIT)}
    )
    plain = [build_context(one, [EXPLICIT, IMPLICIT]) for one in classes]
    return [*plain, *(build_context(one, syntax) for one, syntax in stored)][:128]


def _prepare(event: evt.Event, objects: Sequence[Retrieved]) -> None:
    socket = event.assoc.dul.socket
    socket.__class__ = BoundedSocket
    socket.bind_to(ANSWER_BOUNDS)
    _send_files(event.assoc, objects)


def _send_files(association: Any, objects: Sequence[Retrieved]) -> None:
    """pynetdicom sends a data set that it holds in memory; here what it names is sent from its file."""
    by_uid = {one.sop_uid: one for one in objects}
    plain_send = association.send_c_store

    def send(named: Dataset, **more: Any) -> Dataset:
        return _send(association, plain_send, by_uid[named.SOPInstanceUID], more)

    association.send_c_store = send


def _send(association: Any, plain_send: Any, one: Retrieved, more: Mapping[str, Any]) -> Dataset:
    accepted = {
        str(context.transfer_syntax[0])
        for context in association.accepted_contexts
        if context.abstract_syntax == one.sop_class and context.as_scu
    }
    as_stored = one.transfer_syntax in accepted
    if not as_stored and not accepted & {EXPLICIT, IMPLICIT}:
        raise ValueError("no accepted context")
    with one.open(as_stored) as path:
        if as_stored or EXPLICIT in accepted:
            answer: Dataset = plain_send(path, **more)
        else:  # Implicit alone: our own regular file, written anew by pydicom
            answer = plain_send(pydicom.dcmread(path), **more)
    association.dul.socket.object_ended()
    return answer


def _refused(error: Exception) -> int:
    if isinstance(error, FadaError):
        _log.info("retrieval refused", extra={"code": error.code})
        return status_of(error)
    _log.error("retrieval failed", extra={"error": type(error).__name__})
    return CANNOT
