"""When a worker is deaf: messages wait, nothing is held, nothing is taken."""

import pytest

from services.queue.transport import make_app
from services.settings import Settings
from workers import liveness
from workers.liveness import Watch


def test_deaf_only_after_patience():
    watch = Watch(patience=10)
    assert [watch.deaf(t, waiting=3, held=0, taken=5) for t in (0, 1, 5, 10)] == [False] * 4
    assert watch.deaf(11, waiting=3, held=0, taken=5)


def test_work_in_hand_or_taken_or_an_empty_queue_is_no_deafness():
    watch = Watch(patience=10)
    watch.deaf(0, waiting=3, held=0, taken=5)
    watch.deaf(1, waiting=3, held=0, taken=5)
    assert not watch.deaf(50, waiting=3, held=1, taken=5)
    watch.deaf(51, waiting=3, held=0, taken=5)
    assert not watch.deaf(70, waiting=3, held=0, taken=6)
    assert not watch.deaf(100, waiting=0, held=0, taken=6)
    assert not watch.deaf(101, waiting=1, held=0, taken=6)
    assert watch.deaf(111, waiting=1, held=0, taken=6)


@pytest.fixture
def app(tmp_path):
    """On kombu's broker in memory, whose channel has no client of Redis; as one of AMQP has none."""
    made = make_app(Settings(home=tmp_path, broker_url="memory://"))
    yield made
    with made.connection_for_write() as connection:
        connection.default_channel.queue_purge("urgent")
    made.close()


class Ended(BaseException):
    """The process would have ended."""


@pytest.fixture
def ended(monkeypatch):
    """Raised, with the status, where the process would end."""

    def end(status):
        raise Ended(status)

    monkeypatch.setattr(liveness.os, "_exit", end)
    return Ended


def test_messages_that_wait_are_counted_on_a_broker_that_is_not_redis(app):
    look = liveness._Look(app, ["urgent", "routine"])
    assert look._waiting() == 0


def test_worker_of_a_broker_that_is_not_redis_ends_when_it_is_deaf(app, monkeypatch, ended):
    monkeypatch.setattr(liveness, "PATIENCE", 0.0)
    app.send_task("x", queue="urgent")
    looks = liveness._Look(app, ["urgent", "routine"])
    looks.look()  # it may have taken some since the look before
    with pytest.raises(ended) as end:
        looks.look()
    assert end.value.args == (liveness.DEAF,)


def test_worker_beats_while_its_broker_is_away(tmp_path):
    away = make_app(Settings(home=tmp_path, broker_url="redis://127.0.0.1:1"))
    look, beat = liveness._Look(away, ["urgent"]), tmp_path / "beat"
    look.look()
    liveness._Heartbeat(look, beat).beat()
    assert beat.exists()


def test_worker_whose_looks_come_to_no_end_beats_no_more(app, tmp_path):
    look, beat = liveness._Look(app, ["urgent"]), tmp_path / "beat"
    look.last -= liveness.HANGING_SECONDS
    liveness._Heartbeat(look, beat).beat()
    assert not beat.exists()
    look.look()
    liveness._Heartbeat(look, beat).beat()
    assert beat.exists()
