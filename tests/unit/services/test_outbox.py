"""The outbox's way to the broker, on a real index in a file and a queue in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from index_cases import START, Clock, instance, send

from services.domain.errors import BrokerUnavailable
from services.domain.work import EVENTS, QUEUES, TASKS, Work
from services.index import open_index
from services.index.port import Index
from services.outbox import AfterCommit, dispatch
from services.queue.memory import MemoryQueue


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(tmp_path: Path, clock: Clock) -> Iterator[Index]:
    opened = open_index(f"sqlite:///{tmp_path}/index.db", clock=clock)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def receive(index: Index, number: int, *, urgent: bool = False) -> str:
    with index.begin() as tx:
        answer = send(tx, f"1.2.{number}", [instance(f"1.2.{number}.1.1")], urgent=urgent)[0]
    assert answer.job_id is not None
    return answer.job_id


def subjects(queue: MemoryQueue) -> list[str]:
    return [message.subject for message in iter(queue.take, None)]


def test_each_row_is_sent_once_and_urgent_work_to_its_own_queue(
    index: Index, queue: MemoryQueue
) -> None:
    calm, urgent = receive(index, 1), receive(index, 2, urgent=True)
    assert dispatch(index, queue) == 2
    assert dispatch(index, queue) == 0
    assert subjects(queue) == [urgent, calm]


def test_a_broker_that_is_away_keeps_the_outbox(
    index: Index, queue: MemoryQueue, clock: Clock
) -> None:
    job_id = receive(index, 1)
    queue.down = True
    with pytest.raises(BrokerUnavailable):
        dispatch(index, queue)
    queue.down = False
    assert dispatch(index, queue) == 0, "not at once"
    clock.pass_(3)
    assert dispatch(index, queue) == 1
    assert subjects(queue) == [job_id]


def test_two_dispatchers_do_not_send_the_same(index: Index, queue: MemoryQueue) -> None:
    for number in range(5):
        receive(index, number)
    with index.begin() as tx:
        tx.outbox.claim(None, 3)
    assert dispatch(index, queue) == 2


def test_a_dispatcher_that_died_leaves_its_rows_to_the_next(
    index: Index, queue: MemoryQueue, clock: Clock
) -> None:
    receive(index, 1)
    with index.begin() as tx:
        tx.outbox.claim(None, 10)
    assert dispatch(index, queue) == 0
    clock.pass_(31)
    assert dispatch(index, queue) == 1


def test_deliveries_go_beside_analyses(index: Index, queue: MemoryQueue) -> None:
    with index.begin() as tx:
        tx.webhooks.create("north", "https://receiver.example/hook", ("study.received",))
    job_id = receive(index, 1)
    assert dispatch(index, queue) == 2
    with index.read() as tx:
        (delivery,) = tx.deliveries.find("north")
    assert [m.subject for m in queue.queues["routine"]] == [job_id]
    assert [(m.work, m.subject) for m in queue.queues["publish"]] == [(Work.DELIVER, delivery.id)]


def test_without_a_receiver_nothing_is_queued_for_delivery(
    index: Index, queue: MemoryQueue
) -> None:
    receive(index, 1)
    assert dispatch(index, queue) == 1
    assert not queue.queues["publish"]


def test_it_sends_after_a_commit_and_before_it_ends(index: Index, queue: MemoryQueue) -> None:
    sender = AfterCommit(index, queue)
    first = receive(index, 1)
    sender.wake()
    until = time.monotonic() + 120
    while not queue.queues["routine"] and time.monotonic() < until:
        time.sleep(0.01)
    second = receive(index, 2)
    sender.wake()
    sender.close()
    assert subjects(queue) == [first, second]


def test_a_broker_that_is_away_does_not_end_the_thread(
    index: Index, queue: MemoryQueue, clock: Clock
) -> None:
    sender = AfterCommit(index, queue)
    queue.down = True
    receive(index, 1)
    assert sender.flush() == 0
    queue.down = False
    clock.at = START + timedelta(seconds=10)
    assert sender.flush() == 1


def test_all_work_has_a_task_and_its_queues_exist() -> None:
    assert set(TASKS) == set(Work)
    assert {q for task in TASKS.values() for q in (task.routine, task.urgent)} == set(QUEUES)
    assert {name for name, effects in EVENTS.items() if effects.push} == {
        "study.ready",
        "study.reviewed",
        "study.failed",
        "study.corrected",
    }
