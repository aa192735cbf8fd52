"""Index and broker of one run of the drill, as far as they can be had on this machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import postgres
from services.standalone import valkey

INDEXES, BROKERS = ("sqlite", "postgres"), ("redis", "valkey")
_CONNECTIONS = 500  # many gateways and workers of one run, each with a pool


@dataclass(frozen=True, slots=True)
class Combination:
    """``server``: the URL of a running PostgreSQL's own database; empty with SQLite."""

    index: str
    broker: str
    program: Path
    server: str = ""

    @property
    def name(self) -> str:
        """For people."""
        kind = {"sqlite": "SQLite", "postgres": "PostgreSQL"}[self.index]
        return f"{kind} and {self.broker.capitalize()}"

    def environment(self) -> dict[str, str]:
        """What ``tests/combination.py`` reads."""
        variables = {"DRILL_BROKER": str(self.program)}
        return {**variables, "DRILL_POSTGRES": self.server} if self.server else variables

    def versions(self) -> str:
        """Of the programs, as they say themselves."""
        words = _output(str(self.program), "--version").split()
        text = next((w[2:] for w in words if w.startswith("v=")), "")
        programs = postgres.programs()
        if self.index == "postgres" and programs is not None:
            number = _output(str(programs / "postgres"), "--version").split()[2]
            return f"PostgreSQL {number}, {self.broker.capitalize()} {text}"
        return f"SQLite, {self.broker.capitalize()} {text}"


@contextmanager
def opened(index: str, broker: str) -> Iterator[Combination]:
    """The combination, its PostgreSQL running until the end of the block.

    Raises:
        LookupError: it cannot be had here; the words say why.
    """
    program = _broker(broker)
    if program is None:
        raise LookupError(f"no {broker} server is installed here")
    if index == "sqlite":
        yield Combination(index, broker, program)
        return
    if postgres.programs() is None:
        raise LookupError("no PostgreSQL is installed here")
    with postgres.postgres_server(max_connections=_CONNECTIONS) as url:
        yield Combination(index, broker, program, url)


def _broker(name: str) -> Path | None:
    """Redis of the system's packages; Valkey of its wheel, or of the system's packages."""
    path = shutil.which(f"{name}-server")
    if name == "valkey":
        wheel = valkey.program()
        return wheel if wheel.name.startswith("valkey") else None
    return Path(path) if path else None


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
