"""A clock two days ahead and back leaves nothing stuck, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from index_cases import Clock, send

from services.domain.study import Role
from services.index import open_index
from services.index.port import Index, JobState

TWO_DAYS = 48 * 3600.0


def bound(index: Index) -> int:
    with index.begin() as tx:
        return tx.jobs.bound_moments(60, 60.0)


def test_outbox_rows_of_a_clock_ahead_are_sent(index: Index, clock: Clock) -> None:
    clock.pass_(TWO_DAYS)
    with index.begin() as tx:
        job_id = send(tx)[0].job_id
    clock.pass_(-TWO_DAYS)
    with index.begin() as tx:
        assert tx.outbox.claim("analyse", 10) == []
    assert bound(index) > 0
    with index.begin() as tx:
        assert [row.subject for row in tx.outbox.claim("analyse", 10)] == [job_id]


def test_lease_of_a_dead_worker_ends_and_a_living_one_keeps_it(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        job_id = send(tx)[0].job_id
    assert job_id is not None
    clock.pass_(TWO_DAYS)
    with index.begin() as tx:
        assert tx.jobs.lease(job_id, "w1", 60) is not None
    clock.pass_(-TWO_DAYS)
    with index.begin() as tx:
        assert tx.jobs.requeue_expired() == 0
    assert bound(index) == 1
    with index.begin() as tx:  # who lives renews it
        tx.jobs.renew(job_id, "w1", 60)
    clock.pass_(61)
    with index.begin() as tx:  # who died does not
        assert tx.jobs.requeue_expired() == 1
        assert tx.jobs.get(None, job_id).state is JobState.QUEUED


def test_what_is_due_soon_stays(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        job_id = send(tx)[0].job_id
        assert job_id is not None
        assert tx.jobs.lease(job_id, "w1", 60) is not None
        tx.jobs.release(job_id, "w1", delay=300.0)
        tx.outbox.add("deliver", {}, delay=6 * 3600.0, subject="d")
    assert bound(index) == 0


def test_time_is_the_servers_where_there_is_one(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=2)
    monkeypatch.setattr("services.index.database.connection.utc_now", lambda: ahead)
    index = open_index(request.getfixturevalue("postgres"))
    try:
        with index.begin() as tx:
            made = tx.keys.create("north", Role.ADMIN, "a")[0]
        assert abs(made.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    finally:
        index.close()
