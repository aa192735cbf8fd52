"""How the gateway and the sweeper reach the workers: by a task's name and a job's id, nothing else."""

from __future__ import annotations

from typing import Protocol

TASK_ANALYSE = "fada.analyse"
TASK_PUBLISH = "fada.publish"
QUEUES = ("urgent", "routine", "publish")


class Queue(Protocol):
    """Raises BrokerUnavailable."""

    def send_analyse(self, job_id: str, *, urgent: bool, request_id: str) -> None: ...
    def send_publish(self, outbox_id: str, *, request_id: str) -> None: ...
    def depth(self) -> dict[str, int]: ...  # queue → messages
    def ping(self) -> None: ...
