"""PostgreSQL behind a line that falls silent: connections stay open, and nothing comes any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest
from index_cases import migrated, send
from servers_postgres import fresh_database
from sqlalchemy.engine import make_url

from bench.drill.silent_line import Line
from gateway.api import health
from gateway.dependencies import Services
from gateway.ingest.tuning import GroupCommit
from services.domain.errors import IndexUnavailable
from services.index import open_index
from services.index.database.postgres_connection import DeadlineConnection
from services.index.port import Index

ENDS = 120.0  # s: it ends at all; how soon, on a machine without other work, the settings say


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        migrated(url).close()
        yield url


@pytest.fixture
def line(database: str) -> Iterator[Line]:
    target = make_url(database)
    made = Line(target.host or "", target.port or 0)
    yield made
    made.silent = False
    made.close()


@pytest.fixture
def through(database: str, line: Line) -> str:
    return make_url(database).set(port=line.port).render_as_string(hide_password=False)


def test_readiness_says_so_within_seconds_and_recovers(line: Line, through: str) -> None:
    index = open_index(through)
    index.ping()
    line.silent = True
    started = time.monotonic()
    with pytest.raises(IndexUnavailable):
        index.ping()
    assert time.monotonic() - started < ENDS
    line.silent = False
    index.ping()
    index.close()


def test_a_gateway_that_no_answer_reaches_is_not_sent_requests(line: Line, through: str) -> None:
    index = open_index(through)
    probe = health.of_this_gateway(cast(Services, SimpleNamespace(index=index)))
    assert probe.check()["index"].state == "ok"
    line.silent = True
    probe._until = 0.0
    assert probe.check()["index"].state == "down"
    line.silent = False
    probe.close()
    index.close()


def test_a_statement_under_way_ends(
    line: Line, through: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeadlineConnection, "answer_seconds", 2.0)
    index = open_index(through)
    started = time.monotonic()
    with pytest.raises(IndexUnavailable):
        _write_while_it_falls_silent(index, line)
    assert time.monotonic() - started < ENDS
    index.close()


def _write_while_it_falls_silent(index: Index, line: Line) -> None:
    with index.begin() as tx:
        send(tx)
        line.silent = True
        tx.studies.by_uid("north", "1.2")


def test_writes_that_wait_for_a_silent_commit_end_too(
    line: Line, through: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeadlineConnection, "answer_seconds", 2.0)
    monkeypatch.setattr("gateway.ingest.tuning.COMMIT_WAIT", 4.0)
    index = open_index(through)
    index.ping()
    group = GroupCommit(index)
    line.silent = True
    seconds: list[float] = []

    def write() -> None:
        started = time.monotonic()
        with pytest.raises(IndexUnavailable):
            group.run(lambda tx: tx.outbox.pending())
        seconds.append(time.monotonic() - started)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENDS)
    assert len(seconds) == 6
    assert max(seconds) < ENDS
    index.close()


def test_readiness_writes(database: str) -> None:
    """A database that only reads, as a standby after a failover, is not ready."""
    index = open_index(database)
    name = make_url(database).database
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        try:
            with pytest.raises(Exception, match="read-only"):
                index.ping()
        finally:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
    index.close()
