"""One request of a kind at a time. Who waits holds no thread, and each sender has its turn: nobody stands
behind all that another has sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from services.domain.study import Principal


class Turns:
    """Of one process, on its event loop."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._of: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, who: Principal) -> AsyncIterator[None]:
        """The block runs alone: after one block of each sender that waits already."""
        mine = self._of.setdefault((who.site, who.subject), asyncio.Lock())
        async with mine, self._one:
            yield
