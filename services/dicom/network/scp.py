"""The DICOM provider over pynetdicom, on bounded sockets: it stores, and asks the hub for the rest."""

from __future__ import annotations

import functools
import logging
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pynetdicom import AE, _config, dimse_messages, evt
from pynetdicom.transport import ThreadedAssociationServer

from services.dicom.network import commitment, queries, retrieve
from services.dicom.network.answers import Answers
from services.dicom.network.bounded_socket import BoundedSocket, ObjectRoom
from services.dicom.objects.composite import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION
from services.dicom.parser.parse import (
    COMPANIONS,
    COMPRESSED,
    IMAGES,
    NATIVE,
)
from services.dicom.parser.structure import EXPLICIT_LITTLE
from services.domain.errors import FadaError
from services.listening import Network, within

VERIFICATION = "1.2.840.10008.1.1"
WORKLIST, STEP = "1.2.840.10008.5.1.4.31", "1.2.840.10008.3.1.2.3.3"
# Of the patient root and the study root (PS3.4 annex C).
FIND = ("1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1")
MOVE = ("1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.2.2")
GET = ("1.2.840.10008.5.1.4.1.2.1.3", "1.2.840.10008.5.1.4.1.2.2.3")
# RLE; JPEG lossless; JPEG-LS, JPEG 2000 and HTJ2K lossless
_LOSSLESS = frozenset({f"1.2.840.10008.1.2.{one}" for one in (
    "5", "4.57", "4.70", "4.80", "4.90", "4.201", "4.202",
)})  # fmt: skip
_REQUEST_SECONDS = 10.0  # a connection without an association request is closed
_log = logging.getLogger("dicom.scp")


@dataclass(frozen=True, slots=True)
class AssociationBounds:
    """``peers``: calling AE titles that may store; empty: any. ``networks``: that may connect; empty:
    any. ``per_address``: connections of one address at once, so that none takes all. ``room``: by calling
    AE title, what its objects may take of the folder; None: all of it."""

    aet: str
    peers: tuple[str, ...]
    max_pdu: int
    max_associations: int
    max_object: int
    stall_seconds: float
    idle_seconds: float = 60.0
    pdu_seconds: float = 60.0
    networks: tuple[Network, ...] = ()
    per_address: int = 8
    tls: ssl.SSLContext | None = None
    room: Callable[[str], ObjectRoom] | None = None


# (the received file, the calling AE title) → DIMSE status
Receive = Callable[[Path, str], int]


class Provider:
    """Listens until ``close``. Received objects lie in ``folder`` only while they are handled."""

    def __init__(
        self,
        address: tuple[str, int],
        bounds: AssociationBounds,
        folder: Path,
        receive: Receive,
        answers: Answers | None = None,
    ) -> None:
        """Without ``answers`` it stores and echoes alone. Raises OSError when the port is taken."""
        _spool_into(folder)
        self._bounds, self._receive = bounds, receive
        self._lock = threading.Lock()
        self._open: dict[Any, str] = {}  # accepted socket → address
        self._sockets: dict[Any, tuple[Any, Any]] = {}  # association → accepted and bounded socket
        entity = _Entity(bounds, answers)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS
        entity.implementation_version_name = IMPLEMENTATION_VERSION
        entity.maximum_pdu_size = bounds.max_pdu
        entity.maximum_associations = bounds.max_associations
        entity.network_timeout = entity.dimse_timeout = bounds.idle_seconds
        entity.acse_timeout = min(bounds.idle_seconds, _REQUEST_SECONDS)
        entity.require_called_aet = True
        entity.add_supported_context(VERIFICATION)
        for sop_class in sorted(IMAGES | COMPANIONS):
            syntaxes = sorted(NATIVE | COMPRESSED, key=_preference)
            # In both directions: who asks by C-GET is sent objects over the same association.
            entity.add_supported_context(sop_class, syntaxes, scu_role=True, scp_role=True)
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_CONN_CLOSE, self._closed),
            (evt.EVT_C_ECHO, lambda event: 0x0000),
            (evt.EVT_C_STORE, self._store),
        ]
        if answers is not None:
            for sop_class in (WORKLIST, STEP, *FIND, *MOVE, *GET):
                entity.add_supported_context(sop_class)
            # Machines ask as users; a PACS that reports proposes itself as the provider.
            entity.add_supported_context(commitment.PUSH_MODEL, scu_role=True, scp_role=True)
            handlers += _handlers(answers)
        server = entity.make_server(
            address, evt_handlers=handlers, ssl_context=bounds.tls, server_class=_Server
        )
        self._server = cast(_Server, server)
        self._server.welcome, self._server.left = self._welcome, self._left
        entity._servers.append(self._server)  # as start_server does; shutdown looks for it there
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

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
        accepted = socket.socket
        socket.__class__ = BoundedSocket
        socket.bind_to(self._bounds, self._room_of(event.assoc))
        with self._lock:
            self._sockets[event.assoc] = accepted, socket

    def _closed(self, event: evt.Event) -> None:
        _drop_unfinished(event)
        with self._lock:
            accepted, socket = self._sockets.pop(event.assoc, (None, None))
        if socket is not None:
            socket.objects_left()
        self._left(accepted)

    def _room_of(self, association: Any) -> Callable[[], ObjectRoom] | None:
        room = self._bounds.room
        return None if room is None else lambda: room(association.requestor.ae_title.strip())

    def _welcome(self, accepted: Any, address: str) -> bool:
        """Counts it at once: its own thread may come late, when many connect in the same moment."""
        if not within(address, self._bounds.networks):
            return False
        with self._lock:
            if sum(one == address for one in self._open.values()) >= self._bounds.per_address:
                return False
            self._open[accepted] = address
        return True

    def _left(self, accepted: Any) -> None:
        with self._lock:
            self._open.pop(accepted, None)

    def _store(self, event: evt.Event) -> int:
        socket = event.assoc.dul.socket
        socket.object_ended()
        caller = event.assoc.requestor.ae_title.strip()
        try:
            return self._receive(event.dataset_path, caller)
        except Exception as error:  # the association must get an answer
            _log.error("C-STORE failed", extra={"error": type(error).__name__})
            return 0xA700
        finally:
            socket.objects_left()


def _handlers(answers: Answers) -> list[Any]:
    def find(event: evt.Event) -> Any:
        worklist = event.context.abstract_syntax == WORKLIST
        return queries.find(event, answers.worklist if worklist else answers.find)

    return [
        (evt.EVT_C_FIND, find),
        (evt.EVT_N_CREATE, lambda e: queries.step(e, answers.begin_step, "AttributeList")),
        (evt.EVT_N_SET, lambda e: queries.step(e, answers.change_step, "ModificationList")),
        (evt.EVT_N_ACTION, lambda event: commitment.requested(event, answers)),
        (evt.EVT_N_EVENT_REPORT, lambda event: commitment.taken_report(event, answers)),
        (evt.EVT_C_GET, lambda event: retrieve.get(event, answers)),
        (evt.EVT_C_MOVE, lambda event: retrieve.move(event, answers)),
    ]


def _preference(syntax: str) -> tuple[int, str]:
    """Of several that a machine offers for one context the first is taken: nothing lost, no VR lost, no
    codec; then what is compressed without loss, then without VRs, then with loss."""
    if syntax == EXPLICIT_LITTLE:
        return 0, syntax
    return (1 if syntax in _LOSSLESS else 2 if syntax in NATIVE else 3), syntax


class _Entity(AE):  # type: ignore[misc]  # pynetdicom is untyped
    """Lets those connect that are listed, and a PACS whose report is awaited."""

    def __init__(self, bounds: AssociationBounds, answers: Answers | None) -> None:
        super().__init__(ae_title=bounds.aet)
        self._listed, self._answers = list(bounds.peers), answers

    @property
    def require_calling_aet(self) -> list[str]:
        """Asked at each association; empty: any."""
        if not self._listed or self._answers is None:
            return self._listed
        try:
            return [*self._listed, *self._answers.expected()]
        except FadaError as error:
            _log.warning("awaited titles unknown", extra={"code": error.code})
            return self._listed


class _Server(ThreadedAssociationServer):  # type: ignore[misc]  # pynetdicom is untyped
    """Asks whether a connection is welcome before anything is made for it, and shakes hands of TLS in
    the connection's own thread: one that does not answer holds up nobody."""

    # In a short queue everybody would wait for a burst, whose surplus can be refused at once.
    request_queue_size = 128
    welcome: Callable[[Any, str], bool]
    left: Callable[[Any], None]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether ``welcome`` says so; the connection is closed if not."""
        return self.welcome(request, str(client_address[0]))

    def shutdown_request(self, request: Any) -> None:
        """Of a connection that was not welcome, or that no association came of."""
        self.left(request)
        super().shutdown_request(request)

    def get_request(self) -> tuple[Any, Any]:
        """The next connection."""
        accepted, address = self.socket.accept()
        if self.ssl_context:
            accepted = self.ssl_context.wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            )
        return accepted, address


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
    _config.STORE_SEND_CHUNKED_DATASET = True  # of what is given as a path (``retrieve``)
    _config.UNRESTRICTED_STORAGE_SERVICE = False
    dimse_messages.NamedTemporaryFile = functools.partial(
        tempfile.NamedTemporaryFile, dir=folder, prefix="in-dimse-"
    )
