"""A connection to PostgreSQL that does not wait for ever for a server that has fallen silent.

TCP keepalives and ``tcp_user_timeout`` notice a dead line; a live proxy, load balancer or a stopped server
acknowledges packets all the same. So every wait for an answer has a time limit too, above the server's own
``statement_timeout``, after which the connection is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import OperationalError
from sqlalchemy import Engine, event

from services.index.database.limits import BUSY_SECONDS, PING_SECONDS

ANSWER_SECONDS = BUSY_SECONDS + 2.0
_ABANDONED_SECONDS = 60  # a transaction whose client does nothing loses its locks

# libpq's settings: a line without an answer is dead after 5 + 3 x 2 s, unacknowledged data after 10 s.
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# The same from the server's side, so that a client that is gone does not keep its locks.
SERVER_OPTIONS = (
    f"-c statement_timeout={int(BUSY_SECONDS * 1000)} -c lock_timeout={int(BUSY_SECONDS * 1000)}"
    f" -c idle_in_transaction_session_timeout={_ABANDONED_SECONDS * 1000}"
    " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=10000 -c timezone=UTC"
)


class DeadlineConnection(psycopg.Connection[Any]):
    """``answer_seconds``: the longest wait for an answer; None: without end, for migrations."""

    answer_seconds: float | None = ANSWER_SECONDS

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's. Closes the connection and raises OperationalError after the time limit."""
        limit = self.answer_seconds if timeout is None else timeout
        try:
            return super().wait(gen, interval=interval, timeout=limit)
        except OperationalError as error:
            if timeout is None and error.sqlstate is None:  # not an answer of the server
                self.pgconn.finish()
            raise

    @contextmanager
    def answers_within(self, seconds: float | None) -> Iterator[None]:
        """Another limit inside the block."""
        before, self.answer_seconds = self.answer_seconds, seconds
        try:
            yield
        finally:
            self.answer_seconds = before


def use_deadlines(engine: Engine) -> None:
    """Let an engine make such connections, and ask a pooled one for seconds only whether it lives."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, options: Any) -> DeadlineConnection:
        return DeadlineConnection.connect(*args, **options)

    ping = engine.dialect.do_ping

    def ping_within(connection: Any) -> bool:
        with connection.answers_within(PING_SECONDS):
            return ping(connection)

    engine.dialect.do_ping = ping_within  # type: ignore[method-assign, assignment]
