"""A PostgreSQL of Debian's in a folder of its own: a child process that may be killed and comes back, or a
server that is there while a block runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

from services.processes.process import ProcessSpec
from services.standalone import ports

_DURABLE = {"shared_buffers": "128MB", "max_connections": 200}  # it flushes as it does in service
_QUICK = {"fsync": "off", "shared_buffers": "32MB", "max_connections": 120}


def programs() -> Path | None:
    """The folder of the newest that Debian has; None without one."""
    paths = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=str)
    return paths[-1].parent if paths else None


@dataclass
class Postgres:
    """A cluster and how it is started; ``settings`` are the server's."""

    folder: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="fada-postgres-", dir="/tmp"))
    )
    port: int = field(default_factory=lambda: ports.free(1)[0])
    password: str = field(default_factory=lambda: uuid4().hex)
    settings: Mapping[str, object] = field(default_factory=lambda: _DURABLE)

    def url(self, database: str = "postgres") -> str:
        """As ``FADA_INDEX_URL`` takes it."""
        return f"postgresql://postgres:{self.password}@{ports.HOST}:{self.port}/{database}"

    def create(self) -> None:
        """Make the cluster. SystemExit: PostgreSQL is not installed."""
        secret = self.folder / "secret"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, "postgres", "postgres")
        command = [*_program("initdb"), "-D", str(self.folder / "data"), "-U", "postgres"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
        command += [f"--pwfile={secret}"]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def spec(self, log: Path) -> ProcessSpec:
        """Ready when it takes a connection."""
        options = {
            "port": self.port,
            "listen_addresses": ports.HOST,
            "unix_socket_directories": "",
            **self.settings,
        }
        command = [*_program("postgres"), "-D", str(self.folder / "data")]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return ProcessSpec("database", tuple(command), log=log, cwd=self.folder, ready=self.answers)

    def answers(self) -> bool:
        """Whether it takes a connection now."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def remove(self) -> None:
        """Delete its files."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def postgres_server(**more: object) -> Iterator[str]:
    """Yields the URL of its ``postgres`` database; no process and no file is left afterwards. It does not
    flush. ``more``: settings of the server. SystemExit: PostgreSQL is not installed.
    """
    server = Postgres(settings={**_QUICK, **more})
    try:
        server.create()
        log = server.folder / "log"
        command = server.spec(log).command
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=server.folder, stdout=out, stderr=out)
        try:
            _wait(server, process, log)
            yield server.url()
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        server.remove()


def _wait(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not server.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
        time.sleep(0.1)


def _program(name: str) -> tuple[str, ...]:
    """It refuses to run as root: then as its own user, by a program that becomes it."""
    folder = programs()
    if folder is None:
        raise SystemExit("Install Debian's postgresql.")
    become = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    return (*(become if os.geteuid() == 0 else ()), str(folder / name))
