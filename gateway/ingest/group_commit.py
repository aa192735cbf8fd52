"""Group commit: what several requests want to write goes into one transaction.

A commit waits for the disk. While one does, the next requests gather, and one of them then commits for
all; it also waits a moment for those that are on their way (as PostgreSQL's commit_delay does). An answer
still comes only after its own rows are durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from services.index.port import Index, Transaction

T = TypeVar("T")
_PATIENCE = 0.003  # s; a single request waits for nobody


@dataclass(slots=True)
class _Item(Generic[T]):
    work: Callable[[Transaction], T]
    done: bool = False
    result: Any = None
    error: BaseException | None = field(default=None)


@dataclass(slots=True)
class Coming:
    """A request that will want to write."""

    group: GroupCommit
    awaited: bool = True

    def run(self, work: Callable[[Transaction], T]) -> T:
        """As GroupCommit.run. Once."""
        self.awaited = False
        return self.group.run(work, expected=True)


class GroupCommit:
    """Thread-safe; no thread of its own."""

    def __init__(self, index: Index, most: int = 32, patience: float = _PATIENCE) -> None:
        self._index, self._most, self._patience = index, most, patience
        self._waiting: list[_Item[Any]] = []
        self._coming = 0
        self._list, self._turn = threading.Lock(), threading.Lock()
        self._all_here = threading.Condition(self._list)

    @contextmanager
    def expect(self) -> Iterator[Coming]:
        """A request gets ready within, then runs its work: until it does, or leaves, others wait."""
        coming = Coming(self)
        with self._list:
            self._expect(1)
        try:
            yield coming
        finally:
            if coming.awaited:
                with self._list:
                    self._expect(-1)

    def run(self, work: Callable[[Transaction], T], *, expected: bool = False) -> T:
        """``work(tx)``, committed. Raises what it raises, or what the commit does.

        ``work`` may be called twice: when a neighbour in the same transaction failed, each is tried
        alone.
        """
        item = _Item(work)
        with self._list:
            self._waiting.append(item)
            self._expect(-1 if expected else 0)
        while not item.done:
            with self._turn:
                if item.done:
                    break
                self._commit(self._batch())
        if item.error is not None:
            raise item.error
        result: T = item.result
        return result

    def _expect(self, more: int) -> None:
        """With ``_list`` held."""
        self._coming += more
        if self._coming == 0:
            self._all_here.notify()

    def _batch(self) -> list[_Item[Any]]:
        with self._list:
            if self._coming:
                self._all_here.wait(self._patience)
            batch = self._waiting[: self._most]
            del self._waiting[: self._most]
            return batch

    def _commit(self, batch: list[_Item[Any]]) -> None:
        try:
            with self._index.begin() as tx:
                results = [item.work(tx) for item in batch]
        except BaseException as error:
            if len(batch) == 1:
                batch[0].error, batch[0].done = error, True
                return
            for item in batch:
                self._commit([item])
            return
        for item, result in zip(batch, results, strict=True):
            item.result, item.done = result, True
