"""Leases that ran out: their workers are gone, or the index was away and nobody could renew them.

An outage is never a study's fault. After one, the leases that ran out meanwhile go on for another term, so
that a worker that lives renews its own and keeps its study. Of a worker that gave up they run out again, and
then the study is queued again without counting an attempt.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from services.index.port import Index

_log = logging.getLogger("workers.expired_leases")


@dataclass(slots=True)
class ExpiredLeases:
    """What one sweeper knows of outages. ``away`` is called whenever the index did not answer."""

    index: Index
    lease_seconds: int
    attempts: int
    clock: Callable[[], float] = time.monotonic
    _answered: float = field(init=False)
    _away: bool = field(init=False, default=False)
    _uncounted: set[tuple[str, str]] = field(init=False, default_factory=set)
    _until: float = field(init=False, default=0.0)  # the extended leases have run out for sure

    def __post_init__(self) -> None:
        self._answered = self.clock()

    def away(self) -> None:
        """The index did not answer."""
        self._away = True

    def requeue(self) -> int:
        """Queue jobs again whose leases ran out; how many. Raises IndexUnavailable."""
        if self._away:
            self._extend()
        elif self._uncounted and self.clock() > self._until:
            self._uncounted.clear()
        with self.index.begin() as tx:
            count = tx.jobs.requeue_expired(attempts=self.attempts, uncounted=self._uncounted)
        self._answered = self.clock()
        return count

    def _extend(self) -> None:
        seconds = self.clock() - self._answered
        with self.index.begin() as tx:
            extended = tx.jobs.extend_after_outage(seconds, self.lease_seconds)
        self._away = False
        self._uncounted |= extended
        self._until = self.clock() + 3 * self.lease_seconds
        if extended:
            _log.warning("leases extended after an outage", extra={"count": len(extended)})
