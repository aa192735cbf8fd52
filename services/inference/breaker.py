"""A circuit breaker: after some failures in a row nobody is kept waiting for a server that is dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed: calls pass. Open: none pass for ``pause`` s. Then one may try; its outcome decides."""

    def __init__(
        self,
        failures: int = 3,
        pause: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._pause, self._clock = failures, pause, clock
        self._failures = 0
        self._open_until = 0.0
        self._trying = False
        self._lock = threading.Lock()

    def admit(self) -> float:
        """0 when a call may pass, else the seconds until one may."""
        with self._lock:
            if self._failures < self._most:
                return 0.0
            left = self._open_until - self._clock()
            if left > 0:
                return left
            if self._trying:
                return 1.0
            self._trying = True
            return 0.0

    def succeeded(self) -> None:
        """A call succeeded: calls pass again."""
        with self._lock:
            self._failures, self._trying = 0, False

    def failed(self) -> None:
        """A call failed; after so many in a row none pass for a while."""
        with self._lock:
            self._failures += 1
            self._trying = False
            if self._failures >= self._most:
                self._open_until = self._clock() + self._pause

    @property
    def is_open(self) -> bool:
        """Whether calls are kept back."""
        return self._failures >= self._most
