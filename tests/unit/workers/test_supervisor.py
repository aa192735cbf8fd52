"""The worker's supervisor: what ends or falls silent is started again."""

import os
import time

import pytest

from services.processes import start_grace
from services.processes.process_reaper import ProcessReaper
from workers.supervisor import Consumer


@pytest.fixture
def consumer(tmp_path):
    """A consumer whose program only sleeps."""
    reaper = ProcessReaper()
    made = Consumer("analyse", tmp_path, reaper, 60.0)
    object.__setattr__(made.process.spec, "command", ("sleep", "1000"))
    made.start()
    yield made
    made.process.stop()
    reaper.close()


def until(condition):
    """The test's own time limit ends it."""
    while not condition():
        time.sleep(0.02)


def test_one_that_ends_is_counted_once_and_started_again(consumer):
    first = consumer.process.pid
    assert not consumer.tend()
    os.kill(first, 9)
    until(lambda: not consumer.process.alive())
    assert consumer.tend()
    until(lambda: consumer.tend() or consumer.process.alive())
    assert consumer.process.pid != first


def test_one_whose_heartbeat_stops_is_killed(consumer, monkeypatch, tmp_path):
    monkeypatch.setattr(consumer, "_silent_seconds", 0.2)
    (tmp_path / "analyse.beat").touch()
    until(consumer.tend)
    assert not consumer.process.alive()


def test_one_that_beats_is_left_alone(consumer, tmp_path):
    (tmp_path / "analyse.beat").touch()
    assert not consumer.tend()
    assert consumer.process.alive()


def test_a_start_may_take_as_long_as_it_works(consumer, monkeypatch):
    monkeypatch.setattr(consumer, "_silent_seconds", 0.0)
    assert not consumer.tend()  # no beat yet, but it was started just now
    assert consumer.process.alive()
    monkeypatch.setattr(start_grace, "IDLE_SECONDS", 0.0)
    until(consumer.tend)  # it does nothing, and never came to a beat
    assert not consumer.process.alive()


def test_the_beat_of_a_run_before_does_not_count(consumer, tmp_path):
    first = consumer.process.pid
    (tmp_path / "analyse.beat").touch()
    os.kill(first, 9)
    while consumer.process.pid == first:
        consumer.tend()
        time.sleep(0.02)
    assert not (tmp_path / "analyse.beat").exists()
