"""What senders were promised: each study that was acknowledged, with the moment of the answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A study that a sender may forget now. ``attempts``: how often it was sent until then."""

    study_uid: str
    source: str
    at: datetime
    attempts: int


@dataclass(slots=True)
class Ledger:
    """Safe to share between threads."""

    studies: list[Acknowledged] = field(default_factory=list)
    reviews: list[tuple[str, int]] = field(default_factory=list)  # study id, version
    unsent: dict[str, int] = field(default_factory=dict)  # source: studies never acknowledged
    refused: list[str] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)  # s, of requests that were answered
    failed_reads: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, study_uid: str, source: str, attempts: int) -> None:
        """The hub has said that it has the study."""
        with self._lock:
            entry = Acknowledged(study_uid, source, datetime.now(UTC), attempts)
            self.studies.append(entry)

    def reviewed(self, study_id: str, version: int) -> None:
        """The hub has said that it keeps the review as ``version``."""
        with self._lock:
            self.reviews.append((study_id, version))

    def read(self, seconds: float | None) -> None:
        """A reader's request: its time, or None where it failed."""
        with self._lock:
            if seconds is None:
                self.failed_reads += 1
            else:
                self.reads.append(seconds)

    def give_up(self, source: str) -> None:
        """A study was not acknowledged until the end: its sender still has it."""
        with self._lock:
            self.unsent[source] = self.unsent.get(source, 0) + 1

    def refuse(self, words: str) -> None:
        """The hub refused what it must take: a fault of its own."""
        with self._lock:
            self.refused.append(words)
