"""The Celery app of the workers: the queue's own configuration, the tasks, and one process's parts."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from celery import Celery, signals

from services.queue.transport import make_app
from services.settings import Settings
from services.telemetry import logs, metrics, traces
from workers import tasks
from workers.analysis.write_behind import WriteBehind
from workers.delivery import DeliveryRunner
from workers.liveness import Liveness
from workers.resources import Resources, open_resources

if TYPE_CHECKING:
    from workers.analysis.job_runner import JobRunner


@dataclass(frozen=True, slots=True)
class _Process:
    """What belongs to one process: neither connections nor threads survive a fork.

    ``owner`` holds its leases: never the same twice, also when a pid comes again.
    """

    pid: int
    owner: str
    resources: Resources
    write_behind: WriteBehind
    deliveries: DeliveryRunner


class WorkerContext:
    """What the tasks of this process work with, opened when first asked for and anew after a fork.

    Safe to share between threads.
    """

    def __init__(
        self, settings: Settings, opened: Callable[[Settings], Resources] = open_resources
    ) -> None:
        self._settings, self._opened = settings, opened
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._runner: JobRunner | None = None

    def open(self) -> None:
        """Open all now, so that the first task need not wait for it."""
        self._here()

    @property
    def runner(self) -> JobRunner:
        """Runs jobs. Only the process that reads loads what reading needs, before its fork."""
        from workers.analysis.job_runner import JobRunner

        here = self._here()
        with self._lock:
            if self._runner is None:
                self._runner = JobRunner(
                    here.resources, owner=here.owner, write_behind=here.write_behind
                )
            return self._runner

    @property
    def deliveries(self) -> DeliveryRunner:
        """One for all threads of this process: it keeps its connection to a PACS."""
        return self._here().deliveries

    def close(self) -> None:
        """Write what waits to be written, in the process that read it."""
        if self._process is not None and self._process.pid == os.getpid():
            self._process.write_behind.close()
            self._process.deliveries.close()

    def _here(self) -> _Process:
        with self._lock:
            pid = os.getpid()
            if self._process is None or self._process.pid != pid:
                resources = self._opened(self._settings)
                self._process = _Process(
                    pid,
                    f"{socket.gethostname()}:{pid}:{uuid.uuid4().hex[:8]}",
                    resources,
                    WriteBehind(),
                    DeliveryRunner(resources.settings, resources.index, resources.store),
                )
                self._runner = None
            return self._process


def make_celery(
    settings: Settings, opened: Callable[[Settings], Resources] = open_resources
) -> Celery:
    """The app that a worker runs; who only sends needs services.queue alone."""
    app = make_app(settings)
    context = WorkerContext(settings, opened)
    tasks.register(app, context)
    app.steps["consumer"].add(Liveness)
    _connect_signals(settings, context)
    return app


def _connect_signals(settings: Settings, context: WorkerContext) -> None:
    def set_up_logs(**_: Any) -> None:
        logs.setup(settings.log_level)
        # Several lines of each study that say what is in every one.
        logging.getLogger("highdicom").setLevel(logging.WARNING)

    def forked(**_: Any) -> None:
        # Whoever stops a service signals all of its processes. The main process lets this one finish
        # its study; what exceeds its time is ended by SIGKILL.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        traces.setup("worker", settings.otel_endpoint)
        context.open()

    def ended(pid: int | None = None, **_: Any) -> None:
        context.close()
        metrics.process_ended(pid or os.getpid())

    # weak=False: the functions live here only
    signals.setup_logging.connect(set_up_logs, weak=False)
    signals.worker_process_init.connect(forked, weak=False)
    signals.worker_process_shutdown.connect(ended, weak=False)
