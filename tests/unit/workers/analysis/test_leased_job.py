"""A part that is away is asked ever less often; a full queue is asked again soon."""

from services.domain.errors import InferenceBusy, InferenceUnavailable, StoreUnavailable
from workers.analysis.leased_job import OutageBackoff


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
