"""How many requests of a gateway may hold masks in its memory at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.http.places import Places
from services.domain.errors import Unavailable
from services.domain.study import Principal

_AT_ONCE = 2  # each holds the masks of one frame: 240 MiB at most, four times that for a SEG
_WAITING = 8  # each holds one of the threads that answer everybody
_OF_ONE = 4  # of those that draw or wait: no caller takes the places of all
_SECONDS = 20.0
_BUSY = "Too many masks are being drawn."
_turns = threading.BoundedSemaphore(_AT_ONCE)
_places = threading.BoundedSemaphore(_AT_ONCE + _WAITING)
_of_one = Places(_OF_ONE, "Your masks are being drawn: wait for them.", retry_after=5)


@contextmanager
def drawing_turn(who: Principal) -> Iterator[None]:
    """Waits until masks may be drawn.

    Raises:
        TooManyAtOnce: the caller waits for several already.
        Unavailable: after a while, and at once where many wait.
    """
    with _of_one.taken(who.counted_as), _place():
        if not _turns.acquire(timeout=_SECONDS):
            raise Unavailable(_BUSY, retry_after=5)
        try:
            yield
        finally:
            _turns.release()


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise Unavailable(_BUSY, retry_after=5)
    try:
        yield
    finally:
        _places.release()
