from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.http.authenticator import Caller
from gateway.http.concurrency import MOST_LARGE, MOST_REQUESTS, ConcurrentRequests
from gateway.http.limits import SMALL_BYTES
from gateway.http.places import TooManyAtOnce
from services.domain.study import Principal, Role

SIGNED_IN = Caller(Principal("key:a", "north", Role.READER), "key")


def request(path: str, address: str = "192.0.2.1", caller: Caller | None = None) -> Scope:
    return {"type": "http", "method": "GET", "path": path, "client": (address, 1),
            "headers": [], "state": {"caller": caller}}  # fmt: skip


async def receive() -> Message:
    raise AssertionError


async def send(_message: Message) -> None:
    raise AssertionError


async def under_way(
    scope: Scope, count: int, meanwhile: Callable[[ConcurrentRequests], object]
) -> None:
    """``count`` requests that are not answered before ``meanwhile`` is done."""
    ended = asyncio.Event()

    async def waits(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await ended.wait()

    layer = ConcurrentRequests(waits)
    tasks = [asyncio.create_task(layer(scope, receive, send)) for _ in range(count)]
    await asyncio.sleep(0)
    meanwhile(layer)
    ended.set()
    await asyncio.gather(*tasks)


def begin(layer: ConcurrentRequests, scope: Scope) -> None:
    """As far as it comes without waiting. Raises what refuses it."""
    layer(scope, receive, send).__await__().send(None)


def test_who_has_signed_in_is_not_the_address() -> None:
    def meanwhile(layer: ConcurrentRequests) -> None:
        with pytest.raises(TooManyAtOnce):
            begin(layer, request("/api/shared/x"))
        begin(layer, request("/api/shared/x", "192.0.2.2"))
        begin(layer, request("/api/studies", caller=SIGNED_IN))

    asyncio.run(under_way(request("/api/shared/x"), MOST_REQUESTS, meanwhile))


def test_files_of_the_pages_are_read_by_all_behind_an_address() -> None:
    def meanwhile(layer: ConcurrentRequests) -> None:
        begin(layer, request("/"))
        begin(layer, request("/api/shared/x"))

    asyncio.run(under_way(request("/assets/a.js"), 2 * MOST_REQUESTS, meanwhile))


def review(length: bytes | None) -> Scope:
    headers = [] if length is None else [(b"content-length", length)]
    scope = request("/api/studies/1/review", caller=SIGNED_IN)
    return {**scope, "method": "PUT", "headers": headers}


@pytest.mark.parametrize("length", [None, b"30000000"], ids=["chunked", "declared"])
def test_large_bodies_of_one_caller_are_few(length: bytes | None) -> None:
    def meanwhile(layer: ConcurrentRequests) -> None:
        with pytest.raises(TooManyAtOnce, match="large"):
            begin(layer, review(length))
        begin(layer, review(str(SMALL_BYTES).encode()))
        begin(layer, {**review(length), "method": "GET"})
        begin(layer, {**review(length), "path": "/dicomweb/studies"})

    asyncio.run(under_way(review(length), MOST_LARGE, meanwhile))
