"""``fada serve worker``: keeps the consuming processes of this machine alive, and answers Prometheus.

One process reads studies (prefork, so that a hanging or crashing read can be ended), one delivers to
the outside in threads, so that a slow receiver never keeps a study waiting. The supervisor imports
little and touches neither broker nor index.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType

from services.processes.process import Process, ProcessSpec
from services.processes.process_reaper import ProcessReaper
from services.processes.sandbox import available
from services.settings import Settings
from services.telemetry import logs, multiprocess

_log = logging.getLogger("workers.supervisor")
KINDS = ("analyse", "publish")
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 120.0  # a study in hand; who stops us may have less patience, and SIGKILL
# Small matrices: BLAS threads would only take the processor from the model server.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Consumer:
    """One consuming process, started again when it ends or its heartbeat stops."""

    def __init__(
        self, kind: str, folder: Path, reaper: ProcessReaper, silent_seconds: float
    ) -> None:
        """``folder`` takes the file that the process touches while it lives. Without a touch for
        ``silent_seconds``, after the first one, it hangs."""
        self.kind, self._silent_seconds = kind, silent_seconds
        self._heartbeat = folder / f"{kind}.beat"
        command = (sys.executable, "-m", "workers.consume", kind, str(self._heartbeat))
        spec = ProcessSpec(
            kind, command, env=_ONE_THREAD, stop_seconds=_STOP_SECONDS,
            ready=self._heartbeat.exists, tidy=partial(self._heartbeat.unlink, missing_ok=True),
        )  # fmt: skip
        self.process = Process(spec, reaper)

    def start(self) -> None:
        """Start it for the first time. Raises OSError."""
        self.process.start()

    def tend(self) -> bool:
        """End it if it is silent, start it again if it ended. True when it had ended.

        A start takes as long as the process works at it (``services.processes.start_grace``).
        """
        if self.process.alive() and self._is_silent():
            _log.error("worker is silent", extra={"kind": self.kind})
            self.process.kill()
        change = self.process.tend()
        return change is not None and change.ended

    def _is_silent(self) -> bool:
        if self.process.starting():
            return False
        try:
            return time.time() - self._heartbeat.stat().st_mtime > self._silent_seconds
        except OSError:  # its start came to no first beat
            return True


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
    except OSError:  # a taken port hides metrics; it must not stop the work
        _log.error("metrics port is taken", extra={"port": settings.metrics_port})
    for means, held in asdict(available()).items():
        metrics.SANDBOX.labels(means).set(held)
    reaper = ProcessReaper()
    consumers = [Consumer(kind, folder, reaper, settings.worker_silent_seconds) for kind in KINDS]
    for consumer in consumers:
        consumer.start()
    while not ending.wait(_LOOK_SECONDS):
        for consumer in consumers:
            if consumer.tend():
                metrics.RESTARTS.inc()
                _log.warning("worker ended", extra={"kind": consumer.kind})
    for consumer in consumers:
        consumer.process.ask_to_stop()
    for consumer in consumers:
        consumer.process.finish_stop()
    reaper.close()
    _remove(folder)


def _clear(home: Path) -> None:
    """Remove the folders of supervisors that were killed."""
    for folder in home.glob("worker-*"):
        pid = folder.name.removeprefix("worker-")
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and sys.platform == "linux":
            _remove(folder)


def _remove(folder: Path) -> None:
    for file in folder.glob("*"):
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


if __name__ == "__main__":
    from services.settings import settings

    main(settings())
