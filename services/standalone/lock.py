"""One local stack to a folder: a second start says where the first one is."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from services.domain.errors import Conflict


class AlreadyRunning(Conflict):
    """Another process holds the folder."""

    code, title = "already_running", "This hub is running already"


class HomeLock:
    """Held from the start to the end of this process, also when it is killed."""

    def __init__(self, home: Path) -> None:
        """Raises AlreadyRunning."""
        self._path = home / "machine.lock"
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise AlreadyRunning(_where(self._path, home)) from error

    def note(self, address: str) -> None:
        """Who holds it, for who comes second."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps({"pid": os.getpid(), "hub": address}).encode(), 0)

    def release(self) -> None:
        """Let another process have the folder."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def _where(path: Path, home: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        return (
            f"A hub with the folder {home} runs already: {holder['hub']} (process {holder['pid']}). "
            "Use it, end it with Ctrl-C, or give another folder with --home."
        )
    except (OSError, ValueError, KeyError, TypeError):
        return f"A hub with the folder {home} is just starting. Give another folder with --home."
