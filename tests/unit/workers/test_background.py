"""The orphan sweep of a large store takes long; nothing else waits for it, and one that hangs is seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import combination
import pytest

from services.domain.errors import StoreUnavailable
from services.index import open_index
from services.queue.memory import MemoryQueue
from services.settings import Settings
from services.storage.memory import MemoryStore
from workers.background import Background
from workers.sweeper import Sweeper


class LargeStore(MemoryStore):
    """Its list has no end before ``let_go``."""

    def __init__(self) -> None:
        super().__init__()
        self.listing, self.let_go = threading.Event(), threading.Event()

    def list(self, site: str | None = None) -> Iterator[tuple[str, str, float]]:
        self.listing.set()
        while not self.let_go.wait(0.01):
            yield "north", "ab" * 32, 0.0


@pytest.fixture
def store() -> LargeStore:
    return LargeStore()


@pytest.fixture
def sweeper(tmp_path: Path, store: LargeStore) -> Iterator[Sweeper]:
    index = open_index(combination.index_url(tmp_path))
    index.migrate()
    made = Sweeper(Settings(home=tmp_path), index, store, MemoryQueue())
    yield made
    made.orphans.stop(10)
    index.close()


def test_the_turns_go_on_while_a_large_store_is_swept(sweeper: Sweeper, store: LargeStore) -> None:
    requeued: list[int] = []
    (requeue,) = (duty for duty in sweeper.duties if duty.name == "requeued")
    requeue.work = lambda: requeued.append(1) or 0  # type: ignore[func-returns-value]
    for turn in range(1, 4):
        for duty in sweeper.duties:
            duty.due = 0.0 if duty.name in {"orphans", "requeued"} else float("inf")
        sweeper.turn()
        assert store.listing.wait(10)
        assert len(requeued) == turn
        assert sweeper.orphans.running()
    store.let_go.set()
    sweeper.orphans.stop(10)
    assert not sweeper.orphans.running()


def test_a_sweep_that_makes_steps_does_not_hang_and_ends_at_once(
    sweeper: Sweeper, store: LargeStore
) -> None:
    sweeper.orphans.start()
    assert store.listing.wait(10)
    time.sleep(0.3)
    assert not sweeper.orphans.hangs(0.25), "each object is a step"
    sweeper.orphans.stop(10)
    assert not sweeper.orphans.running()


def test_one_that_makes_no_step_hangs() -> None:
    end = threading.Event()

    def work(step: Callable[[], None]) -> int:
        return int(end.wait(10))

    background = Background("orphans", work)
    assert not background.hangs(0.0), "it does not run"
    background.start()
    time.sleep(0.1)
    assert background.hangs(0.05)
    end.set()
    background.stop(10)
    assert not background.hangs(0.0)


@pytest.mark.parametrize(
    "error", [StoreUnavailable(), RuntimeError("x")], ids=["away", "unforeseen"]
)
def test_a_run_that_fails_is_told_and_the_next_one_runs(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    ran = threading.Semaphore(0)

    def work(step: Callable[[], None]) -> int:
        ran.release()
        raise error

    background = Background("orphans", work)
    for _ in range(2):
        background.start()
        assert ran.acquire(timeout=10)
        while background.running():
            time.sleep(0.01)
    assert [record.message for record in caplog.records] == ["duty failed"] * 2
