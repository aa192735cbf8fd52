"""How much of one kind a caller may have at once: requests, event streams, drawings."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.domain.errors import RateLimited


class TooManyAtOnce(RateLimited):
    """The caller has as many under way as it may."""

    code, title = "too_many_at_once", "Too many requests at once"


class Places:
    """Of one process; safe to share between threads."""

    def __init__(self, most: int, of_what: str, *, retry_after: float) -> None:
        """``most``: of one caller at once; ``of_what``: a sentence for who has too many; ``retry_after``:
        seconds, for the same.
        """
        self._most, self._of_what, self._retry_after = most, of_what, retry_after
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, caller: str) -> Iterator[None]:
        """The block has one place of the caller's. Raises TooManyAtOnce: it has none left."""
        with self._lock:
            if self._taken[caller] >= self._most:
                raise TooManyAtOnce(self._of_what, retry_after=self._retry_after)
            self._taken[caller] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[caller] -= 1
                if not self._taken[caller]:
                    del self._taken[caller]
