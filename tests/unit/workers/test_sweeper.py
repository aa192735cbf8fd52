"""The sweeper on a real index in a file, with queue and store in memory."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.domain.study import IngestSource, Principal, Role
from services.index import open_index
from services.index.port import JobState, NewInstance, Remembered
from services.outbox import dispatch
from services.queue.memory import MemoryQueue
from services.settings import Settings
from services.storage.memory import MemoryStore
from workers.sweeper import Sweeper

WHO = Principal("tester", "default", Role.ADMIN)


class Clock:
    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sweeper(tmp_path, clock):
    index = open_index(f"sqlite:///{tmp_path}/index.db", clock=clock)
    index.migrate()
    yield Sweeper(Settings(home=tmp_path), index, MemoryStore(), MemoryQueue())
    index.close()


def receive(sweeper, number, urgent=False, sha256="ab" * 32):
    one = NewInstance(f"1.2.{number}.1", f"1.2.{number}.1.1", "1.2.840.10008.5.1.4.1.1.6.1",
                      "1.2.840.10008.1.2.1", "US", sha256, 10, 10, 10, 1, {})  # fmt: skip
    with sweeper.index.begin() as tx:
        return tx.studies.receive(
            WHO, f"1.2.{number}", {}, [one], source=IngestSource.STOW, urgent=urgent, request_id="r",
        )[0].job_id  # fmt: skip


def test_lost_messages_come_from_the_index(sweeper, clock):
    job_id = receive(sweeper, 1)
    dispatch(sweeper.index, sweeper.queue)
    assert sweeper.resend() == 0  # it waits in the broker
    sweeper.queue.close()  # FLUSHALL
    assert sweeper.resend() == 0  # perhaps a worker has just taken it
    clock.ahead += timedelta(seconds=30)
    assert sweeper.resend() == 1
    assert dispatch(sweeper.index, sweeper.queue) == 1
    assert sweeper.queue.take().subject == job_id


def test_only_as_many_messages_are_sent_again_as_were_lost(sweeper, clock):
    """Any message begins any job: those that are due later have a row, the others one message each."""
    for number in range(1, 5):
        receive(sweeper, number)
        dispatch(sweeper.index, sweeper.queue)
    clock.ahead += timedelta(seconds=300)
    receive(sweeper, 5)  # not sent yet
    assert sweeper.resend() == 0
    sweeper.queue.take()  # by a worker that could not reach the index
    assert sweeper.resend() == 1
    assert dispatch(sweeper.index, sweeper.queue) == 2
    assert sweeper.resend() == 0


def test_expired_lease_is_requeued_and_after_three_dead(sweeper, clock):
    job_id = receive(sweeper, 1)
    for state in (JobState.QUEUED, JobState.QUEUED, JobState.DEAD):
        with sweeper.index.begin() as tx:
            assert tx.jobs.lease(job_id, "w", 10) is not None
        clock.ahead += timedelta(seconds=11)
        assert sweeper.requeue() == 1
        with sweeper.index.read() as tx:
            assert tx.jobs.get(None, job_id).state is state


def test_one_duty_that_fails_leaves_the_others(sweeper):
    receive(sweeper, 1)
    over = datetime.now(UTC) - timedelta(days=1)
    with sweeper.index.begin() as tx:
        tx.idempotency.keep("default", "k", Remembered("h", 200, b"", ""), over)
    sweeper.queue.down = True
    sweeper.turn()
    with sweeper.index.begin() as tx:
        assert tx.idempotency.purge() == 0, "the sweeper has purged it"
        assert tx.outbox.pending("analyse") == 1


def test_uploads_are_not_its_business(sweeper):
    """A finished upload keeps its outcome, an open one belongs to the gateway that has its bytes."""
    over = datetime.now(UTC) - timedelta(days=1)
    with sweeper.index.begin() as tx:
        done = tx.uploads.create(WHO, 10, {}, over)
        tx.uploads.finish("default", done.id, "complete", {"study_id": "s"})
        still_open = tx.uploads.create(WHO, 10, {}, over)
    sweeper.turn()
    with sweeper.index.read() as tx:
        upload = tx.uploads.get("default", done.id)
        assert (upload.state, upload.outcome) == ("complete", {"study_id": "s"})
        assert tx.uploads.get("default", still_open.id).state == "open"


def test_deliveries_that_lost_their_message_or_worker_are_sent_again(sweeper, clock):
    with sweeper.index.begin() as tx:
        tx.webhooks.create("default", "https://receiver.example/hook", ("study.received",))
    receive(sweeper, 1)
    dispatch(sweeper.index, sweeper.queue)
    with sweeper.index.begin() as tx:
        (delivery,) = tx.deliveries.find("default")
        assert tx.deliveries.start(delivery.id, 180) is not None
    sweeper.queue.close()  # message and worker are gone
    assert sweeper.redeliver() == 0
    clock.ahead += timedelta(seconds=180 + 181)
    assert sweeper.redeliver() == 1
    assert sweeper.redeliver() == 0
    dispatch(sweeper.index, sweeper.queue)
    assert sweeper.queue.take().subject == delivery.id


def test_what_was_delivered_is_forgotten_after_a_week_and_what_was_given_up_never(sweeper, clock):
    with sweeper.index.begin() as tx:
        for _ in range(2):
            tx.webhooks.create("default", "https://receiver.example/hook", ("study.received",))
    receive(sweeper, 1)
    with sweeper.index.begin() as tx:
        one, other = tx.deliveries.find("default")
        tx.deliveries.delivered(one.id)
        tx.deliveries.failed(other.id, "webhook_refused", delay=None)
    clock.ahead += timedelta(days=8)
    assert sweeper.purge() == 1
    with sweeper.index.read() as tx:
        assert [d.id for d in tx.deliveries.find("default")] == [other.id]


def test_each_device_has_its_lines_until_it_is_revoked(sweeper, clock):
    with sweeper.index.begin() as tx:
        one, other = (
            tx.devices.enrol(tx.devices.new_code(WHO, 600), "Mary's phone", "cHVi").id
            for _ in range(2)
        )
        status = {"waiting": 2, "storage_used": 10, "storage_quota": 40, "clock_drift_s": -3.0}
        tx.devices.report(one, status)
        tx.devices.seen(one, "fada-nano@0.6.0")
        tx.devices.seen(other, 'x"} 1')
    registry = CollectorRegistry()
    registry.register(sweeper.devices)

    def value(name, **labels):
        return registry.get_sample_value(f"fada_device_{name}", labels)

    sweeper.measure()
    assert value("waiting_cases", device=one) == 2
    assert value("storage_share", device=one) == 0.25
    assert value("clock_drift_seconds", device=one) == -3
    assert abs(value("last_contact_seconds", device=one) - clock().timestamp()) < 600
    assert value("release", device=one, release="fada-nano@0.6.0") == 1
    assert value("release", device=other, release="other") == 1, "its own word is no label"
    assert value("waiting_cases", device=other) is None, "it said nothing"
    assert b"Mary" not in generate_latest(registry)

    with sweeper.index.begin() as tx:
        tx.devices.revoke("default", one)
    sweeper.measure()
    assert value("last_contact_seconds", device=one) is None
