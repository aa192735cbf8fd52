"""A queue in memory, for tests of what sends. Order of delivery is the real one: urgent first."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from services.domain.errors import BrokerUnavailable
from services.domain.work import QUEUES, TASKS
from services.queue.port import Message


class MemoryQueue:
    """``down`` makes every call raise BrokerUnavailable."""

    def __init__(self) -> None:
        self.queues: dict[str, deque[Message]] = {name: deque() for name in QUEUES}
        self.down = False

    def send(self, messages: Sequence[Message]) -> None:
        """Into the queues of their tasks."""
        self.ping()
        for message in messages:
            self.queues[TASKS[message.work].queue(urgent=message.urgent)].append(message)

    def take(self) -> Message | None:
        """What a worker would get next."""
        for name in QUEUES:
            if self.queues[name]:
                return self.queues[name].popleft()
        return None

    def depth(self) -> dict[str, int]:
        """Queue to number of messages."""
        self.ping()
        return {name: len(waiting) for name, waiting in self.queues.items()}

    def ping(self) -> None:
        """Raises BrokerUnavailable while it is down."""
        if self.down:
            raise BrokerUnavailable(retry_after=5)

    def close(self) -> None:
        """Lose all messages, as a broker without persistence does."""
        for waiting in self.queues.values():
            waiting.clear()
