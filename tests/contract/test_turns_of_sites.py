"""Sites share the workers, however much each of them sends, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from index_cases import ANNA, BEN, Clock, instance, report, send

from services.domain.study import Principal
from services.index.port import Index, Job, JobState

PATIENCE = 600.0


@pytest.fixture
def quiet_seconds() -> float:
    return 60.0


def receive(index: Index, who: Principal, *studies: str, urgent: bool = False) -> list[str]:
    """The jobs of new studies, in the order in which they came; none waits for more images."""
    jobs = []
    for study in studies:
        with index.begin() as tx:
            got = send(tx, study, [instance(f"{study}.1.1")], who=who, urgent=urgent)[0]
            tx.studies.complete(who, got.study_id)
        jobs.append(str(got.job_id))
    return jobs


def begin(index: Index, named: str, owner: str = "w1") -> Job | None:
    with index.begin() as tx:
        return tx.jobs.lease_next(named, owner, 60, patience=PATIENCE)


def begun(index: Index, clock: Clock, named: str) -> str | None:
    """What a worker does for a message: the job that it reads, and has read within a second."""
    job = begin(index, named)
    if job is None:
        return None
    clock.pass_(1)
    with index.begin() as tx:
        tx.jobs.finish(job.id, "w1", report(job.study_uid), [], score=0.0, reasons=())
    return job.id


def messages(index: Index) -> list[str]:
    """The jobs that are named by the messages which are sent now."""
    with index.begin() as tx:
        rows = tx.outbox.claim("analyse", 100)
        tx.outbox.done(*(row.id for row in rows))
    return [row.subject for row in rows]


def test_a_backlog_of_one_site_does_not_hold_up_another(index: Index, clock: Clock) -> None:
    backlog = receive(index, ANNA, *(f"1.1.{number}" for number in range(5)))
    first = begun(index, clock, backlog[0])
    others = receive(index, BEN, "1.2.1", "1.2.2")
    sent = messages(index)

    read = [first, *(begun(index, clock, named) for named in sent)]

    assert sent == [*backlog, *others], "messages are sent as they come"
    one, two, three, four, five = backlog
    assert read == [one, others[0], two, others[1], three, four, five, None]


def test_urgent_ones_come_first_whichever_message_comes_and_their_sites_take_turns(
    index: Index, clock: Clock
) -> None:
    routine = receive(index, ANNA, "1.1", "1.2")
    urgent = receive(index, ANNA, "1.3", "1.4", urgent=True)
    other = receive(index, BEN, "1.5", urgent=True)

    read = [begun(index, clock, named) for named in [*routine, *urgent, *other]]

    assert read == [urgent[0], other[0], urgent[1], *routine]


def test_urgent_ones_of_others_keep_no_site_waiting_for_ever(index: Index, clock: Clock) -> None:
    """Its routine jobs get a turn each ten minutes; one that has just come waits."""
    routine = receive(index, ANNA, "1.1", "1.2", "1.3")
    clock.pass_(PATIENCE + 1)
    fresh = receive(index, BEN, "1.4")
    urgent = receive(index, BEN, *(f"2.{number}" for number in range(4)), urgent=True)

    read = [begun(index, clock, urgent[0]) for _ in range(3)]
    clock.pass_(PATIENCE)
    read += [begun(index, clock, urgent[0]) for _ in range(5)]

    one, two, three = routine
    assert read == [one, *urgent[:2], fresh[0], two, *urgent[2:], three]


def test_a_backlog_that_is_late_holds_up_no_urgent_study(index: Index, clock: Clock) -> None:
    backlog = receive(index, ANNA, *(f"1.1.{number}" for number in range(30)))
    clock.pass_(PATIENCE * 2)
    assert begun(index, clock, backlog[0]) == backlog[0]
    urgent = receive(index, BEN, "1.2", urgent=True)
    assert begun(index, clock, backlog[1]) == urgent[0]


def test_a_job_that_a_gateway_of_the_version_before_made_has_its_turn(
    index: Index, clock: Clock
) -> None:
    """It has no place among those of its site; its message gives it one, whichever job that begins."""
    (old,) = receive(index, BEN, "1.1")
    with index.begin() as tx:
        tx.jobs.set(old, available_at=None)  # type: ignore[attr-defined]  # as it writes the row
    clock.pass_(1)
    backlog = receive(index, ANNA, "1.2", "1.3", "1.4")
    assert begun(index, clock, backlog[0]) == backlog[0], "it is not seen yet"

    read = [begun(index, clock, named) for named in (old, *backlog[1:])]

    assert read == [old, *backlog[1:]]


def test_a_message_that_comes_too_early_begins_nothing_and_comes_again(
    index: Index, clock: Clock
) -> None:
    with index.begin() as tx:
        early = str(send(tx, "1.1", [instance("1.1.1.1")])[0].job_id)
    clock.pass_(40)
    with index.begin() as tx:
        send(tx, "1.1", [instance("1.1.1.2")])
    clock.pass_(30)
    (waiting,) = receive(index, ANNA, "1.2")
    assert sorted(messages(index)) == sorted([early, waiting])

    assert begin(index, early) is None
    assert begun(index, clock, waiting) == waiting
    clock.pass_(30)
    assert messages(index) == [early]
    assert begun(index, clock, early) == early


def test_images_that_come_while_a_message_begins_another_job_are_read(
    index: Index, clock: Clock
) -> None:
    """The message of the first began the second; the first is put off before the second's comes."""
    with index.begin() as tx:
        job = str(send(tx, "1.1", [instance("1.1.1.1")])[0].job_id)
    (other,) = receive(index, BEN, "1.2", urgent=True)
    clock.pass_(61)
    assert sorted(messages(index)) == sorted([job, other])
    assert begun(index, clock, job) == other
    with index.begin() as tx:
        send(tx, "1.1", [instance("1.1.1.2")])

    assert begun(index, clock, other) is None
    clock.pass_(61)
    assert messages(index) == [job]
    assert begun(index, clock, job) == job


def test_who_gave_way_is_behind_its_site_and_who_lost_a_message_keeps_its_place(
    index: Index, clock: Clock
) -> None:
    first, second, third = receive(index, ANNA, "1.1", "1.2", "1.3")
    job = begin(index, first)
    assert job is not None
    clock.pass_(1)
    with index.begin() as tx:
        tx.jobs.give_way(first, "w1", delay=0.0)
    messages(index)
    clock.pass_(20)
    with index.begin() as tx:  # of the second; it is the oldest without a row
        assert tx.jobs.resend_stale(10.0, 1) == 1
    (fourth,) = receive(index, ANNA, "1.4")

    read = [begun(index, clock, "gone") for _ in range(5)]

    assert read == [second, third, first, fourth, None]


def test_who_was_given_back_waits_its_time(index: Index, clock: Clock) -> None:
    first, second = receive(index, ANNA, "1.1", "1.2")
    assert begin(index, first) is not None
    with index.begin() as tx:
        tx.jobs.release(first, "w1", delay=30)
    assert begun(index, clock, second) == second
    assert begun(index, clock, second) is None
    clock.pass_(30)
    assert begun(index, clock, first) == first


def test_a_study_that_is_being_read_holds_up_no_other_of_its_site(
    index: Index, clock: Clock
) -> None:
    (running,) = receive(index, ANNA, "1.1")
    job = begin(index, running, "w2")
    assert job is not None
    with index.begin() as tx:
        further = str(send(tx, "1.1", [instance("1.1.1.2")])[0].job_id)
        tx.studies.complete(ANNA, job.study_id)
    (other,) = receive(index, ANNA, "1.2")

    assert begun(index, clock, further) == other
    assert begun(index, clock, other) is None
    with index.begin() as tx:
        tx.outbox.drop("analyse", further)
        tx.jobs.finish(running, "w2", report("1.1"), [], score=0.0, reasons=())
    assert messages(index)[-1] == further
    assert begun(index, clock, further) == further


def test_a_job_whose_worker_died_is_taken_by_its_message(index: Index, clock: Clock) -> None:
    (job_id,) = receive(index, ANNA, "1.1")
    assert begin(index, job_id, "gone") is not None
    assert begin(index, job_id) is None
    clock.pass_(61)
    job = begin(index, job_id)
    assert job is not None
    assert (job.id, job.attempts, job.state) == (job_id, 1, JobState.LEASED)


def test_a_message_of_an_erased_study_begins_another(index: Index, clock: Clock) -> None:
    gone, other = receive(index, ANNA, "1.1", "1.2")
    with index.begin() as tx:
        tx.erasures.of_study(ANNA, tx.jobs.get(None, gone).study_id, "asked for")
    assert begun(index, clock, gone) == other


def test_a_turn_that_a_wrong_clock_put_ahead_is_brought_back(index: Index, clock: Clock) -> None:
    clock.pass_(86_400)
    (job,) = receive(index, BEN, "1.1")
    assert begun(index, clock, job) == job
    clock.pass_(-86_400)
    with index.begin() as tx:
        tx.jobs.bound_moments(60, 60.0)
    clock.pass_(1)
    first, second = receive(index, ANNA, "1.2", "1.3")
    (other,) = receive(index, BEN, "1.4")

    assert [begun(index, clock, first) for _ in range(3)] == [first, other, second]
