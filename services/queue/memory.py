"""A queue in memory, for tests of what sends. Order of delivery is the real one: urgent first."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from services.domain.errors import BrokerUnavailable
from services.queue.port import QUEUES, TASK_ANALYSE, TASK_PUBLISH, Analysis

Message = tuple[str, str, str]  # task, subject, request id


class MemoryQueue:
    """``down`` makes every call raise BrokerUnavailable."""

    def __init__(self) -> None:
        self.queues: dict[str, deque[Message]] = {name: deque() for name in QUEUES}
        self.down = False

    def send_analyses(self, asked: Sequence[Analysis]) -> None:
        self._up()
        for one in asked:
            waiting = self.queues["urgent" if one.urgent else "routine"]
            waiting.append((TASK_ANALYSE, one.job_id, one.request_id))

    def send_deliveries(self, outbox_ids: Sequence[str]) -> None:
        self._up()
        self.queues["publish"].extend((TASK_PUBLISH, row, "") for row in outbox_ids)

    def take(self) -> Message | None:
        """What a worker would get next."""
        for name in QUEUES:
            if self.queues[name]:
                return self.queues[name].popleft()
        return None

    def depth(self) -> dict[str, int]:
        self._up()
        return {name: len(waiting) for name, waiting in self.queues.items()}

    def ping(self) -> None:
        self._up()

    def close(self) -> None:
        for waiting in self.queues.values():
            waiting.clear()

    def _up(self) -> None:
        if self.down:
            raise BrokerUnavailable(retry_after=5)
