"""A start is waited for as long as it works, and no longer."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from services.processes import start_grace
from services.processes.start_grace import StartGrace, processor_seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(start_grace.time, "monotonic", lambda: now[0])
    return now


def test_one_that_works_is_waited_for_and_one_that_hangs_is_not(clock: list[float]) -> None:
    used = [0.0]
    grace = StartGrace(1, lambda _: used[0])
    for _ in range(8):
        clock[0] += start_grace.IDLE_SECONDS - 1
        used[0] += 0.01
        assert grace.holds()
    clock[0] += start_grace.IDLE_SECONDS + 1
    assert not grace.holds()


def test_none_is_waited_for_without_end(clock: list[float]) -> None:
    used = [0.0]
    grace = StartGrace(1, lambda _: used[0])
    clock[0] += start_grace.MOST_SECONDS + 1
    used[0] += 1
    assert not grace.holds()


def test_where_processor_time_is_not_told_every_start_has_the_same_time(clock: list[float]) -> None:
    grace = StartGrace(1, lambda _: None)
    clock[0] += start_grace.UNSEEN_SECONDS - 1
    assert grace.holds()
    clock[0] += 1
    assert not grace.holds()


def test_processor_time_is_of_the_whole_group() -> None:
    inner = "import time; e = time.process_time() + 0.3\nwhile time.process_time() < e: pass"
    outer = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {inner!r}]); "
    process = subprocess.Popen(
        [sys.executable, "-c", outer + "time.sleep(60)"], start_new_session=True
    )
    try:
        until = time.monotonic() + 60
        while not processor_seconds(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert processor_seconds(process.pid)
    finally:
        process.kill()
        process.wait()
