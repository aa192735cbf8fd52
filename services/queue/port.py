"""How the gateway and the sweeper reach the workers: by a task's name and a job's id, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.telemetry import traces

TASK_ANALYSE = "fada.analyse"
TASK_PUBLISH = "fada.publish"
QUEUES = ("urgent", "routine", "publish")


@dataclass(frozen=True, slots=True)
class Analysis:
    """A job that is to be done. ``trace``: W3C headers of the span that asked for it."""

    job_id: str
    urgent: bool = False
    request_id: str = ""
    trace: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Analysis:
        """What an outbox row of the topic ``analyse`` asks for."""
        return cls(
            str(payload["job_id"]),
            bool(payload.get("urgent", False)),
            str(payload.get("request_id", "")),
            traces.carried_in(payload),
        )


class Queue(Protocol):
    """Raises BrokerUnavailable: then any part of what was to be sent may be there. Send all again: who
    gets a message twice finds the work taken."""

    def send_analyses(self, asked: Sequence[Analysis]) -> None: ...
    def send_deliveries(self, outbox_ids: Sequence[str]) -> None: ...
    def depth(self) -> dict[str, int]: ...  # queue → messages
    def ping(self) -> None: ...
