"""Resident memory of each part over time, of all its processes together."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak.faults import tree
from services.processes.process import Process

_EVERY, _WARM = 5.0, 60.0  # s between two samples; a part loads in its first minute
SMALL = 32 * 2**20  # a part below is measured against this: a broker of 8 MB may hold 10


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one part, in bytes, over its longest life without a fault of its own."""

    part: str
    start: int
    end: int
    seconds: float

    @property
    def share(self) -> float:
        """0.1: a tenth more at the end."""
        return (self.end - self.start) / max(self.start, SMALL)


@dataclass
class Memory:
    """Samples by part and life; a life ends with the process's number."""

    processes: Mapping[str, Process]
    samples: dict[tuple[str, int], list[tuple[float, int]]] = field(default_factory=dict)
    _due: float = 0.0

    def tend(self) -> None:
        """Take a sample when one is due."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _EVERY
        for name, process in self.processes.items():
            if process.alive() and process.pid is not None:
                taken = self.samples.setdefault((name, process.pid), [])
                taken.append((now, sum(_resident(pid) for pid in tree(process.pid))))

    def growth(self) -> list[Growth]:
        """Of each part that lived long enough: the median of the last fifth against the second."""
        growths: dict[str, Growth] = {}
        for (part, _pid), taken in self.samples.items():
            one = _growth(part, taken)
            if one is not None and (part not in growths or one.seconds > growths[part].seconds):
                growths[part] = one
        return list(growths.values())


def _growth(part: str, taken: list[tuple[float, int]]) -> Growth | None:
    warm = [(at, size) for at, size in taken if at >= taken[0][0] + _WARM]
    if len(warm) < 5:
        return None
    fifth = len(warm) // 5
    start = statistics.median(size for _, size in warm[:fifth])
    end = statistics.median(size for _, size in warm[-fifth:])
    return Growth(part, int(start), int(end), warm[-1][0] - warm[0][0])


def _resident(pid: int) -> int:
    """Proportional: pages that several processes share are counted once. 0: it ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
