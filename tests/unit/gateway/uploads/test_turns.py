from __future__ import annotations

import asyncio

from gateway.uploads.turns import Turns
from services.domain.study import Principal, Role

BUSY, OTHER = (Principal(f"device:{name}", "a", Role.DEVICE) for name in ("busy", "other"))


def test_nobody_stands_behind_all_that_another_has_sent() -> None:
    done: list[str] = []

    async def ask(turns: Turns, who: Principal) -> None:
        async with turns.turn(who):
            await asyncio.sleep(0)
            done.append(who.subject)

    async def all_at_once() -> None:
        turns = Turns()
        await asyncio.gather(*(ask(turns, who) for who in (BUSY, BUSY, BUSY, BUSY, OTHER)))
        assert not turns._of, "who has gone is forgotten"

    asyncio.run(all_at_once())
    assert done.index(OTHER.subject) == 1
    assert len(done) == 5
