"""Group commit: what several requests want to write goes into one transaction.

A commit waits for the disk. While one does, the next requests gather, and one of them then commits for
all: an answer still comes only after its own rows are durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from services.index.port import Index, Transaction

T = TypeVar("T")


@dataclass(slots=True)
class _Item(Generic[T]):
    work: Callable[[Transaction], T]
    done: bool = False
    result: Any = None
    error: BaseException | None = field(default=None)


class GroupCommit:
    """Thread-safe; no thread of its own."""

    def __init__(self, index: Index, most: int = 32) -> None:
        self._index, self._most = index, most
        self._waiting: list[_Item[Any]] = []
        self._list, self._turn = threading.Lock(), threading.Lock()

    def run(self, work: Callable[[Transaction], T]) -> T:
        """``work(tx)``, committed. Raises what it raises, or what the commit does.

        ``work`` may be called twice: when a neighbour in the same transaction failed, each is tried
        alone.
        """
        item = _Item(work)
        with self._list:
            self._waiting.append(item)
        while not item.done:
            with self._turn:
                if item.done:
                    break
                with self._list:
                    batch = self._waiting[: self._most]
                    del self._waiting[: self._most]
                self._commit(batch)
        if item.error is not None:
            raise item.error
        result: T = item.result
        return result

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
