"""A worker that stopped consuming ends itself, and its keeper starts it again.

Workers can stay connected after a broker's restart and take nothing any more (celery#8030, #8091,
#10205). Their own answers to a ping do not show it. What shows it: messages wait, nothing is held, and
nothing was taken for a while. A thread looks, since the loop itself may be what hangs. Whether the broker
is there decides nothing: while it is away nobody can consume, and the process beats on.
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
HANGING_SECONDS = 300.0  # one look takes longer: far more than a silent broker's timeouts together
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
            look = _Look(consumer.app, names)
            look.start()
            beat: Path | None = getattr(consumer.app, BEAT, None)
            if beat is not None:
                _Heartbeat(look, beat).start()


BEAT = "fada_beat"  # attribute of the app: the file that is touched while all is well


class _Look(threading.Thread):
    """Looks at broker and consumer, again and again. ``last`` is the moment of its last look."""

    def __init__(self, app: Any, queues: list[str]) -> None:
        super().__init__(name="liveness", daemon=True)
        self._app, self._queues = app, queues
        self._watch = Watch(PATIENCE)
        self.last = time.monotonic()

    def run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Ends a process that is deaf. A broker that is away says nothing of this process."""
        waiting = self._waiting()
        self.last = time.monotonic()
        if waiting is None:
            return
        held = len(state.reserved_requests)
        if self._watch.deaf(time.monotonic(), waiting, held, sum(state.total_count.values())):
            _log.error("worker stopped consuming", extra={"depth": waiting})
            os._exit(DEAF)

    def _waiting(self) -> int | None:
        try:
            with self._app.pool.acquire(block=True, timeout=5) as connection:
                return sum(depths(connection.default_channel, self._queues).values())
        except Exception:  # kombu and its brokers raise many kinds, all mean the same here
            return None


class _Heartbeat(threading.Thread):
    """Tells the supervisor that this process lives: its threads run, and the one that looks comes round.

    A thread of its own, since a look waits for the broker. An outage of it, however long, must not end a
    process with a study in hand.
    """

    def __init__(self, look: _Look, file: Path) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._look, self._file = look, file

    def run(self) -> None:
        while True:
            self.beat()
            time.sleep(LOOK_SECONDS)

    def beat(self) -> None:
        """Touch the file, while the looks come to an end."""
        if time.monotonic() - self._look.last < HANGING_SECONDS:
            self._file.touch()
