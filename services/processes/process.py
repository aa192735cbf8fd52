"""One child process: started in a group of its own, watched, restarted, ended whole."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import IO

from services.domain.errors import Unavailable
from services.processes.process_reaper import ProcessReaper
from services.processes.start_grace import StartGrace

_STARTED_STABLE = 30.0  # s after which a crash counts as the first one again
_LONGEST_PAUSE = 15.0  # s between restarts
_LONGEST_LOG = 20 * 2**20  # bytes


class ProcessFailed(Unavailable):
    """A child process ended by itself, or does not answer."""

    code, title = "part_failed", "A part of the hub did not start"


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run. ``ready`` says whether it serves; it must answer within a second or so.

    ``log`` takes its standard output and error; None: they go where ours go. ``tidy`` removes what a
    killed run left behind; it is called before each start and after each end.
    """

    name: str
    command: tuple[str, ...]
    log: Path | None = None
    ready: Callable[[], bool] = lambda: True
    env: Mapping[str, str] = field(default_factory=dict)  # beside our own
    cwd: Path | None = None
    stop_seconds: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    tidy: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class ProcessChange:
    """What ``tend`` saw or did: the process ``ended``, or was started again; ``text`` says it."""

    ended: bool
    text: str


class Process:
    """A child process with what it started itself. All calls from one thread."""

    def __init__(self, spec: ProcessSpec, reaper: ProcessReaper | None = None) -> None:
        """With a ``reaper`` the child is ended when this process is killed."""
        self.spec = spec
        self._reaper = reaper
        self._child: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._crashes = 0
        self._not_before = 0.0
        self._grace: StartGrace | None = None

    @property
    def pid(self) -> int | None:
        """Of the child, which is its process group's number too; None before the first start."""
        return self._child.pid if self._child is not None else None

    @property
    def running_seconds(self) -> float:
        """Since the last start."""
        return time.monotonic() - self._began

    def start(self) -> None:
        """Start it; it need not be ready yet. Raises OSError."""
        self._end_group()  # of a run before, which was killed
        self.spec.tidy()
        with self._log() as log:
            self._child = self._spawn(log)
        self._began = time.monotonic()
        self._grace = StartGrace(self._child.pid)

    def alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.poll() is None

    def ready(self) -> bool:
        """Alive, and it answers: then its start is over."""
        try:
            ready = self.alive() and self.spec.ready()
        except (OSError, ValueError, HTTPException):
            return False
        if ready:
            self._grace = None
        return ready

    def starting(self) -> bool:
        """Whether it has not been ready since its last start, and still works at it."""
        return self._works_at_start() and not self.ready()

    def wait_ready(self, seconds: float | None = None) -> None:
        """Wait until it answers, for ``seconds`` or as long as its start makes progress.

        Raises:
            ProcessFailed: it ended, or took too long; the end of its log is in the detail.
        """
        if self._grace is None and self._child is not None:  # it was ready before, and is not now
            self._grace = StartGrace(self._child.pid)
        until = time.monotonic() + seconds if seconds is not None else math.inf
        while not self.ready():
            self.check_start()
            if time.monotonic() > until:
                raise ProcessFailed(f"{self.spec.name} does not answer.\n{self.tail()}")
            time.sleep(0.05)

    def check_start(self) -> None:
        """Of one that is not ready yet. Raises ProcessFailed: it will not become so."""
        if not self.alive():
            raise ProcessFailed(f"{self.spec.name} ended by itself.\n{self.tail()}")
        if not self._works_at_start():
            raise ProcessFailed(f"{self.spec.name} does not answer.\n{self.tail()}")

    def tend(self) -> ProcessChange | None:
        """Restart it if it ended, with growing pauses. Call it again and again.

        Returns:
            What changed since the last call; mostly None.
        """
        if self.alive():
            return None
        now = time.monotonic()
        if self._not_before == 0.0:
            status = self._child.returncode if self._child is not None else None
            if now - self._began > _STARTED_STABLE:
                self._crashes = 0
            pause = min(0.5 * 2**self._crashes, _LONGEST_PAUSE)
            self._crashes += 1
            self._not_before = now + pause
            self._end_group()
            return ProcessChange(
                True, f"{self.spec.name} ended ({status}); it starts again in {pause:.1f} s"
            )
        if now < self._not_before:
            return None
        self._not_before = 0.0
        self.start()
        return ProcessChange(False, f"{self.spec.name} was started again")

    def stop(self) -> None:
        """End the whole group and wait until none of it is left."""
        self.ask_to_stop()
        self.finish_stop()

    def ask_to_stop(self) -> None:
        """Send the stop signal to the whole group."""
        if self._child is not None and self._child.poll() is None:
            _signal_group(self._child.pid, self.spec.stop_signal)

    def finish_stop(self) -> None:
        """Wait for the end as long as the spec says, then end the group by SIGKILL."""
        if self._child is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=self.spec.stop_seconds)
        self._end_group()
        self._child.wait(timeout=10)
        self.spec.tidy()

    def kill(self) -> None:
        """SIGKILL to the whole group: of one that hangs, and for tests of what happens then."""
        if self._child is not None:
            _signal_group(self._child.pid, signal.SIGKILL)
            self._child.wait(timeout=10)

    def tail(self, lines: int = 15) -> str:
        """The end of its log; empty when it has none."""
        log = self.spec.log
        try:
            if log is None:
                return ""
            with log.open("rb") as file:
                file.seek(max(log.stat().st_size - 20_000, 0))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _works_at_start(self) -> bool:
        return self.alive() and self._grace is not None and self._grace.holds()

    def _spawn(self, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
        spec, env = self.spec, {**os.environ, **self.spec.env}
        if self._reaper is not None:
            return self._reaper.spawn(spec.command, cwd=spec.cwd, env=env, output=log)
        return subprocess.Popen(
            spec.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=spec.cwd, env=env,
            start_new_session=True,
        )  # fmt: skip

    def _log(self) -> IO[bytes] | nullcontext[None]:
        log = self.spec.log
        if log is None:
            return nullcontext()
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and log.stat().st_size > _LONGEST_LOG:
            os.replace(log, log.with_suffix(".1.log"))  # one earlier log is kept
        return log.open("ab")

    def _end_group(self) -> None:
        if self._child is None:
            return
        group = self._child.pid
        _signal_group(group, signal.SIGKILL)
        until = time.monotonic() + 5
        while _group_exists(group) and time.monotonic() < until:
            self._child.poll()
            time.sleep(0.01)
        if self._reaper is not None:
            self._reaper.forget(group)


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


@contextmanager
def running(spec: ProcessSpec) -> Iterator[None]:
    """A part that is ready inside the block and ended after it. Raises ProcessFailed."""
    reaper = ProcessReaper()
    process = Process(spec, reaper)
    try:
        process.start()
        process.wait_ready()
        yield
    finally:
        process.stop()
        reaper.close()
