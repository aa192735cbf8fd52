"""How long a start may take: as long as the process works at it. A machine under load starts slowly.

What works is seen by its processor time, where the system tells it; elsewhere every start has the same time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

IDLE_SECONDS = 60.0  # without any processor time
UNSEEN_SECONDS = 300.0  # for all of it, where processor time is not told
MOST_SECONDS = 900.0
_PROC = Path("/proc")
_AFTER_NAME = 2  # /proc/PID/stat counts from the state, which follows the name in brackets
_GROUP, _USER, _SYSTEM = 5 - 1 - _AFTER_NAME, 14 - 1 - _AFTER_NAME, 15 - 1 - _AFTER_NAME


def processor_seconds(group: int) -> float | None:
    """What all processes of a group have used so far, in seconds; None where Linux's /proc is not there."""
    if not (_PROC / "self" / "stat").exists():
        return None
    ticks = 0
    for entry in _PROC.glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[_GROUP]) == group or entry.parent.name == str(group):
            ticks += int(fields[_USER]) + int(fields[_SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")


class StartGrace:
    """Of one start. ``group``: of the processes that start, or the one process."""

    def __init__(self, group: int, used: Callable[[int], float | None] = processor_seconds) -> None:
        self._group, self._used = group, used
        self._began = self._progressed = time.monotonic()
        self._seconds = 0.0

    def holds(self) -> bool:
        """Whether it should be waited for: it used the processor a moment ago."""
        now = time.monotonic()
        used = self._used(self._group)
        if used is None:
            return now - self._began < UNSEEN_SECONDS
        if used > self._seconds:
            self._seconds, self._progressed = used, now
        return now - self._progressed < IDLE_SECONDS and now - self._began < MOST_SECONDS
