"""Things that callers take in turns, no caller all of them."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairPool(Generic[T]):
    """Items that are taken and given back; what was given back last is taken first.

    Who waits is served in order of arrival, but for callers that have ``of_one`` already: they wait for
    their own. Safe to share between threads.
    """

    def __init__(self, items: Iterable[T], of_one: int) -> None:
        """``of_one``: the most that a caller has at once."""
        self._items, self._of_one = list(items), of_one
        self._held: Counter[str] = Counter()
        self._waiting: deque[tuple[str, object]] = deque()
        self._changed = threading.Condition()

    def take(self, caller: str, seconds: float) -> T:
        """One item, the caller's until it gives it back. Raises TimeoutError: none within ``seconds``."""
        mine = (caller, object())
        with self._changed:
            self._waiting.append(mine)
            try:
                if not self._changed.wait_for(lambda: self._is_next(mine), seconds):
                    raise TimeoutError
                self._held[caller] += 1
                return self._items.pop()
            finally:
                self._waiting.remove(mine)
                self._changed.notify_all()  # another may be next now

    def give_back(self, caller: str, item: T) -> None:
        """The item, or one in its place."""
        with self._changed:
            self._items.append(item)
            self._held[caller] -= 1
            if not self._held[caller]:
                del self._held[caller]
            self._changed.notify_all()

    def _is_next(self, mine: tuple[str, object]) -> bool:
        allowed = (one for one in self._waiting if self._held[one[0]] < self._of_one)
        return bool(self._items) and next(allowed, None) is mine
