from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from gateway.http.fair_threads import OF_ONE, share_fairly, threads_of

WAIT = 120.0


class Blocked:
    """Work that does not end before ``go`` is set; counts how much of it runs at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        assert self.go.wait(WAIT)
        with self._lock:
            self._running -= 1


async def run_of(caller: str, work: Callable[[], None]) -> None:
    with threads_of(caller):
        await run_in_threadpool(work)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_caller_with_many_requests_leaves_threads_to_the_others() -> None:
    async def scenario() -> None:
        share_fairly()
        work = Blocked()
        many = [asyncio.create_task(run_of("a\nmany", work)) for _ in range(100)]
        await until(lambda: work.most == OF_ONE)
        async with asyncio.timeout(WAIT):
            for _ in range(3):
                await run_of("a\nanother", lambda: None)
            await run_in_threadpool(lambda: None)  # what the hub does for itself
        assert not any(task.done() for task in many)
        work.go.set()
        async with asyncio.timeout(WAIT):
            await asyncio.gather(*many)
        assert work.most == OF_ONE

    asyncio.run(scenario())


def test_who_waits_in_vain_or_gives_up_leaves_nothing_taken() -> None:
    async def scenario() -> None:
        share_fairly()
        work = Blocked()
        running = [asyncio.create_task(run_of("a", work)) for _ in range(OF_ONE)]
        await until(lambda: work.most == OF_ONE)
        waiting = [asyncio.create_task(run_of("a", work)) for _ in range(20)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in results)
        work.go.set()
        await asyncio.gather(*running)

        def fails() -> None:
            raise ZeroDivisionError

        for _ in range(2 * OF_ONE):
            with pytest.raises(ZeroDivisionError):
                await run_of("a", fails)
        again = Blocked()
        tasks = [asyncio.create_task(run_of("a", again)) for _ in range(OF_ONE)]
        await until(lambda: again.most == OF_ONE)
        again.go.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())


def test_a_stream_holds_a_thread_only_while_it_makes_its_next_part() -> None:
    """Slow readers do not keep their own caller from working."""

    async def scenario() -> None:
        share_fairly()
        with threads_of("a"):
            streams = [
                iterate_in_threadpool(iter([b"first", b"second"])) for _ in range(5 * OF_ONE)
            ]
            async with asyncio.timeout(WAIT):
                assert {await anext(one) for one in streams} == {b"first"}  # and nobody reads on
                assert await run_in_threadpool(lambda: 1) == 1

    asyncio.run(scenario())
