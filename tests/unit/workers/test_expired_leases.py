"""An outage of the index longer than a lease: no study is at fault. A real index in a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import combination
import pytest
from index_cases import send

from services.domain.errors import IndexUnavailable
from services.index import open_index
from services.index.port import Index, Job, JobState, Transaction
from services.queue.memory import MemoryQueue
from services.settings import Settings
from services.storage.memory import MemoryStore
from workers.sweeper import Sweeper

LEASE = 60


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return self.ahead


class Failing:
    """The index; while ``away`` it does not answer."""

    def __init__(self, real: Index) -> None:
        self.real, self.away = real, False

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        if self.away:
            raise IndexUnavailable
        with self.real.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self.begin() as tx:
            yield tx


class Bench:
    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        index = open_index(combination.index_url(folder), clock=self.clock)
        index.migrate()
        self.index = Failing(index)
        settings = Settings(home=folder, lease_seconds=LEASE, job_attempts=1)
        self.sweeper = Sweeper(settings, self.index, MemoryStore(), MemoryQueue())  # type: ignore[arg-type]
        self.sweeper.leases.clock = self.clock.monotonic
        self.sweeper.leases._answered = 0.0
        with index.begin() as tx:
            job_id = send(tx)[0].job_id
            assert job_id is not None
            self.job_id = job_id
            assert tx.jobs.lease(job_id, "w1", LEASE) is not None

    def job(self) -> Job:
        with self.index.real.read() as tx:
            return tx.jobs.get(None, self.job_id)

    def turn(self, after: float = 0.0) -> None:
        self.clock.ahead += after
        for duty in self.sweeper.duties:
            duty.due = 0.0 if duty.name == "requeued" else float("inf")
        self.sweeper.turn()

    def outage(self, seconds: float) -> None:
        self.index.away = True
        self.turn(after=1.0)
        self.turn(after=seconds)
        self.index.away = False


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.turn()
    yield made
    made.index.real.close()


def test_worker_that_lives_keeps_its_study(bench: Bench) -> None:
    bench.outage(5 * LEASE)
    bench.turn()
    with bench.index.begin() as tx:
        tx.jobs.renew(bench.job_id, "w1", LEASE)
    assert (bench.job().state, bench.job().attempts) == (JobState.LEASED, 0)


def test_study_of_a_worker_that_gave_up_is_queued_without_counting(bench: Bench) -> None:
    bench.outage(5 * LEASE)
    bench.turn()
    bench.turn(after=LEASE + 1)
    assert (bench.job().state, bench.job().attempts) == (JobState.QUEUED, 0)


def test_lease_that_runs_out_long_after_an_outage_counts(bench: Bench) -> None:
    bench.outage(5 * LEASE)
    bench.turn()
    with bench.index.begin() as tx:
        tx.jobs.renew(bench.job_id, "w1", 20 * LEASE)
    bench.turn(after=10 * LEASE)
    bench.turn(after=11 * LEASE)
    assert (bench.job().state, bench.job().attempts) == (JobState.DEAD, 1)


def test_worker_that_is_gone_without_an_outage_counts(bench: Bench) -> None:
    bench.turn(after=LEASE + 1)
    assert (bench.job().state, bench.job().attempts) == (JobState.DEAD, 1)
