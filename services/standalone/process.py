"""One child process: started in a group of its own, watched, ended whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from services.domain.errors import Unavailable

_STARTED_STABLE = 30.0  # s after which a crash counts as the first one again
_LONGEST_PAUSE = 15.0  # s between restarts
_LONGEST_LOG = 20 * 2**20  # bytes


class PartFailed(Unavailable):
    code, title = "part_failed", "A part of the hub did not start"


@dataclass(frozen=True, slots=True)
class Part:
    """What to run. ``ready`` says whether it serves; it must answer within a second or so."""

    name: str
    command: tuple[str, ...]
    log: Path
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    start_seconds: float = 60.0
    stop_seconds: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    tidy: Callable[[], None] = lambda: None  # removes what a killed run left; at start and end


class Warden:
    """Our end of the warden's pipe: when this process is gone, the warden ends the groups."""

    def __init__(self) -> None:
        self._child = self._start()
        self._groups: set[int] = set()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("process_reaper.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True, cwd="/",
        )  # fmt: skip

    def add(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"add {group}")

    def drop(self, group: int) -> None:
        self._groups.discard(group)
        self._tell(f"drop {group}")

    def _tell(self, line: str) -> None:
        if self._child.poll() is not None:  # killed: a new one must know all groups
            self._child = self._start()
            line = "\n".join(f"add {group}" for group in self._groups)
        if self._child.stdin is not None:
            self._child.stdin.write(line + "\n")
            self._child.stdin.flush()

    def close(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(timeout=30)


class Process:
    """A running part."""

    def __init__(self, part: Part, warden: Warden | None = None) -> None:
        self.part = part
        self._warden = warden
        self._child: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._crashes = 0
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """Start it; it need not be ready yet."""
        part = self.part
        part.log.parent.mkdir(parents=True, exist_ok=True)
        _keep_short(part.log)
        part.tidy()
        with part.log.open("ab") as log:
            self._child = subprocess.Popen(
                part.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=part.cwd,
                env={**os.environ, **part.env}, start_new_session=True,
            )  # fmt: skip
        self._began = time.monotonic()
        if self._warden is not None:
            self._warden.add(self._child.pid)

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def ready(self) -> bool:
        """Alive, and it answers."""
        try:
            return self.alive() and self.part.ready()
        except (OSError, ValueError, HTTPException):
            return False

    def wait_ready(self, seconds: float | None = None) -> None:
        """Wait until it answers.

        Raises:
            PartFailed: it ended, or took too long; the end of its log is in the detail.
        """
        until = time.monotonic() + (seconds or self.part.start_seconds)
        while not self.ready():
            if not self.alive():
                raise PartFailed(f"{self.part.name} ended by itself.\n{self.tail()}")
            if time.monotonic() > until:
                raise PartFailed(f"{self.part.name} does not answer.\n{self.tail()}")
            time.sleep(0.05)

    def tend(self) -> str:
        """Restart it if it ended, with growing pauses. Returns what to say, mostly nothing."""
        if self.alive():
            return ""
        now = time.monotonic()
        if self._not_before == 0.0:
            status = self._child.returncode if self._child is not None else None
            if now - self._began > _STARTED_STABLE:
                self._crashes = 0
            pause = min(0.5 * 2**self._crashes, _LONGEST_PAUSE)
            self._crashes += 1
            self._not_before = now + pause
            self._end_group()
            return f"{self.part.name} ended ({status}); it starts again in {pause:.1f} s"
        if now < self._not_before:
            return ""
        self._not_before = 0.0
        self.start()
        return f"{self.part.name} was started again"

    def stop(self) -> None:
        """End the whole group and wait until none of it is left."""
        self.ask_to_stop()
        self.finish_stop()

    def ask_to_stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            _signal_group(self._child.pid, self.part.stop_signal)

    def finish_stop(self) -> None:
        if self._child is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=self.part.stop_seconds)
        self._end_group()
        self._child.wait(timeout=10)
        self.part.tidy()

    def kill(self) -> None:
        """SIGKILL to the whole group, for tests of what happens then."""
        if self._child is not None:
            _signal_group(self._child.pid, signal.SIGKILL)
            self._child.wait(timeout=10)

    def _end_group(self) -> None:
        if self._child is None:
            return
        group = self._child.pid
        _signal_group(group, signal.SIGKILL)
        until = time.monotonic() + 5
        while _group_exists(group) and time.monotonic() < until:
            self._child.poll()
            time.sleep(0.01)
        if self._warden is not None:
            self._warden.drop(group)

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        try:
            with self.part.log.open("rb") as log:
                log.seek(max(self.part.log.stat().st_size - 20_000, 0))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def _keep_short(log: Path) -> None:
    """One earlier log is kept."""
    if log.is_file() and log.stat().st_size > _LONGEST_LOG:
        os.replace(log, log.with_suffix(".1.log"))


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
