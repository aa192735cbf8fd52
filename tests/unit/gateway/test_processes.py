"""The supervisor of the gateway's processes: a slow start is waited for, a hang is not, nor an end."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing import Pipe
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

from gateway import processes
from gateway.processes import GatewayProcesses


class Child:
    """A process as the supervisor sees it; ``answer`` plays its part of the line between them."""

    def __init__(self, config: Any = None, sockets: Any = None) -> None:
        self.pid, self.process = id(self), self
        self.parent_conn, self.child_conn = Pipe()
        self.killed, self.exitcode = False, None

    def answer(self, started: bool) -> None:
        while self.child_conn.poll():
            self.child_conn.recv()
            self.child_conn.send(started)

    def is_alive(self) -> bool:
        return not self.killed

    def start(self) -> None: ...

    def kill(self) -> None:
        self.killed = True
        self.parent_conn.close()

    def join(self) -> None: ...


class Supervised:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.works = 1000.0, True
        outer = self

        class Grace:
            def __init__(self, _pid: int) -> None: ...

            def holds(self) -> bool:
                return outer.works

        monkeypatch.setattr(processes, "StartGrace", Grace)
        monkeypatch.setattr(processes, "Process", Child)
        monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr("uvicorn.supervisors.multiprocess.SIGNALS", [])
        self.supervisor = GatewayProcesses(uvicorn.Config("x:y", workers=1), [])
        self.child = Child()
        self.supervisor.processes = [self.child]  # type: ignore[list-item]

    def look(self, seconds: float = 0.5) -> None:
        self.now += seconds
        self.supervisor.keep_subprocess_alive()

    def watched(self) -> object:
        (process,) = self.supervisor.processes
        return process


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch) -> Supervised:
    return Supervised(monkeypatch)


def test_a_slow_start_is_waited_for(supervised: Supervised) -> None:
    child = supervised.child
    for _ in range(200):
        supervised.look()
    child.answer(started=False)
    supervised.look(100)
    assert not child.killed
    child.answer(started=True)
    supervised.look()
    assert supervised.watched() is child


def test_one_that_hangs_later_is_replaced(supervised: Supervised) -> None:
    child = supervised.child
    supervised.look()
    child.answer(started=True)
    supervised.look()
    supervised.look(29)
    assert not child.killed
    supervised.look(2)
    assert child.killed
    assert supervised.watched() is not child


def test_one_killed_before_it_answers_holds_nothing_up(supervised: Supervised) -> None:
    child = supervised.child
    supervised.look()
    child.answer(started=True)
    supervised.look()  # has asked again
    child.killed = True
    supervised.look()
    assert supervised.watched() is not child


def test_a_start_that_does_nothing_is_begun_again(supervised: Supervised) -> None:
    supervised.works = False
    supervised.look()
    assert supervised.child.killed
    assert len(supervised.supervisor.processes) == 1


def test_an_application_that_cannot_start_ends_all(supervised: Supervised) -> None:
    supervised.child.exitcode = processes.STARTUP_FAILURE  # type: ignore[assignment]
    supervised.child.killed = True
    supervised.look()
    assert supervised.supervisor.should_exit.is_set()


def _ignore_the_signal(ready: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.send(True)
    time.sleep(600)


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_END_SECONDS", 0.2)
    monkeypatch.setattr("uvicorn.supervisors.multiprocess.SIGNALS", [])
    ours, its = Pipe()
    deaf = multiprocessing.get_context("spawn").Process(target=_ignore_the_signal, args=(its,))
    deaf.start()
    assert ours.recv()
    child = Child()
    child.process = deaf  # type: ignore[assignment]
    supervisor = GatewayProcesses(uvicorn.Config("x:y", workers=1), [])
    supervisor.processes = [child]  # type: ignore[list-item]
    deaf.terminate()
    supervisor.join_all()
    assert deaf.exitcode == -signal.SIGKILL
