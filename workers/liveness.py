"""A worker that stopped consuming ends itself, and its keeper starts it again.

Workers can stay connected after a broker's restart and take nothing any more (celery#8030, #8091,
#10205). Their own answers to a ping do not show it. What shows it: messages wait, nothing is held, and
nothing was taken for a while. A thread looks, since the loop itself may be what hangs.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.worker import state

from services.queue.broker import depths

_log = logging.getLogger("workers.liveness")
LOOK_SECONDS = 2.0
PATIENCE = 12.0  # s in which messages wait, nothing is held and nothing is taken
DEAF = 75  # exit status: EX_TEMPFAIL


class Watch:
    """The judgement, without clock and broker."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self._total = -1

    def deaf(self, now: float, waiting: int, held: int, taken: int) -> bool:
        """``taken`` is the count of all tasks received so far."""
        if waiting == 0 or held > 0 or taken != self._total:
            self._total, self._since = taken, None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self._patience


class Liveness(bootsteps.StartStopStep):  # type: ignore[misc]
    """Runs beside the consumer, in the worker's main process."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _started = False  # one thread for the process, over all reconnects of its consumer

    def start(self, consumer: Any) -> None:
        """Begin to look, once in the life of this process."""
        if not Liveness._started:
            Liveness._started = True
            names = [queue.name for queue in consumer.task_consumer.queues]
            _Thread(consumer.app, names, getattr(consumer.app, BEAT, None)).start()


BEAT = "fada_beat"  # attribute of the app: the file that is touched while all is well


class _Thread(threading.Thread):
    def __init__(self, app: Any, queues: list[str], beat: Path | None) -> None:
        super().__init__(name="liveness", daemon=True)
        self._app, self._queues, self._beat = app, queues, beat
        self._watch = Watch(PATIENCE)

    def run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """One look: ends a process that is deaf, tells of one that is well."""
        waiting = self._waiting()
        if waiting is None:
            return  # the broker itself is away: nobody could consume
        held = len(state.reserved_requests)
        if self._watch.deaf(time.monotonic(), waiting, held, sum(state.total_count.values())):
            _log.error("worker stopped consuming", extra={"depth": waiting})
            os._exit(DEAF)
        if self._beat is not None:
            self._beat.touch()

    def _waiting(self) -> int | None:
        try:
            with self._app.pool.acquire(block=True, timeout=5) as connection:
                return sum(depths(connection.default_channel, self._queues).values())
        except Exception:  # kombu and its brokers raise many kinds, all mean the same here
            return None
