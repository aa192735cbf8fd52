"""The database's own time: processes of several machines agree on it, and a machine's clock may jump.

A server is asked every half a minute; in between its time is counted on by this machine's monotonic
clock, which no change of the wall clock moves. SQLite has no clock but the machine's.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

from sqlalchemy import Connection

_ASKED_EVERY = 30.0  # s


class ServerClock:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[float, datetime] | None = None  # monotonic seconds, the server's time

    def ask(self, connection: Connection) -> None:
        """Ask the server, unless it was asked a moment ago."""
        with self._lock:
            fresh = self._known is not None and time.monotonic() - self._known[0] < _ASKED_EVERY
        if fresh:
            return
        server_time: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        with self._lock:
            self._known = (time.monotonic(), server_time)

    def __call__(self) -> datetime:
        """The server's time now; it was asked before."""
        with self._lock:
            assert self._known is not None
            at, server_time = self._known
        return server_time + timedelta(seconds=time.monotonic() - at)
