"""The worker's supervisor: what ends or falls silent is started again."""

import os
import time

import pytest

from services.processes.process_reaper import ProcessReaper
from workers import supervisor
from workers.supervisor import Consumer


@pytest.fixture
def consumer(tmp_path):
    """A consumer whose program only sleeps."""
    reaper = ProcessReaper()
    made = Consumer("analyse", tmp_path, reaper)
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


def test_one_whose_heartbeat_stops_is_killed(consumer, monkeypatch):
    monkeypatch.setattr(supervisor, "_SILENT_SECONDS", 0.2)
    until(consumer.tend)
    assert not consumer.process.alive()


def test_one_that_beats_is_left_alone(consumer, monkeypatch, tmp_path):
    monkeypatch.setattr(supervisor, "_SILENT_SECONDS", 5.0)
    began = time.time() - 60
    os.utime(tmp_path / "analyse.beat", (began, began))
    assert not consumer.tend()  # started just now: it may still load
    (tmp_path / "analyse.beat").touch()
    assert not consumer.tend()
    assert consumer.process.alive()
