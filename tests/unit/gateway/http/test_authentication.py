"""Wrong credentials are bounded by address and noted; right ones cost nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.http.authentication import Authentication
from gateway.http.authenticator import Caller
from gateway.http.limits import TokenBuckets
from services.domain.errors import FadaError, IndexUnavailable, NotAuthenticated
from services.domain.study import Principal, Role

CALLER = Caller(Principal("key:a", "north", Role.READER), "key")


class Keys:
    """In the place of the Authenticator: counts what is looked up."""

    def __init__(self) -> None:
        self.looked_up = 0
        self.verified: set[str] = set()
        self.away = False

    def knows(self, secret: str) -> bool:
        return secret in self.verified

    async def caller(self, _kind: str, secret: str) -> Caller:
        self.looked_up += 1
        await asyncio.sleep(0)
        if self.away:
            raise IndexUnavailable()
        if not secret.endswith("right"):
            raise NotAuthenticated()
        self.verified.add(secret)
        return CALLER


class Door:
    def __init__(self, burst: float = 5) -> None:
        self.keys, self.refused = Keys(), list[str]()
        buckets = TokenBuckets(rate=0.001, burst=burst)
        self.layer: Any = Authentication(
            passed, self.keys, buckets, self.refused.append  # type: ignore[arg-type]
        )  # fmt: skip

    async def ask(self, secret: str, address: str = "192.0.2.1") -> str:
        headers = [(b"authorization", f"Bearer {secret}".encode())]
        scope: Scope = {"type": "http", "method": "GET", "path": "/api/me", "headers": headers,
                        "client": (address, 1), "query_string": b""}  # fmt: skip
        try:
            await self.layer(scope, nothing, unused)
        except FadaError as error:
            return error.code
        return "passed"


async def passed(_scope: Scope, _receive: Receive, _send: Send) -> None: ...


async def nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def unused(_message: Message) -> None:
    raise AssertionError


def test_guesses_end_before_they_are_looked_up() -> None:
    door = Door()

    async def guess() -> list[str]:
        await door.ask("fada_1_right")
        codes = await asyncio.gather(*(door.ask(f"fada_1_wrong{n}") for n in range(50)))
        assert await door.ask("fada_1_wrong", "192.0.2.2") == "not_authenticated"
        assert await door.ask("fada_1_right") == "passed", "was right before"
        return codes

    codes = asyncio.run(guess())
    assert codes.count("not_authenticated") == 5
    assert codes.count("rate_limited") == 45
    assert door.keys.looked_up == 1 + 5 + 1 + 1
    assert len(door.refused) == 6


@pytest.mark.parametrize("away", [False, True])
def test_what_is_not_wrong_costs_nothing(away: bool) -> None:
    door = Door()
    door.keys.away = away

    async def ask() -> set[str]:
        return {await door.ask(f"fada_{n}_right") for n in range(50)}

    assert asyncio.run(ask()) == {"index_unavailable" if away else "passed"}
    assert not door.refused
