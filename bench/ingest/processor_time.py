"""Processor time of a program with all its children: what a machine under load still tells honestly."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds_with_children(pid: int) -> float:
    """User and system time of a process and its descendants, also of those that have ended, so far."""
    seconds = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError):
                seconds[int(place.name)] = (place / "stat").read_text().rsplit(")", 1)[1].split()
    mine, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        mine += sum(int(ticks) for ticks in seconds.get(one, ())[11:15])  # proc(5): utime to cstime
        waiting += [child for child, fields in seconds.items() if int(fields[1]) == one]
    return mine / _TICKS
