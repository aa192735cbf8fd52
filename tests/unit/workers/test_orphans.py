"""Orphans in the store: who may delete them, and when. A real index in a file, the store in memory."""

import time
from datetime import UTC, datetime, timedelta

import combination
import pytest
from index_cases import ANNA, instance

from services.domain.study import IngestSource
from services.index import open_index
from services.storage.memory import MemoryStore
from workers.orphans import ORPHAN_SECONDS, QUARANTINE_SECONDS, OrphanSweep


class Time:
    """Moves the clock of index and store together."""

    def __init__(self, monkeypatch):
        self.ahead = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self.ahead)

    def __call__(self):
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


@pytest.fixture
def clock(monkeypatch):
    return Time(monkeypatch)


def index_in(path, clock):
    index = open_index(combination.index_url(path.parent, path.name), clock=clock)
    index.migrate()
    return index


@pytest.fixture
def sweep(tmp_path, clock):
    index = index_in(tmp_path / "index.db", clock)
    yield OrphanSweep(index, MemoryStore(), 0.05)
    index.close()


def reference(sweep, number, data):
    """Store bytes and a study that references them; their SHA-256."""
    sha256 = sweep.store.put("north", data, "x").sha256
    with sweep.index.begin() as tx:
        tx.studies.receive(
            ANNA, f"1.2.{number}", {}, [instance(f"1.2.{number}.1", sha=sha256)],
            source=IngestSource.STOW, urgent=False, request_id="r",
        )  # fmt: skip
    return sha256


def orphan(sweep, data=b"orphan"):
    return sweep.store.put("north", data, "x").sha256


def test_an_orphan_is_quarantined_after_a_day_and_deleted_a_week_later(sweep, clock):
    needed, lost = reference(sweep, 1, b"needed"), orphan(sweep)
    assert sweep.run() == 0
    clock.ahead += ORPHAN_SECONDS + 60
    assert sweep.run() == 0
    assert sweep.store.get("north", lost) == b"orphan", "readable in quarantine"
    clock.ahead += QUARANTINE_SECONDS - 60
    assert sweep.run() == 0
    clock.ahead += 120
    assert sweep.run() == 1
    assert sweep.store.exists("north", needed)
    assert not sweep.store.exists("north", lost)
    with sweep.index.read() as tx:
        assert tx.objects.quarantined() == []


def test_what_is_referenced_again_leaves_the_quarantine(sweep, clock):
    reference(sweep, 1, b"needed")
    lost = orphan(sweep)
    clock.ahead += ORPHAN_SECONDS + 60
    sweep.run()
    with sweep.index.read() as tx:
        assert tx.objects.quarantined() == [("north", lost)]
    assert reference(sweep, 2, b"orphan") == lost
    clock.ahead += QUARANTINE_SECONDS + 60
    assert sweep.run() == 0
    with sweep.index.read() as tx:
        assert tx.objects.quarantined() == []
    assert sweep.store.exists("north", lost)


@pytest.mark.parametrize("claimed", [True, False], ids=["claimed", "unclaimed"])
@pytest.mark.parametrize("objects", [3, 200])
def test_an_empty_index_deletes_nothing(sweep, clock, tmp_path, claimed, objects):
    for number in range(objects):
        reference(sweep, number, b"%d" % number)
    if claimed:
        clock.ahead += ORPHAN_SECONDS + 60
        sweep.run()
    empty = OrphanSweep(index_in(tmp_path / "empty.db", clock), sweep.store, 0.05)
    for _ in range(3):
        clock.ahead += QUARANTINE_SECONDS + ORPHAN_SECONDS
        assert empty.run() == 0
    with empty.index.read() as tx:
        assert tx.objects.quarantined() == []
    assert len(list(sweep.store.list())) == objects
    with sweep.index.begin() as tx:
        own = tx.objects.identity()
    assert sweep.store.owners() == ({own} if claimed else {""})
    empty.index.close()


def test_another_index_that_references_the_same_objects_may_not_sweep_either(
    sweep, clock, tmp_path
):
    reference(sweep, 1, b"needed")
    clock.ahead += ORPHAN_SECONDS + 60
    sweep.run()
    other = OrphanSweep(index_in(tmp_path / "other.db", clock), sweep.store, 0.05)
    reference(other, 1, b"needed")
    lost = orphan(sweep)
    for _ in range(3):
        clock.ahead += QUARANTINE_SECONDS + ORPHAN_SECONDS
        other.run()
    assert sweep.store.exists("north", lost)
    other.index.close()


def test_its_own_index_with_many_rows_lost_deletes_nothing(sweep, clock):
    reference(sweep, 1, b"needed")
    clock.ahead += ORPHAN_SECONDS + 60
    sweep.run()  # claimed
    for number in range(100):
        orphan(sweep, b"lost %d" % number)
    for _ in range(3):
        clock.ahead += QUARANTINE_SECONDS + ORPHAN_SECONDS
        assert sweep.run() == 0
    assert len(list(sweep.store.list())) == 101
