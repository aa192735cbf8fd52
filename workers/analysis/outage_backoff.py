"""How long a job waits that was given back because a part of the hub is away."""

from __future__ import annotations

import random
import threading

from services.domain.errors import InferenceBusy, Unavailable

_FIRST, _LONGEST = 2.0, 30.0  # s, before jitter
_JITTER = (0.5, 1.5)
_BUSY = (2.0, 8.0)  # s, beside what a full queue asks for itself


class OutageBackoff:
    """Grows with the outages that this process met in a row, since it is the part that is ill and not
    one study: however many jobs wait, a part that is away is asked ever less often. The first result
    ends it. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outages = 0

    def delay(self, error: Unavailable) -> float:
        """Seconds until the job is sent again: growing, spread, and at least what ``error`` asks for.

        A full queue (InferenceBusy) is no outage: its server works, and the pause does not grow.
        """
        asked = error.retry_after or 0.0
        if isinstance(error, InferenceBusy):
            return asked + random.uniform(*_BUSY)  # noqa: S311 - spreads load
        with self._lock:
            grown = min(_FIRST * 2.0 ** min(self._outages, 10), _LONGEST)
            self._outages += 1
        return max(asked, grown * random.uniform(*_JITTER))  # noqa: S311 - spreads load

    def reset(self) -> None:
        """A job was done: all parts are there."""
        with self._lock:
            self._outages = 0
