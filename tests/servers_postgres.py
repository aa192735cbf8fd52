"""A real PostgreSQL of Debian's, for one test run, with a fresh database for who asks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

_PASSWORD = uuid4().hex


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=str)
    return found[-1].parent if found else None


def _account() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    return "postgres" if os.geteuid() == 0 else None


@contextmanager
def postgres_server(programs: Path, **more: object) -> Iterator[str]:
    """Yields the URL of its ``postgres`` database; no process and no file is left afterwards. ``more``:
    settings of the server.
    """
    home = Path(tempfile.mkdtemp(prefix="fada-postgres-", dir="/tmp"))
    account = _account()
    secret = home / "secret"
    secret.write_text(_PASSWORD)
    if account:
        for path in (home, secret):
            shutil.chown(path, account)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [
        programs / "initdb",
        "-D",
        home / "data",
        "-U",
        "postgres",
        "-E",
        "UTF8",
    ]
    command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "--locale=C.UTF-8"]
    subprocess.run(command, check=True, user=account, cwd=home, stdout=subprocess.DEVNULL)
    options: dict[str, object] = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
    }
    options |= {"fsync": "off", "shared_buffers": "32MB", "max_connections": 120}
    options |= more
    command = [programs / "postgres", "-D", home / "data"]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, user=account, cwd=home, stdout=log, stderr=log)
    try:
        url = f"postgresql://postgres:{_PASSWORD}@127.0.0.1:{port}/postgres"
        _wait(url, process, home / "log")
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(home, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)


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
    """Remove all rows, past the triggers that keep results and audit append-only."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        query = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE "
        query += "schemaname = 'public' AND tablename <> 'alembic_version'"
        row = connection.execute(query).fetchone()
        assert row is not None
        connection.execute(f"TRUNCATE {row[0]} RESTART IDENTITY CASCADE".encode())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL. Without one on the machine: skipped aloud, and a failure in CI."""
    programs = _programs()
    if programs is None:
        message = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with postgres_server(programs) as url:
        yield url
