"""Which index and broker the tests' hubs use: SQLite and Valkey, or what a drill (``make drill``) asks for."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg

from services.index import open_index

POSTGRES = os.environ.get("DRILL_POSTGRES", "")  # the URL of a server's own database
BROKER = Path(os.environ["DRILL_BROKER"]) if os.environ.get("DRILL_BROKER") else None

# amqp://… of a RabbitMQ that stands already: the contract of the queue and a worker run on it, too.
AMQP = os.environ.get("FADA_TEST_AMQP", "")


def index_url(folder: Path, name: str = "index.db") -> str:
    """Of an index of one's own: a file in ``folder``, or a new database that goes with its server."""
    if not POSTGRES:
        return f"sqlite:///{folder}/{name}"
    return _database(_template())


@cache
def _template() -> str:
    """Migrated once: a copy of it costs less than its migrations."""
    url = _database("template1")
    index = open_index(url)
    index.migrate()
    index.close()
    return url.rsplit("/", 1)[1]


def _database(template: str) -> str:
    name = f"d{uuid4().hex[:16]}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return POSTGRES.rsplit("/", 1)[0] + f"/{name}"
