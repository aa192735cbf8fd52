"""Limits of a connection, below the application: headers in bytes and seconds, and readers that stall.

The server itself bounds neither: headers of any size are collected, and a connection that never
finishes its request line is kept for ever. Bodies are bounded in ``limits``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES = 32 * 1024  # request line and all headers together
HEADERS = 100
HEADER_SECONDS = 10.0  # from the first byte, or from the connection, to the last header
WRITE_SECONDS = 60.0  # a response that nobody takes further is given up
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with bounded headers; for ``uvicorn.run(http=BoundedProtocol)``."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._refused = self._upgraded = False
        self._in_head = False
        self._head_bytes = 0  # of the lines that are complete
        self._unread = 0  # bytes since the parser last handed something on
        self._head_end: asyncio.TimerHandle | None = None
        self._write_end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection that says nothing ends as one that says too little."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives its connection."""
        self._cancel_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; what the parser keeps to itself is counted."""
        if self._refused:
            return
        self._unread += len(data)
        super().data_received(data)
        if self._upgraded:
            return
        if self._unread > HEADER_BYTES and not self._refused:
            if self._in_head or self.cycle is None:
                self._refuse(_TOO_LARGE)
            else:  # endless trailers, or chunks of nothing
                self.transport.abort()
        elif self._waits() and self._head_end is None and self.timeout_keep_alive_task is None:
            self._await_head()  # empty lines between requests

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if self._head_end is None:
            self._await_head()

    def on_url(self, url: bytes) -> None:
        """A piece of the request line."""
        if self._fits(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One complete header, or trailer."""
        if self._fits(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The application gets the request."""
        self._in_head, self._unread = False, 0
        self._stop_awaiting_head()
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._unread = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._unread = 0
        if not self._refused:
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection is another protocol's from here on."""
        self._upgraded = True
        self._cancel_timers()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """The peer takes nothing for now."""
        super().pause_writing()
        if self._write_end is None:
            self._write_end = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It goes on."""
        super().resume_writing()
        if self._write_end is not None:
            self._write_end.cancel()
            self._write_end = None

    def _fits(self, count: int) -> bool:
        self._head_bytes += count
        if self._head_bytes > HEADER_BYTES or len(self.headers) >= HEADERS:
            self._refuse(_TOO_LARGE)
        return not self._refused

    def _waits(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._head_end = self.loop.call_later(HEADER_SECONDS, self._head_is_late)

    def _stop_awaiting_head(self) -> None:
        if self._head_end is not None:
            self._head_end.cancel()
            self._head_end = None

    def _head_is_late(self) -> None:
        self._head_end = None
        if not self._waits():
            self._await_head()  # the answer before it is not complete yet
        elif self._in_head:
            self._refuse(_TOO_SLOW)
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        if self._refused:
            return
        self._refused = True
        self._cancel_timers()
        if self._waits():
            self.transport.write(status + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()

    def _cancel_timers(self) -> None:
        self._stop_awaiting_head()
        if self._write_end is not None:
            self._write_end.cancel()
            self._write_end = None
