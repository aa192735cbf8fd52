"""One HTTP request to a receiver outside, bounded in time and in what its answer may hold.

Time-outs of a socket begin anew with each byte: a receiver that drips is cut off when the whole time
is over. Redirects are not followed, and proxies of the environment are not used: the destination's
settings alone say where results go.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from services.domain.errors import InvalidInput

CONNECT_SECONDS = 5.0
MAX_ANSWER = 16 * 1024


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """``body`` is cut at the request's ``max_answer``."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """``seconds`` for the whole request; ``silence`` between two pieces of the answer."""

    seconds: float
    silence: float = CONNECT_SECONDS
    max_answer: int = MAX_ANSWER


def parts_of(url: str) -> SplitResult:
    """Raises InvalidInput: not http or https, with a password, without a host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput("This is not a URL.") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise InvalidInput("The address begins with https:// or http:// and a host.")
    if parts.username or parts.password or not url.isprintable() or " " in url:
        raise InvalidInput("The address holds no user name, password or blank.")
    return parts


def request(
    method: str,
    parts: SplitResult,
    body: bytes | None,
    headers: Mapping[str, str],
    bounds: RequestBounds,
    *,
    address: str | None = None,
    context: ssl.SSLContext | None = None,
) -> HttpAnswer:
    """``address``: the very one to connect to, where the caller has looked at it; ``context``: whom to
    trust and who we are.

    Raises:
        OSError, http.client.HTTPException, ValueError: no answer, a late one, or none of HTTP.
    """
    host, secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    tls = (context or ssl.create_default_context()) if secure else None
    connection = _Connection(host, port, address or host, tls, bounds.silence)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    watch = threading.Timer(bounds.seconds, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        response = connection.getresponse()
        content = _read(response, bounds.max_answer)
        if connection.was_cut:  # what came until then may look like a whole answer
            raise TimeoutError("the receiver is too slow")
        return HttpAnswer(
            response.status, content, {k.lower(): v for k, v in response.getheaders()}
        )
    finally:
        watch.cancel()
        connection.close()


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    pieces, left = [], most
    while left > 0 and (chunk := response.read1(min(left, 4096))):
        pieces.append(chunk)
        left -= len(chunk)
    return b"".join(pieces)


class _Connection(http.client.HTTPConnection):
    """Connects to one address; TLS and the Host header speak of the name."""

    def __init__(
        self, host: str, port: int, address: str, tls: ssl.SSLContext | None, silence: float
    ) -> None:
        super().__init__(host, port, timeout=silence)
        self.default_port = 443 if tls else 80
        self._address, self._tls = address, tls
        self.was_cut = False

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), timeout=CONNECT_SECONDS)
        raw.settimeout(self.timeout)
        self.sock = raw
        if self._tls is not None:
            wrapped = self._tls.wrap_socket(
                raw, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = wrapped  # before the handshake: a receiver that drips is cut off there too
            wrapped.do_handshake()

    def cut(self) -> None:
        """End the connection from another thread: what waits on it raises OSError."""
        self.was_cut = True
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
