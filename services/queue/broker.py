"""The queue over Celery: Redis or Valkey, and any broker of AMQP 0-9-1. It sends by a task's name and says
quickly when it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from amqp.exceptions import AMQPError
from celery import Celery
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from services.domain.errors import BrokerUnavailable
from services.domain.work import QUEUES, TASKS
from services.queue.port import Message
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

    def send(self, messages: Sequence[Message]) -> None:
        """Two ids each, and nothing else; all of them in one go."""

        def send() -> None:
            # One by one, half of the processor's time went into the broker's answers.
            with self._app.producer_pool.acquire(block=True) as producer, producer.batch():
                for message in messages:
                    task = TASKS[message.work]
                    self._app.send_task(
                        task.name,
                        args=[message.subject],
                        kwargs={"request_id": message.request_id},
                        queue=task.queue(urgent=message.urgent),
                        retry=False,
                        headers=dict(message.trace),
                        producer=producer,
                    )

        self._with_one_retry(send)

    def depth(self) -> dict[str, int]:
        """Messages that wait in each queue; those that a worker holds are not counted."""
        return self._with_one_retry(self._depth)

    def _depth(self) -> dict[str, int]:
        with self._app.pool.acquire(block=True, timeout=5) as connection:
            return depths(connection.default_channel, QUEUES)

    def ping(self) -> None:
        """Ask the broker whether it is there and may be written to."""

        def ask() -> None:
            with self._app.pool.acquire(block=True, timeout=5) as connection:
                channel = connection.default_channel
                if _is_redis(channel):
                    channel.client.set("fada.ping", "1", ex=60)
                else:
                    _declared(channel, QUEUES[0])

        self._with_one_retry(ask)

    def close(self) -> None:
        """Give back its connections."""
        self._app.close()

    def _with_one_retry(self, work: Callable[[], T]) -> T:
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


_FAULTS: tuple[type[BaseException], ...] = (
    KombuError, RedisError, CeleryError, AMQPError, OSError,
)  # fmt: skip


def _is_redis(channel: Any) -> bool:
    return hasattr(channel, "client")


def depths(channel: Any, names: Sequence[str]) -> dict[str, int]:
    """Messages that wait in each queue, by a channel of kombu's and whatever broker stands behind it."""
    if _is_redis(channel):
        return {name: int(channel.client.llen(name)) for name in names}
    return {name: _declared(channel, name) for name in names}


def _declared(channel: Any, name: str) -> int:
    """Declare a queue, as its workers do, which changes nothing where it is there: its messages."""
    return int(channel.queue_declare(name, durable=True, auto_delete=False).message_count)


def purge(app: Any) -> int:
    """Throw away all waiting messages; the outbox sends again what is still needed."""
    with app.connection_for_write() as connection:
        channel = connection.default_channel
        if _is_redis(channel):
            return sum(int(channel.client.delete(name)) for name in QUEUES)
        for name in QUEUES:
            _declared(channel, name)
        return sum(int(channel.queue_purge(name) or 0) for name in QUEUES)
