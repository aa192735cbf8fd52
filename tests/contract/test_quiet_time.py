"""A study is read when no image has come for a while, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from index_cases import ANNA, BEN, Clock, instance, report, send

from services.domain.errors import NotFound
from services.domain.orders.order import OrderState, StepNews
from services.domain.study import IngestSource, Principal, Role
from services.index.messaging.jobs import LONGEST_QUIET
from services.index.port import Index, JobState, Received


@pytest.fixture
def quiet_seconds() -> float:
    return 60.0


def image(index: Index, number: int, *, urgent: bool = False) -> Received:
    with index.begin() as tx:
        return send(tx, instances=[instance(f"1.2.3.{number}")], urgent=urgent)[0]


def due(index: Index) -> list[str]:
    """The jobs that a dispatcher would send now; they are sent."""
    with index.begin() as tx:
        rows = tx.outbox.claim("analyse", 10)
        tx.outbox.done(*(row.id for row in rows))
    return [row.subject for row in rows]


def lease(index: Index, job_id: str) -> bool:
    with index.begin() as tx:
        return tx.jobs.lease(job_id, "w1", 60) is not None


def finish(index: Index, job_id: str) -> None:
    with index.begin() as tx:
        tx.jobs.finish(job_id, "w1", report(), [], score=1.0, reasons=())


def test_images_sent_one_by_one_are_one_job(index: Index, clock: Clock) -> None:
    jobs = set()
    for number in range(8):
        jobs.add(image(index, number).job_id)
        clock.pass_(40)
    (job_id,) = jobs
    assert job_id is not None
    clock.pass_(19)  # 59 s after the last one
    for sent in due(index):  # the row of the first image's quiet time: too early now
        assert not lease(index, sent)
    assert due(index) == []
    clock.pass_(2)
    assert due(index) == [job_id]
    assert lease(index, job_id)
    finish(index, job_id)
    with index.read() as tx:
        assert len(tx.jobs.find("north")) == 1


def test_image_that_comes_while_the_message_is_on_its_way_is_not_forgotten(
    index: Index, clock: Clock
) -> None:
    job_id = image(index, 1).job_id
    assert job_id is not None
    clock.pass_(61)
    with index.begin() as tx:
        (row,) = tx.outbox.claim("analyse", 10)  # it is sent, and not yet noted as sent
    image(index, 2)
    assert not lease(index, job_id)
    with index.begin() as tx:
        tx.outbox.done(row.id)
    assert due(index) == []
    clock.pass_(61)
    assert due(index) == [job_id]
    assert lease(index, job_id)


def test_late_images_are_one_further_job_after_their_own_quiet_time(
    index: Index, clock: Clock
) -> None:
    first = image(index, 1).job_id
    assert first is not None
    clock.pass_(61)
    assert due(index) == [first]
    assert lease(index, first)
    late = {image(index, number).job_id for number in (2, 3)}
    assert first not in late
    finish(index, first)
    assert due(index) == []
    clock.pass_(61)
    assert set(due(index)) == late
    assert len(late) == 1


def test_images_without_an_end_are_read_nevertheless(index: Index, clock: Clock) -> None:
    job_id = None
    for number in range(LONGEST_QUIET * 60 // 50 + 1):
        job_id = image(index, number).job_id
        clock.pass_(50)
    assert job_id is not None
    assert job_id in due(index)
    assert lease(index, job_id)


def test_complete_ends_the_wait_at_once(index: Index) -> None:
    got = image(index, 1)
    assert got.job_id is not None
    assert due(index) == []
    with index.begin() as tx:
        assert tx.studies.complete(ANNA, got.study_id) == got.job_id
    assert due(index) == [got.job_id]
    assert lease(index, got.job_id)
    with index.begin() as tx:
        assert tx.studies.complete(ANNA, got.study_id) is None
        with pytest.raises(NotFound):
            tx.studies.complete(BEN, got.study_id)
        assert next(e.action for e in tx.audit.find("north", subject=got.study_id)) == (
            "study.complete"
        )


def test_completed_twice_is_sent_once(index: Index) -> None:
    got = image(index, 1)
    for _ in range(2):
        with index.begin() as tx:
            assert tx.studies.complete(ANNA, got.study_id) == got.job_id
    assert due(index) == [got.job_id]


@pytest.mark.parametrize("how", ["sent", "flagged", "later image"])
def test_urgent_study_does_not_wait(index: Index, how: str) -> None:
    got = image(index, 1, urgent=how == "sent")
    if how == "flagged":
        with index.begin() as tx:
            tx.studies.set_urgent(ANNA, got.study_id, True)
    if how == "later image":
        image(index, 2, urgent=True)
    with index.begin() as tx:
        rows = tx.outbox.claim("analyse", 10)
    assert [(row.subject, row.payload["urgent"]) for row in rows] == [(got.job_id, True)]
    assert got.job_id is not None
    assert lease(index, got.job_id)


def test_lost_messages_are_sent_again_only_when_they_are_due(index: Index, clock: Clock) -> None:
    job_id = image(index, 1).job_id
    with index.begin() as tx:
        tx.outbox.drop("analyse", str(job_id))
        assert tx.jobs.resend_stale(0.0) == 0
    clock.pass_(71)
    with index.begin() as tx:
        assert tx.jobs.resend_stale(10.0) == 1
    assert due(index) == [job_id]


def test_failed_job_waits_for_images_that_came_meanwhile(index: Index, clock: Clock) -> None:
    first = image(index, 1).job_id
    assert first is not None
    clock.pass_(61)
    assert due(index) == [first]
    assert lease(index, first)
    second = image(index, 2).job_id
    assert second is not None
    with index.begin() as tx:
        tx.jobs.fail(first, "w1", "internal", "", attempts=3, retryable=True)
        assert tx.jobs.get(None, first).state is JobState.DONE
    assert due(index) == []
    clock.pass_(61)
    assert second in due(index)


def step(index: Index, uid: str, *images: str, state: OrderState = OrderState.COMPLETED) -> None:
    """A machine's procedure step of the study, begun and ended."""
    begun = StepNews(uid, OrderState.IN_PROGRESS, "US1", study_uid="1.2")
    ended = StepNews(uid, state, performed=("1.2.3",), images=images)
    with index.begin() as tx:
        tx.procedure_steps.begin(ANNA, begun)
    with index.begin() as tx:
        assert tx.procedure_steps.end(ANNA, ended)


def from_machine(index: Index, number: int) -> Received:
    with index.begin() as tx:
        return send(tx, instances=[instance(f"1.2.3.{number}")], source=IngestSource.DIMSE)[0]


def test_a_completed_step_ends_the_wait(index: Index, clock: Clock) -> None:
    job_id = from_machine(index, 1).job_id
    clock.pass_(5)
    step(index, "1.9.1", state=OrderState.DISCONTINUED)
    assert due(index) == []
    step(index, "1.9.2", "1.2.3.1")
    assert due(index) == [job_id]


def test_the_last_image_that_a_completed_step_names_ends_the_wait(
    index: Index, clock: Clock
) -> None:
    job_id = from_machine(index, 1).job_id
    clock.pass_(5)
    step(index, "1.9.3", "1.2.3.1", "1.2.3.2", "1.2.3.3")
    assert due(index) == [], "its machine still sends"
    from_machine(index, 2)
    assert due(index) == []
    from_machine(index, 3)
    assert due(index) == [job_id]
    assert job_id is not None
    assert lease(index, job_id)


def test_a_step_of_another_site_ends_nothing(index: Index, clock: Clock) -> None:
    from_machine(index, 1)
    clock.pass_(5)
    elsewhere = Principal("dimse:US9", "elsewhere", Role.DEVICE)
    with index.begin() as tx:
        tx.procedure_steps.begin(
            elsewhere, StepNews("1.9.4", OrderState.IN_PROGRESS, study_uid="1.2")
        )
        ended = StepNews("1.9.4", OrderState.COMPLETED, performed=("1.2.3",))
        tx.procedure_steps.end(elsewhere, ended)
    assert due(index) == []
