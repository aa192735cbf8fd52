"""Objects that nothing in the index references: quarantined, and deleted only much later.

An empty or wrong index references nothing, so every object looks like an orphan to it. Three guards stand
before a deletion: the store carries the identity of its index and no other may sweep it; a sweep
refuses when more than a small share of what it looked at are orphans; and an orphan stays readable in
quarantine for a week, from which a reference to it takes it out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from services.index.port import Index
from services.storage.port import ObjectStore
from services.telemetry import metrics

_log = logging.getLogger("workers.orphans")
ORPHAN_SECONDS = 24 * 3600.0  # a younger object may belong to a run that has not finished
QUARANTINE_SECONDS = 7 * 24 * 3600.0
FEW = 10  # so many orphans are no sign of a wrong index, whatever their share
_MOST = 100_000  # orphans of one sweep; the next sweep takes the others
_CHUNK = 500
_Object = tuple[str, str]  # site, SHA-256


@dataclass(slots=True)
class _Look:
    """What a sweep saw: how many objects older than a day, and those that nothing references."""

    objects: int
    count: int
    orphans: set[_Object]


@dataclass(frozen=True, slots=True)
class OrphanSweep:
    """``share``: the largest share of orphans among the objects of a store that is swept. ``step`` is
    called before each object that is looked at or deleted; what it raises ends the sweep, at no loss."""

    index: Index
    store: ObjectStore
    share: float
    step: Callable[[], None] = lambda: None

    def run(self) -> int:
        """Quarantine orphans, release what is referenced again, delete what waited long enough.

        Returns how many objects were deleted. Raises IndexUnavailable, StoreUnavailable.
        """
        seen = self._look()
        if not self._may_sweep(seen):
            return 0
        self._release_referenced()
        for chunk in _chunks(seen.orphans, _CHUNK):
            self.step()
            with self.index.begin() as tx:
                tx.objects.quarantine(chunk)
        return self._delete_due(seen)

    def _look(self) -> _Look:
        seen = _Look(0, 0, set())
        for chunk in _chunks(self._old(), _CHUNK):
            with self.index.read() as tx:
                referenced = tx.studies.referenced([sha256 for _, sha256 in chunk])
            orphans = [one for one in chunk if one[1] not in referenced]
            seen.objects += len(chunk)
            seen.count += len(orphans)
            seen.orphans.update(islice(orphans, _MOST - len(seen.orphans)))
        return seen

    def _old(self) -> Iterator[_Object]:
        for site, sha256, age in self.store.list():
            self.step()
            if age > ORPHAN_SECONDS:
                yield site, sha256

    def _may_sweep(self, seen: _Look) -> bool:
        """Whether this is the store's index, as far as can be known. Claims a store that has none."""
        with self.index.begin() as tx:
            identity = tx.objects.identity()
        owners = self.store.owners()
        if owners - {"", identity}:
            return _refuse("the store belongs to another index", seen)
        if seen.count > FEW and seen.count > self.share * seen.objects:
            return _refuse("too large a share of the store are orphans", seen)
        if owners != {identity}:
            if seen.objects and seen.count == seen.objects:
                return _refuse("the index references nothing in a store without an owner", seen)
            self.store.claim(identity)
        return True

    def _release_referenced(self) -> None:
        with self.index.read() as tx:
            marked = tx.objects.quarantined()
        for chunk in _chunks(marked, _CHUNK):
            self.step()
            with self.index.begin() as tx:
                referenced = tx.studies.referenced([sha256 for _, sha256 in chunk])
                tx.objects.release(one for one in chunk if one[1] in referenced)

    def _delete_due(self, seen: _Look) -> int:
        """An object stored anew meanwhile is young: it is not among the orphans of this sweep."""
        count = 0
        with self.index.read() as tx:
            due = tx.objects.quarantined(QUARANTINE_SECONDS)
        for one in due:
            self.step()
            if one not in seen.orphans or self._is_referenced(one[1]):
                continue
            self.store.delete(*one)
            with self.index.begin() as tx:
                tx.objects.release([one])
            count += 1
        return count

    def _is_referenced(self, sha256: str) -> bool:
        """Asked again just before: a result may have come to reference it meanwhile."""
        with self.index.read() as tx:
            return bool(tx.studies.referenced([sha256]))


def _refuse(reason: str, seen: _Look) -> bool:
    metrics.SWEPT.labels("orphans_refused").inc()
    _log.error(
        "orphan sweep refused",
        extra={"reason": reason, "objects": seen.objects, "orphans": seen.count},
    )
    return False


def _chunks(items: Iterable[_Object], size: int) -> Iterator[list[_Object]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
