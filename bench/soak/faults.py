"""Faults: each part is killed (SIGKILL), and stopped for a while (SIGSTOP), in turn."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.processes.process import Process

_BUSY = 60.0  # s; a worker with much to do is not seen to wait for more, which is how it is ready


def tree(pid: int) -> list[int]:
    """The process and all that descend from it, parents first; sessions of their own included."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):  # it ended meanwhile
            fields = stat.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    processes = [pid]
    for one in processes:
        processes += children.get(one, [])
    return processes


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """To those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@dataclass(slots=True)
class Fault:
    """``seconds`` 0: SIGKILL; else SIGSTOP for so long."""

    part: str
    seconds: float = 0.0
    at: float | None = None  # s since the beginning
    back: float | None = None  # s until the part answered again

    @property
    def name(self) -> str:
        """For people."""
        return (
            f"{self.part} stopped for {self.seconds:.0f} s"
            if self.seconds
            else f"{self.part} killed"
        )


@dataclass
class Faults:
    """Strikes one after the other, ``every`` seconds apart, once the one before is over."""

    processes: Mapping[str, Process]
    every: float
    plan: list[Fault]
    began: float = field(default_factory=time.monotonic)
    _next: int = 0
    _due: float = field(init=False)
    _stopped: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._due = self.began + self.every

    @property
    def over(self) -> bool:
        """Whether all have struck, and their parts are back."""
        return self._next == len(self.plan) and self._current is None

    @property
    def _current(self) -> Fault | None:
        """The fault that lasts."""
        if self._next == 0 or self.plan[self._next - 1].back is not None:
            return None
        return self.plan[self._next - 1]

    def tend(self) -> None:
        """Do what is due. Call it again and again."""
        now = time.monotonic()
        if (current := self._current) is not None:
            self._watch(current, now)
        elif now >= self._due and self._next < len(self.plan):
            self._strike(self.plan[self._next], now)
            self._next += 1
            self._due = now + self.every

    def close(self) -> None:
        """Let go on what is stopped."""
        signal_all(self._stopped, signal.SIGCONT)
        self._stopped = []

    def _strike(self, fault: Fault, now: float) -> None:
        fault.at = now - self.began
        print(f"{fault.at:7.1f} s  {fault.name}", flush=True)
        pid = self.processes[fault.part].pid
        if pid is None:
            return
        if fault.seconds:
            self._stopped = tree(pid)
            signal_all(self._stopped, signal.SIGSTOP)
        else:
            signal_all(tree(pid), signal.SIGKILL)

    def _watch(self, fault: Fault, now: float) -> None:
        struck = self.began + (fault.at or 0.0)
        if self._stopped and now >= struck + fault.seconds:
            self.close()
        process = self.processes[fault.part]
        busy = now > struck + fault.seconds + _BUSY and process.alive()
        if not self._stopped and now > struck + 1.0 and (process.ready() or busy):
            fault.back = now - struck


def every_part_in_turn(parts: Iterable[str], stop_seconds: float) -> list[Fault]:
    """Each part is killed, then each is stopped."""
    names = list(parts)
    return [Fault(name) for name in names] + [Fault(name, stop_seconds) for name in names]
