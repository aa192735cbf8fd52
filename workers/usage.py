"""How many bytes each site has, added up now and then, and which sites are near their quota."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from services.domain.quota import QuotaState
from services.index.port import Index
from services.telemetry import metrics

EVERY_SECONDS = 60.0
_REST = 100.0  # a count that takes a second is followed by so many seconds without one
_log = logging.getLogger("workers.usage")


@dataclass(slots=True)
class UsageCount:
    """Reads every row of objects, so it takes at most a hundredth of the time."""

    index: Index
    not_before: float = 0.0

    def run(self) -> int:
        """Count, if it is time; how many sites have come nearer to their quota, or away from it."""
        began = time.monotonic()
        if began < self.not_before:
            return 0
        with self.index.read() as tx:
            since = tx.quotas.since_count()
            stored = tx.quotas.stored()
        with self.index.begin() as tx:
            states, changes = tx.quotas.counted(stored, since)
        self.not_before = time.monotonic() + _REST * (time.monotonic() - began)
        for state in QuotaState:
            metrics.SITES.labels(state.value).set(states.get(state, 0))
        for site, state in changes:
            level = logging.INFO if state is QuotaState.ROOM else logging.WARNING
            _log.log(level, "quota", extra={"site": site, "state": state.value})
        return len(changes)
