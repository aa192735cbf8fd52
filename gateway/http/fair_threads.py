"""The threads that requests are answered in, shared fairly between callers.

Whatever a request does in a thread (FastAPI's plain functions, ``run_in_threadpool``, each step of a stream)
takes one of the process's forty. A caller has ``OF_ONE`` of them at once; what it asks beyond that waits in
line behind its own and holds none, so that the others are answered meanwhile. Slow bodies and slow readers
hold no thread, and so none of their caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from anyio import CapacityLimiter, to_thread

# The library names no other way to change its default, and FastAPI and Starlette ask for no other limiter.
from anyio._backends._asyncio import _default_thread_limiter

OF_ONE = 10  # of anyio's forty: a browser opens six connections to a host
_caller: ContextVar[str | None] = ContextVar("caller_of_threads", default=None)


@contextmanager
def threads_of(caller: str) -> Iterator[None]:
    """What the block does in threads counts as the caller's; outside of such a block, as the hub's own."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


def current_caller() -> str:
    """For whom this thread or task works; empty: for the hub itself."""
    return _caller.get() or ""


def share_fairly() -> None:
    """From now on, on the running event loop. Raises RuntimeError: the library would not have it."""
    if isinstance(to_thread.current_default_thread_limiter(), FairThreads):
        return
    fair = FairThreads(to_thread.current_default_thread_limiter())
    _default_thread_limiter.set(fair)  # type: ignore[arg-type]  # asks for no more than is here
    if to_thread.current_default_thread_limiter() is not fair:
        raise RuntimeError("anyio does not take its threads from the limiter that it was given")


class _Share:
    """One caller's threads; ``users`` have one or wait for one."""

    def __init__(self, most: int) -> None:
        self.free = asyncio.Semaphore(most)
        self.users = 0


class FairThreads(CapacityLimiter):
    """A limiter of threads: first the caller's own bound, then that of the process, each in order of arrival.

    So of each caller no more than its bound stand in the line that is everybody's.
    """

    def __new__(cls, *_: object) -> Self:
        """The library's own would make one of its backend's."""
        return object.__new__(cls)

    def __init__(self, of_all: CapacityLimiter, of_one: int = OF_ONE) -> None:
        self._of_all, self._of_one = of_all, of_one
        self._shares: dict[str, _Share] = {}

    async def __aenter__(self) -> None:
        """A thread may be used from here on."""
        caller = _caller.get()
        if caller is None:
            await self._of_all.acquire()
            return
        share = self._shares.get(caller)
        if share is None:
            share = self._shares[caller] = _Share(self._of_one)
        share.users += 1
        try:
            await share.free.acquire()
            try:
                await self._of_all.acquire()
            except BaseException:
                share.free.release()
                raise
        except BaseException:
            self._leave(caller, share)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """The thread is free."""
        self._of_all.release()
        caller = _caller.get()
        if caller is not None:
            share = self._shares[caller]
            share.free.release()
            self._leave(caller, share)

    def _leave(self, caller: str, share: _Share) -> None:
        share.users -= 1
        if not share.users:
            del self._shares[caller]
