"""A real PostgreSQL for one test run, with a fresh database for who asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import combination
import psycopg
import pytest

from bench import postgres


@contextmanager
def fresh_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, dropped afterwards."""
    name = f"t{uuid4().hex[:16]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield server_url.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def empty_tables(url: str) -> None:
    """Remove all rows, past the triggers that keep results and audit append-only, and count anew.

    DELETE, as most tables are empty already: TRUNCATE would give each of them a new file.
    """
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        query = "SELECT string_agg('DELETE FROM ' || quote_ident(tablename), '; ') FROM pg_tables WHERE "
        query += "schemaname = 'public' AND tablename <> 'alembic_version'"
        row = connection.execute(query).fetchone()
        assert row is not None
        connection.execute(row[0].encode())
        connection.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences"
        )


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL. Without one on the machine: skipped aloud, and a failure in CI."""
    if given := combination.POSTGRES:
        yield given
        return
    if postgres.programs() is None:
        message = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with postgres.postgres_server() as url:
        yield url
