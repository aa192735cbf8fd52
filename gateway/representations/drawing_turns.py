"""How many requests of a gateway may hold masks in its memory at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.domain.errors import Unavailable

_AT_ONCE = 2  # each holds the masks of one frame: 128 MiB at most, several times that for a SEG
_WAITING = 8  # each holds one of the threads that answer everybody
_SECONDS = 20.0
_BUSY = "Too many masks are being drawn."
_turns = threading.BoundedSemaphore(_AT_ONCE)
_places = threading.BoundedSemaphore(_AT_ONCE + _WAITING)


@contextmanager
def drawing_turn() -> Iterator[None]:
    """Waits until masks may be drawn. Raises Unavailable after a while, and at once where many wait."""
    if not _places.acquire(blocking=False):
        raise Unavailable(_BUSY, retry_after=5)
    try:
        if not _turns.acquire(timeout=_SECONDS):
            raise Unavailable(_BUSY, retry_after=5)
        try:
            yield
        finally:
            _turns.release()
    finally:
        _places.release()
