"""The memory of a process with all its descendants, while something is done to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROC = Path("/proc")


class Peak:
    """``mib``: the highest sum of resident memory seen so far; ``before``: at the beginning."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.before = self.mib = resident(pid)

    def look(self) -> None:
        """Once more."""
        self.mib = max(self.mib, resident(self._pid))


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Looks twenty times a second until the end of the block."""
    peak, ending = Peak(pid), threading.Event()

    def look() -> None:
        while not ending.wait(0.05):
            peak.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ending.set()
        thread.join(timeout=5)


def resident(pid: int) -> float:
    """MiB of a process and its descendants; pages they share count for each."""
    return sum(map(_resident, [pid, *descendants(pid)]))


def descendants(pid: int) -> list[int]:
    """The processes that it started, and those that these started."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    processes, left = [], [pid]
    while left:
        children = parents.get(left.pop(), [])
        processes += children
        left += children
    return processes


def _resident(pid: int) -> float:
    try:
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0
