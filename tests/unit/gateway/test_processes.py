"""The supervisor of the gateway's processes: a slow start is waited for, a hang is not."""

from __future__ import annotations

from typing import Any

import pytest
import uvicorn

from gateway import processes
from gateway.processes import GatewayProcesses


class Line:
    def poll(self, _seconds: float) -> bool:
        return False


class Slow:
    """A process as the supervisor sees it: it answers a ping once it has started."""

    def __init__(self, config: Any = None, sockets: Any = None) -> None:
        self.pid, self.process, self.parent_conn = id(self), self, Line()
        self.ready, self.answers, self.killed, self.exitcode = False, False, False, None

    def is_alive(self, timeout: float = 0) -> bool:
        return not self.killed and (timeout == 0 or self.answers)

    def is_ready(self, timeout: float) -> bool:
        return self.ready

    def start(self) -> None: ...

    def kill(self) -> None:
        self.killed = True

    def join(self) -> None: ...


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch) -> tuple[GatewayProcesses, Slow, list[bool]]:
    works = [True]

    class Grace:
        def __init__(self, _pid: int) -> None: ...

        def holds(self) -> bool:
            return works[0]

    monkeypatch.setattr(processes, "StartGrace", Grace)
    monkeypatch.setattr("uvicorn.supervisors.multiprocess.Process", Slow)
    monkeypatch.setattr("uvicorn.supervisors.multiprocess.SIGNALS", [])
    supervisor = GatewayProcesses(uvicorn.Config("x:y", workers=1), [])
    slow = Slow()
    supervisor.processes = [slow]  # type: ignore[list-item]
    return supervisor, slow, works


def test_a_slow_start_is_waited_for(
    supervised: tuple[GatewayProcesses, Slow, list[bool]],
) -> None:
    supervisor, slow, _ = supervised
    for _ in range(50):
        supervisor.keep_subprocess_alive()
    assert not slow.killed
    slow.ready = slow.answers = True
    supervisor.keep_subprocess_alive()
    assert [id(one) for one in supervisor.processes] == [id(slow)]


def test_one_that_hangs_later_is_replaced(
    supervised: tuple[GatewayProcesses, Slow, list[bool]],
) -> None:
    supervisor, slow, _ = supervised
    slow.ready = slow.answers = True
    supervisor.keep_subprocess_alive()
    slow.answers = False
    supervisor.keep_subprocess_alive()
    assert slow.killed
    assert [id(one) for one in supervisor.processes] != [id(slow)]


def test_a_start_that_does_nothing_is_begun_again(
    supervised: tuple[GatewayProcesses, Slow, list[bool]],
) -> None:
    supervisor, slow, works = supervised
    works[0] = False
    supervisor.keep_subprocess_alive()
    assert slow.killed
    assert len(supervisor.processes) == 1
