"""The Celery app of the workers: the queue's own configuration, the tasks, and one process's parts."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any

from celery import Celery, signals

from services.queue.transport import make_app
from services.settings import Settings
from services.telemetry import logs, metrics, traces
from workers import tasks
from workers.analysis.write_behind import Writer
from workers.delivery import DeliveryRunner
from workers.liveness import Liveness
from workers.resources import Ports, open_ports

Opened = Callable[[Settings], Ports]


class Hands:
    """This process's ports, opened after the fork: connections do not survive one."""

    def __init__(self, settings: Settings, opened: Opened = open_ports) -> None:
        self.settings = settings
        self._opened = opened
        self._lock = threading.Lock()
        self._ports: Ports | None = None
        self._pid = 0
        self._owner = ""
        self._writer = Writer()
        self._deliveries: DeliveryRunner | None = None

    def ports(self) -> Ports:
        with self._lock:
            if self._ports is None or self._pid != os.getpid():
                self._pid = os.getpid()
                self._owner = f"{socket.gethostname()}:{self._pid}:{uuid.uuid4().hex[:8]}"
                self._ports = self._opened(self.settings)
                self._writer = Writer()
                opened = self._ports
                self._deliveries = DeliveryRunner(opened.settings, opened.index, opened.store)
            return self._ports

    @property
    def writer(self) -> Writer:
        """Of this process: threads do not survive a fork either."""
        self.ports()
        return self._writer

    @property
    def deliveries(self) -> DeliveryRunner:
        """One for all threads of this process: it keeps its connection to a PACS."""
        self.ports()
        assert self._deliveries is not None
        return self._deliveries

    def close(self) -> None:
        """Write what waits to be written, in the process that read it."""
        if self._pid == os.getpid():
            self._writer.close()

    @property
    def owner(self) -> str:
        """Who holds this process's leases: never the same twice, also when a pid comes again."""
        self.ports()
        return self._owner


def make_celery(settings: Settings, opened: Opened = open_ports) -> Celery:
    """The app that a worker runs; who only sends needs services.queue alone."""
    app = make_app(settings)
    hands = Hands(settings, opened)
    tasks.register(app, hands)
    app.steps["consumer"].add(Liveness)
    _on_start(settings, hands)
    return app


def _on_start(settings: Settings, hands: Hands) -> None:
    def set_up_logs(**_: Any) -> None:
        logs.setup(settings.log_level)
        # Several lines of each study that say what is in every one.
        logging.getLogger("highdicom").setLevel(logging.WARNING)

    def forked(**_: Any) -> None:
        # Whoever stops a service signals all of its processes. The main process lets this one finish
        # its study; what exceeds its time is ended by SIGKILL.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        traces.setup("worker", settings.otel_endpoint)
        hands.ports()

    def ended(pid: int | None = None, **_: Any) -> None:
        hands.close()
        metrics.process_ended(pid or os.getpid())

    # weak=False: the functions live here only
    signals.setup_logging.connect(set_up_logs, weak=False)
    signals.worker_process_init.connect(forked, weak=False)
    signals.worker_process_shutdown.connect(ended, weak=False)
