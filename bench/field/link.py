"""A bad link in a proxy: slow, far, lossy and cut now and then. For kernels without ``netem``.

Loss is modelled as TCP meets it: a lost segment takes the line's time twice and arrives a round trip
later. All connections share the line, each direction has its own rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from dataclasses import dataclass, field

from bench.field.traffic import Traffic

_SEGMENT = 1448


@dataclass(slots=True)
class Link:
    """``rate`` in bytes a second and ``delay`` one way in seconds; ``cut_every`` and ``cut_for`` too."""

    target: tuple[str, int]
    rate: float = 8000.0
    delay: float = 0.15
    loss: float = 0.10
    cut_every: float = 30.0
    cut_for: float = 4.0
    port: int = 0
    sent_up: int = 0  # bytes that entered the line towards the hub
    cuts: int = 0
    traffic: Traffic = field(default_factory=Traffic)  # what those bytes are
    _free: dict[str, float] = field(default_factory=lambda: {"up": 0.0, "down": 0.0})
    _ended_at: dict[str, float] = field(default_factory=lambda: {"up": 0.0, "down": 0.0})
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _down_until: float = 0.0
    _random: random.Random = field(default_factory=lambda: random.Random(1))
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> int:
        """Run in a thread of its own; returns the port on loopback."""
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True).start()
        if not ready.wait(10):
            raise RuntimeError("the link did not start")
        return self.port

    def stop(self) -> None:
        """Close the link; the thread ends by itself."""
        self._ended.set()

    async def _run(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        cut_at = time.monotonic() + self.cut_every
        async with server:
            while not self._ended.is_set():
                await asyncio.sleep(0.1)
                if time.monotonic() >= cut_at:
                    self._cut()
                    cut_at = time.monotonic() + self.cut_every

    def _cut(self) -> None:
        self.cuts += 1
        self._down_until = time.monotonic() + self.cut_for
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if time.monotonic() < self._down_until:
            writer.transport.abort()
            return
        hub_reader, hub_writer = await asyncio.open_connection(*self.target)
        self._writers |= {writer, hub_writer}
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the link is closed
                await asyncio.gather(
                    self._carry(reader, hub_writer, "up"), self._carry(hub_reader, writer, "down")
                )
        finally:
            for each in (writer, hub_writer):
                self._writers.discard(each)
                each.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        counted = self.traffic.stream()
        with contextlib.suppress(OSError):  # either side may be gone
            while data := await reader.read(_SEGMENT):
                if way == "up":
                    self.sent_up += len(data)
                    counted.feed(data)
                await self._line(len(data), way)
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def _line(self, size: int, way: str) -> None:
        """Wait until ``size`` bytes have gone through the shared line and over the distance."""
        lost = self._random.random() < self.loss
        now = time.monotonic()
        start = max(now, self._free[way])
        self._free[way] = start + size * (2 if lost else 1) / self.rate
        # The distance is paid once a quiet spell, not once a segment: segments travel together.
        quiet = now - self._ended_at[way] > 2 * self.delay
        far = self.delay if quiet else 0.0
        await asyncio.sleep(
            self._free[way] - time.monotonic() + far + (2 * self.delay if lost else 0)
        )
        self._ended_at[way] = time.monotonic()
