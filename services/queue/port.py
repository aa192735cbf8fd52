"""How messages reach the workers: by a task's name and the id of a job or delivery, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.domain.work import Work


@dataclass(frozen=True, slots=True)
class Message:
    """Work that is to be done. ``subject``: the id of the job or delivery. One about a job says only that
    some job waits: which is read the index says then.

    ``trace``: W3C headers of the span that asked for it.
    """

    work: Work
    subject: str
    urgent: bool = False
    request_id: str = ""
    trace: Mapping[str, str] = field(default_factory=dict)


class Queue(Protocol):
    """Task and queue of a message are those of ``services.domain.work.TASKS``.

    Raises BrokerUnavailable: then any part of what was to be sent may be there. Send all again: who
    gets a message twice finds the work taken.
    """

    def send(self, messages: Sequence[Message]) -> None:
        """All of them, in order."""
        ...

    def depth(self) -> dict[str, int]:
        """Queue to number of messages that wait in it; those that a worker holds are not counted."""
        ...

    def ping(self) -> None:
        """Whether the broker is there and may be written to."""
        ...

    def close(self) -> None:
        """Give back its connections."""
        ...
