"""A PostgreSQL of Debian's as a child process that may be killed and comes back, for measurements."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

from services.processes.process import ProcessSpec
from services.standalone import ports


@dataclass
class Postgres:
    """A cluster in a folder of its own. It flushes as it does in service (fsync is on)."""

    folder: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="fada-postgres-", dir="/tmp"))
    )
    port: int = field(default_factory=lambda: ports.free(1)[0])
    password: str = field(default_factory=lambda: uuid4().hex)
    connections: int = 200

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
        command = [*_account(), str(_programs() / "initdb"), "-D", str(self.folder / "data")]
        command += ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
        command += [f"--pwfile={secret}"]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def spec(self, log: Path) -> ProcessSpec:
        """Ready when it takes a connection."""
        options = {
            "port": self.port,
            "listen_addresses": ports.HOST,
            "unix_socket_directories": "",
            "shared_buffers": "128MB",
            "max_connections": self.connections,
        }
        command = [*_account(), str(_programs() / "postgres"), "-D", str(self.folder / "data")]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return ProcessSpec(
            "database", tuple(command), log=log, cwd=self.folder, ready=self._answers
        )

    def remove(self) -> None:
        """Delete its files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=str)
    if not found:
        raise SystemExit("Install Debian's postgresql.")
    return found[-1].parent


def _account() -> tuple[str, ...]:
    """It refuses to run as root: then as its own user, by a program that becomes it."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
