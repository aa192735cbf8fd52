"""How many bytes of the spool the requests of a sender, and of a site, hold in all processes that share it.

Each process keeps its own numbers in memory. A larger one it also shows the others: as the length of an empty
file beside the spool, which is locked (flock) as long as the process lives.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from services.domain.study import Principal

_MARK = 16  # characters that stand for a site, or for a sender, in a file's name


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in requests under way."""

    sender: int
    site: int


class SpoolHolds:
    """Of one process; thread-safe."""

    def __init__(self, folder: Path, least: int) -> None:
        """``least``: fewer bytes of a sender are not shown to other processes."""
        self._folder, self._least = folder / "held", least
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._token = uuid4().hex
        self._lock = threading.Lock()
        self._own: Counter[tuple[str, str]] = Counter()  # by site and subject
        self._shown: dict[tuple[str, str], int] = {}  # open, locked files

    def change(self, who: Principal, count: int) -> int:
        """Add ``count`` bytes, or take them away; what this process holds for the sender then."""
        key = (who.site, who.subject)
        with self._lock:
            self._own[key] += count
            own = self._own[key]
            if own <= 0:
                del self._own[key]
            self._show(key, own)
        return own

    def own(self, who: Principal) -> int:
        """What this process holds for the sender."""
        return self._own.get((who.site, who.subject), 0)

    def held(self, who: Principal) -> Held:
        """In all processes."""
        site, sender = _marks(who.site, who.subject)
        with self._lock:
            of_sender = self._own.get((who.site, who.subject), 0)
            of_site = sum(count for (name, _), count in self._own.items() if name == who.site)
        for entry in os.scandir(self._folder):
            if not entry.name.startswith(f"{site}-") or entry.name.endswith(self._token):
                continue
            count = _bytes_of(Path(entry.path))
            of_site += count
            of_sender += count if entry.name.startswith(f"{site}-{sender}-") else 0
        return Held(of_sender, of_site)

    def close(self) -> None:
        """Nothing is held any more."""
        with self._lock:
            for key in list(self._shown):
                self._hide(key)
            self._own.clear()

    def _show(self, key: tuple[str, str], own: int) -> None:
        if own < self._least:
            self._hide(key)
            return
        if key not in self._shown:
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
            self._shown[key] = os.open(self._path(key), flags, 0o600)
            fcntl.flock(self._shown[key], fcntl.LOCK_EX)
        os.ftruncate(self._shown[key], own)  # no block of the disk is taken

    def _hide(self, key: tuple[str, str]) -> None:
        file = self._shown.pop(key, None)
        if file is not None:
            self._path(key).unlink(missing_ok=True)
            os.close(file)

    def _path(self, key: tuple[str, str]) -> Path:
        return self._folder / "-".join((*_marks(*key), self._token))


def _bytes_of(shown: Path) -> int:
    """What another process holds; a file that a killed one left is removed."""
    with suppress(FileNotFoundError), shown.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not size:  # it is being made
            return 0
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return size
        shown.unlink(missing_ok=True)
    return 0


def _marks(site: str, subject: str) -> tuple[str, str]:
    """Names of files say nothing of who sends."""
    return (
        hashlib.sha256(site.encode()).hexdigest()[:_MARK],
        hashlib.sha256(f"{site}\n{subject}".encode()).hexdigest()[:_MARK],
    )
