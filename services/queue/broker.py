"""The queue over Celery and Redis or Valkey. It sends by a task's name and says quickly when it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from celery import Celery
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from services.domain.errors import BrokerUnavailable
from services.queue.port import QUEUES, TASK_ANALYSE, TASK_PUBLISH, Analysis
from services.queue.transport import make_app
from services.settings import Settings

T = TypeVar("T")


def connect(settings: Settings) -> CeleryQueue:
    """The queue that the settings name. Nothing is sent before the first call."""
    return CeleryQueue(make_app(settings))


class CeleryQueue:
    """Safe to share between threads; make a new one after a fork."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send_analyses(self, asked: Sequence[Analysis]) -> None:
        """A message each, which holds two ids and nothing else; all in one go."""
        self._send(
            TASK_ANALYSE,
            [("urgent" if a.urgent else "routine", a.job_id, a.request_id, a.trace) for a in asked],
        )

    def send_deliveries(self, outbox_ids: Sequence[str]) -> None:
        """Ask for deliveries to the outside."""
        self._send(TASK_PUBLISH, [("publish", row, "", {}) for row in outbox_ids])

    def _send(self, task: str, messages: Sequence[tuple[str, str, str, Mapping[str, str]]]) -> None:
        def send() -> None:
            # One by one, half of the processor's time went into the broker's answers.
            with self._app.producer_pool.acquire(block=True) as producer, producer.batch():
                for queue, subject, request_id, trace in messages:
                    self._app.send_task(
                        task,
                        args=[subject],
                        kwargs={"request_id": request_id},
                        queue=queue,
                        retry=False,
                        headers=dict(trace),
                        producer=producer,
                    )

        self._named(send)

    def depth(self) -> dict[str, int]:
        """Messages that wait in each queue; those that a worker holds are not counted."""
        return self._named(self._depth)

    def _depth(self) -> dict[str, int]:
        with self._app.pool.acquire(block=True, timeout=5) as connection:
            client = connection.default_channel.client
            return {name: int(client.llen(name)) for name in QUEUES}

    def ping(self) -> None:
        """Ask the broker whether it is there and may be written to."""

        def ask() -> None:
            with self._app.pool.acquire(block=True, timeout=5) as connection:
                connection.default_channel.client.set("fada.ping", "1", ex=60)

        self._named(ask)

    def close(self) -> None:
        self._app.close()

    def _named(self, work: Callable[[], T]) -> T:
        """Once more on a fresh connection, since an idle one may have died; then say so."""
        try:
            return work()
        except _FAULTS:
            try:
                return work()
            except _FAULTS as error:
                raise BrokerUnavailable(
                    f"The queue cannot be reached or is full ({type(error).__name__}).",
                    retry_after=5,
                ) from error


_FAULTS: tuple[type[BaseException], ...] = (KombuError, RedisError, CeleryError, OSError)


def purge(app: Any) -> int:
    """Throw away all waiting messages; the outbox sends again what is still needed."""
    with app.connection_for_write() as connection:
        client = connection.default_channel.client
        return sum(int(client.delete(name)) for name in QUEUES)
