"""``fada serve worker``: keeps the consuming processes of this machine alive, and answers Prometheus.

One process reads studies (prefork, so that a hanging or crashing read can be ended), one delivers to
the outside in threads, so that a slow receiver never keeps a study waiting. This keeper imports little
and touches neither broker nor index.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from services.settings import Settings
from services.telemetry import logs, multiprocess

_log = logging.getLogger("workers.supervisor")
KINDS = ("analyse", "publish")
_LOOK_SECONDS = 0.5
_SILENT_SECONDS = 60.0  # without a beat a child hangs, whatever it says; startup included
_LONGEST_PAUSE = 15.0
_STOP_SECONDS = 120.0  # a study in hand; who stops us may have less patience, and SIGKILL
_PR_SET_PDEATHSIG = 1
# Small matrices: BLAS threads would only take the processor from the model server.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Child:
    """One consuming process, started again when it ends or falls silent."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.beat = folder / f"{kind}.beat"
        self.restarts = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0
        self._began = 0.0

    def tend(self) -> bool:
        """Start it if it does not run; end it if it is silent. True when it had to be restarted."""
        now = time.monotonic()
        if self._child is not None and self._child.poll() is None:
            if now - self._began > _SILENT_SECONDS and self._silence() > _SILENT_SECONDS:
                _log.error("worker is silent", extra={"kind": self.kind})
                self._child.kill()
            return False
        ended = self._child is not None
        if ended:
            if now - self._began > 60:
                self.restarts = 0
            self._child = None
            self._not_before = now + min(0.5 * 2**self.restarts, _LONGEST_PAUSE)
            self.restarts += 1
        if now >= self._not_before and self._child is None:
            self._start()
        return ended

    def ask_to_stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def wait(self, seconds: float) -> None:
        if self._child is None:
            return
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _start(self) -> None:
        self.beat.touch()
        self._began = time.monotonic()
        command = [sys.executable, "-m", "workers.consume", self.kind, str(self.beat)]
        # preexec_fn is safe here: this process has no other threads that hold locks at that moment
        # but Prometheus' server, which does not import anything.
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD},
            preexec_fn=_die_with_us,
        )

    def _silence(self) -> float:
        try:
            return time.time() - self.beat.stat().st_mtime
        except OSError:
            return 0.0


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; running jobs are finished or given back."""
    logs.setup(settings.log_level)
    folder = settings.home.expanduser() / f"worker-{os.getpid()}"
    _clear(folder.parent)
    multiprocess.prepare(folder)
    from services.telemetry import metrics  # after prepare, and not before

    ending = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        metrics.serve(settings.metrics_port, settings.metrics_host)
    except OSError:  # a taken port hides figures; it must not stop the work
        _log.error("metrics port is taken", extra={"port": settings.metrics_port})
    children = [Child(kind, folder) for kind in KINDS]
    while not ending.wait(_LOOK_SECONDS):
        for child in children:
            if child.tend():
                metrics.RESTARTS.inc()
                _log.warning("worker ended", extra={"kind": child.kind})
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait(_STOP_SECONDS)
    _remove(folder)


def _clear(home: Path) -> None:
    """Folders of keepers that were killed."""
    for folder in home.glob("worker-*"):
        pid = folder.name.removeprefix("worker-")
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and sys.platform == "linux":
            _remove(folder)


def _remove(folder: Path) -> None:
    for file in folder.glob("*"):
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _die_with_us() -> None:
    """Linux: when the keeper is killed its children are asked to end, or they would go on unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    from services.settings import settings

    main(settings())
