"""A line to a server that falls silent: connections stay open, and nothing comes any more."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class Line:
    """A TCP proxy. While ``silent`` it accepts and acknowledges, and carries nothing."""

    def __init__(self, host: str, port: int) -> None:
        """Listens on ``port`` of loopback, and carries to ``host`` and ``port``."""
        self._target = (host, port)
        self.silent = False
        self._sockets: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for one in (self._server, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                while self.silent:
                    time.sleep(0.05)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
