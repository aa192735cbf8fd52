"""Jobs that take turns and keep what they have read, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from index_cases import Clock, instance, report, send

from services.domain.errors import LeaseLost
from services.index.port import Index, Job, JobState, ReadFrame, Received, StudyState

FIRST = ReadFrame("1.2.3.1", 1, "a" * 64, "f" * 64, '{"reading": 1}')


def receive(index: Index, study: str = "1.2", *, urgent: bool = False) -> Received:
    with index.begin() as tx:
        return send(tx, study, [instance(f"{study}.3.1")], urgent=urgent)[0]


def leased(index: Index, study: str = "1.2", *, urgent: bool = False) -> Job:
    got = receive(index, study, urgent=urgent)
    assert got.job_id is not None
    return lease(index, got.job_id)


def lease(index: Index, job_id: str) -> Job:
    with index.begin() as tx:
        job = tx.jobs.lease(job_id, "w1", 60)
    assert job is not None
    return job


def test_noted_frames_are_there_until_the_result_is(index: Index, clock: Clock) -> None:
    job = leased(index)
    with index.begin() as tx:
        tx.jobs.note(job.id, "w1", 60, [FIRST])
        newer = ReadFrame("1.2.3.1", 1, "b" * 64, "f" * 64, "{}")
        tx.jobs.note(job.id, "w1", 60, [newer, ReadFrame("1.2.3.1", 0, "b" * 64, "f" * 64, "{}")])
    with index.read() as tx:
        assert tx.progress.of_study("south", job.study_id) == []
        assert [(one.frame, one.sha256) for one in tx.progress.of_study("north", job.study_id)] == [
            (0, "b" * 64),
            (1, "b" * 64),
        ]
    with index.begin() as tx:
        tx.jobs.finish(job.id, "w1", report(), [], score=1.0, reasons=())
        assert tx.progress.of_study("north", job.study_id) == []


def test_progress_renews_the_lease_and_counts_attempts_anew(index: Index, clock: Clock) -> None:
    job = leased(index)
    for _ in range(5):  # each worker dies after some progress
        clock.pass_(50)
        with index.begin() as tx:
            tx.jobs.note(job.id, "w1", 60, [FIRST])
        clock.pass_(61)
        with index.begin() as tx:
            assert tx.jobs.requeue_expired(attempts=3) == 1
        job = lease(index, job.id)
    with index.read() as tx:
        assert tx.progress.of_study("north", job.study_id) == [FIRST]


def test_who_lost_the_lease_notes_nothing(index: Index) -> None:
    job = leased(index)
    with index.begin() as tx, pytest.raises(LeaseLost):
        tx.jobs.note(job.id, "w2", 60, [FIRST])
    with index.begin() as tx, pytest.raises(LeaseLost):
        tx.jobs.give_way(job.id, "w2", delay=0)
    with index.read() as tx:
        assert tx.progress.of_study("north", job.study_id) == []


def test_job_that_gave_way_goes_on_without_an_attempt(index: Index, clock: Clock) -> None:
    job = leased(index)
    with index.begin() as tx:
        tx.outbox.drop("analyse", job.id)
        tx.jobs.give_way(job.id, "w1", delay=10)
        kept = tx.jobs.get(None, job.id)
        assert (kept.state, kept.turns, kept.attempts) == (JobState.QUEUED, 1, 0)
        assert tx.studies.get("north", job.study_id).state is StudyState.ANALYSING
        assert tx.outbox.claim("analyse", 10) == []
    clock.pass_(11)
    with index.begin() as tx:
        assert [row.subject for row in tx.outbox.claim("analyse", 10)] == [job.id]
    lease(index, job.id)
    with index.read() as tx:  # told once
        events = [e for e in tx.events.since("north", 0) if e.type == "study.analysing"]
        assert len(events) == 1


def test_images_that_came_meanwhile_are_read_with_the_rest(index: Index) -> None:
    job = leased(index)
    with index.begin() as tx:
        tx.jobs.note(job.id, "w1", 60, [FIRST])
        further = send(tx, instances=[instance("1.2.3.2")])[0].job_id
    with index.begin() as tx:
        tx.jobs.give_way(job.id, "w1", delay=0)
        assert tx.jobs.get(None, job.id).state is JobState.DONE
        assert tx.progress.of_study("north", job.study_id) == [FIRST]
    assert further is not None
    assert lease(index, further).study_id == job.study_id


@pytest.mark.parametrize(
    ("mine", "others", "patient", "awaited"),
    [
        ("routine", None, False, False),
        ("routine", "routine", True, True),
        ("routine", "urgent", True, True),
        ("routine", "had a turn", True, False),
        ("routine", "had a turn", False, True),
        ("urgent", "routine", False, False),
        ("urgent", "urgent", True, True),
    ],
)
def test_who_is_waited_for(
    index: Index, mine: str, others: str | None, patient: bool, awaited: bool
) -> None:
    if others == "had a turn":
        other = leased(index, "1.9")
        with index.begin() as tx:
            tx.jobs.give_way(other.id, "w1", delay=0)
    elif others is not None:
        receive(index, "1.9", urgent=others == "urgent")
    job = leased(index, urgent=mine == "urgent")
    with index.read() as tx:
        assert tx.jobs.is_awaited(job.id, patient=patient) is awaited


def test_who_waits_for_images_is_not_waited_for(index: Index, clock: Clock) -> None:
    other = receive(index, "1.9")
    assert other.job_id is not None
    with index.begin() as tx:  # given back by an outage: due later
        assert tx.jobs.lease(other.job_id, "w2", 60) is not None
        tx.jobs.release(other.job_id, "w2", delay=30)
    job = leased(index)
    with index.read() as tx:
        assert not tx.jobs.is_awaited(job.id, patient=False)
