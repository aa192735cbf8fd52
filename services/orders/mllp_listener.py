"""Receives HL7 v2 messages by MLLP, one after the other on each connection, within bounds."""

from __future__ import annotations

import logging
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.listening import Network, within
from services.orders.message import MAX_BYTES

_START, _END = b"\x0b", b"\x1c\r"
_log = logging.getLogger("services.orders.mllp_listener")


@dataclass(frozen=True, slots=True)
class ListenerBounds:
    """``connections`` in all and ``per_address``; a message comes within ``message_seconds``, and a
    connection that says nothing for ``idle_seconds`` is closed."""

    networks: tuple[Network, ...] = ()
    tls: ssl.SSLContext | None = None
    connections: int = 40
    per_address: int = 8
    message_seconds: float = 20.0
    idle_seconds: float = 300.0


class MllpListener:
    """Listens until ``close``. ``handle`` gets a message's bytes and gives the answer's text; it is
    called in the connection's own thread, and its answer is sent after it returns."""

    def __init__(
        self, address: tuple[str, int], bounds: ListenerBounds, handle: Callable[[bytes], str]
    ) -> None:
        """Raises OSError when the port is taken."""
        self._server = _Server(address, bounds, handle)
        threading.Thread(target=self._server.serve_forever, name="mllp", daemon=True).start()

    @property
    def port(self) -> int:
        """The TCP port that is listened on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening; connections end."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, address: tuple[str, int], bounds: ListenerBounds, handle: Callable[[bytes], str]
    ) -> None:
        self.bounds, self.handle_message = bounds, handle
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Connection)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for it, and its network is listed."""
        address = str(client_address[0])
        if not within(address, self.bounds.networks):
            return False
        with self._lock:
            full = self._open.total() >= self.bounds.connections
            if full or self._open[address] >= self.bounds.per_address:
                return False
            self._open[address] += 1
        return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it, then count it out."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open[str(client_address[0])] -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Of a connection that broke: its kind alone."""
        _log.info("connection ended")


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Messages until the peer closes, pauses too long or breaks the rules."""
        bounds = self.server.bounds
        link: socket.socket = self.request
        link.settimeout(bounds.message_seconds)
        if bounds.tls is not None:
            link = self.request = bounds.tls.wrap_socket(link, server_side=True)
        held = b""
        while True:
            data, held = _message(link, held, bounds)
            if data is None:
                return
            link.settimeout(bounds.message_seconds)
            link.sendall(_START + self.server.handle_message(data).encode() + _END)


def _message(
    link: socket.socket, held: bytes, bounds: ListenerBounds
) -> tuple[bytes | None, bytes]:
    """(a message without its frame, what came after it); None: the connection is over."""
    if not held:
        link.settimeout(bounds.idle_seconds)
        held = link.recv(64 * 1024)
    end = time.monotonic() + bounds.message_seconds
    while held and _END not in held:
        left = end - time.monotonic()
        if len(held) > MAX_BYTES + 3 or not held.startswith(_START) or left <= 0:
            return None, b""
        link.settimeout(left)
        piece = link.recv(64 * 1024)
        if not piece:
            return None, b""
        held += piece
    frame, _, rest = held.partition(_END)
    if not frame.startswith(_START) or len(frame) > MAX_BYTES + 1:
        return None, b""
    return frame[1:], rest
