"""The Celery app of the workers: the queue's own configuration, the tasks, and one process's parts."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from celery import Celery, signals

from services.domain.errors import FadaError
from services.domain.work import TASKS, Work
from services.index.port import Index
from services.outbox import dispatch
from services.queue.broker import CeleryQueue
from services.queue.transport import make_app
from services.settings import Settings
from services.telemetry import logs, metrics, traces
from workers.delivery.runner import DeliveryRunner
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
        from workers.analysis.job_runner import JobRunner, WriteBehind

        here = self._here()
        with self._lock:
            if self._runner is None:
                self._runner = JobRunner(
                    here.resources, owner=here.owner, write_behind=WriteBehind()
                )
            return self._runner

    @property
    def deliveries(self) -> DeliveryRunner:
        """One for all threads of this process: it knows which receivers are busy."""
        return self._here().deliveries

    @property
    def index(self) -> Index:
        """This process's own."""
        return self._here().resources.index

    def close(self) -> None:
        """Write what waits to be written, in the process that read it."""
        here = self._process is not None and self._process.pid == os.getpid()
        if here and self._runner is not None:
            self._runner.close()

    def _here(self) -> _Process:
        with self._lock:
            pid = os.getpid()
            if self._process is None or self._process.pid != pid:
                resources = self._opened(self._settings)
                self._process = _Process(
                    pid,
                    f"{socket.gethostname()}:{pid}:{uuid.uuid4().hex[:8]}",
                    resources,
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
    _register_tasks(app, context)
    app.steps["consumer"].add(Liveness)
    _connect_signals(settings, context)
    return app


def _register_tasks(app: Celery, context: WorkerContext) -> None:
    """The tasks: thin, with ids alone. What they do stands in ``JobRunner`` and ``DeliveryRunner``.

    A task that raises is acknowledged: its job stands in the index as it was, and the sweeper sends
    it again. So no message can go round in circles.
    """

    @app.task(name=TASKS[Work.ANALYSE].name, shared=False)  # type: ignore[untyped-decorator]
    def analyse(job_id: str, request_id: str = "") -> None:
        # The job that is read may be another, with a request and a trace of its own.
        with logs.bind(request_id=request_id, job_id=job_id):
            if context.runner.run(job_id) == "turn":
                send_due(app, context.index)

    @app.task(name=TASKS[Work.DELIVER].name, shared=False, bind=True)  # type: ignore[untyped-decorator]
    def publish(self: Any, delivery_id: str, request_id: str = "") -> None:
        with (
            logs.bind(request_id=request_id, delivery_id=delivery_id),
            traces.continued(self.request.headers),
            traces.span("worker.publish", delivery_id=delivery_id),
        ):
            context.deliveries.deliver(delivery_id)


def send_due(app: Celery, index: Index) -> None:
    """After a turn: what the job gave way to goes to the broker, and the job itself behind it, even where
    the gateway's own sending is late. A job has one message, by its outbox row: one sent beside the row
    would be sent again by it, and a long study's messages would double at every turn. Best effort: the
    rows stay, and the sweeper sends them.
    """
    with suppress(FadaError):
        dispatch(index, CeleryQueue(app))


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
