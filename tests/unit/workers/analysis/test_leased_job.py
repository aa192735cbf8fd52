"""A part that is away is asked ever less often; a full queue is asked again soon."""

import threading
from unittest.mock import MagicMock

from services.domain.errors import (
    IndexUnavailable,
    InferenceBusy,
    InferenceUnavailable,
    StoreUnavailable,
)
from workers.analysis import leased_job
from workers.analysis.leased_job import Lease, OutageBackoff


def test_it_grows_with_outages_in_a_row_up_to_a_bound():
    backoff = OutageBackoff()
    delays = [backoff.delay(InferenceUnavailable()) for _ in range(40)]
    assert all(1.0 <= delay <= 3.0 for delay in delays[:1])
    assert all(8.0 <= delay <= 24.0 for delay in delays[3:4])
    assert all(15.0 <= delay <= 45.0 for delay in delays[6:])


def test_it_is_spread():
    backoff = OutageBackoff()
    for _ in range(10):
        backoff.delay(StoreUnavailable())
    assert len({round(backoff.delay(StoreUnavailable()), 6) for _ in range(20)}) > 10


def test_the_first_result_ends_it():
    backoff = OutageBackoff()
    for _ in range(10):
        backoff.delay(InferenceUnavailable())
    backoff.reset()
    assert backoff.delay(InferenceUnavailable()) <= 3.0


def test_what_the_part_asks_for_is_kept_to():
    assert OutageBackoff().delay(InferenceUnavailable(retry_after=40.0)) >= 40.0


def test_a_full_queue_does_not_make_it_grow():
    backoff = OutageBackoff()
    assert all(2.0 <= backoff.delay(InferenceBusy()) <= 8.0 for _ in range(20))


class Away:
    """An index that does not answer at first."""

    def __init__(self, failures: int) -> None:
        self.failures, self.asked = failures, 0
        self.renewed = threading.Event()

    def begin(self):
        self.asked += 1
        if self.asked <= self.failures:
            raise IndexUnavailable
        self.renewed.set()
        return MagicMock()


def test_a_lease_is_renewed_as_soon_as_the_index_answers_again(monkeypatch):
    monkeypatch.setattr(leased_job, "_INDEX_PAUSE", 0.01)
    index = Away(failures=50)
    lease = Lease(index, MagicMock(id="j"), "w1", 3)  # type: ignore[arg-type]
    lease.start()
    try:  # one renewal in each third of a lease would take 50 s
        assert index.renewed.wait(10)
    finally:
        lease.stop()
    assert not lease.lost.is_set()
