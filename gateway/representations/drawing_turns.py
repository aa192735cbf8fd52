"""How many requests of a gateway may hold masks in its memory at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.domain.errors import Unavailable

_AT_ONCE = 2  # each holds the masks of one frame: 128 MiB at most, several times that for a SEG
_SECONDS = 20.0
_turns = threading.BoundedSemaphore(_AT_ONCE)


@contextmanager
def drawing_turn() -> Iterator[None]:
    """Waits until masks may be drawn. Raises Unavailable after a while."""
    if not _turns.acquire(timeout=_SECONDS):
        raise Unavailable("Too many masks are being drawn.", retry_after=5)
    try:
        yield
    finally:
        _turns.release()
