"""One receiver at a time: a slow one takes one thread at most, and rests after it let us wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_SLOW_SECONDS = 10.0  # an attempt that failed after that long kept a thread from others
_FIRST_REST, _LONGEST_REST = 15.0, 600.0
BUSY_SECONDS = 20.0  # when to ask again for a receiver that is busy


@dataclass(slots=True)
class _Lane:
    busy: bool = False
    rest_until: float = 0.0
    rest: float = 0.0


class Lanes:
    """Of this process. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}

    def enter(self, receiver: str) -> float:
        """0: the lane is the caller's until ``leave``. Else the seconds after which to ask again."""
        with self._lock:
            lane = self._lanes.setdefault(receiver, _Lane())
            resting = lane.rest_until - self._clock()
            if resting > 0:
                return resting
            if lane.busy:
                return BUSY_SECONDS
            lane.busy = True
            return 0.0

    def leave(self, receiver: str, *, failed: bool, seconds: float) -> None:
        """``failed`` after ``seconds``: a receiver that let us wait for nothing rests, longer each time."""
        with self._lock:
            lane = self._lanes[receiver]
            lane.busy = False
            if not failed:
                lane.rest = lane.rest_until = 0.0
            elif seconds >= _SLOW_SECONDS:
                lane.rest = min(max(lane.rest * 2, _FIRST_REST), _LONGEST_REST)
                lane.rest_until = self._clock() + lane.rest
