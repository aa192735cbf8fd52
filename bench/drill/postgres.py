"""A real PostgreSQL of Debian's, on a free port of loopback, gone with all its files at the end."""

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

_PASSWORD = uuid4().hex


def programs() -> Path | None:
    """The folder of the newest Debian has; None without one."""
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
