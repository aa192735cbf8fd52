"""A steady load: each source sends at its own rate and repeats until it is acknowledged; readers read."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from bench.soak.ledger import Ledger
from bench.soak.senders import NotYet, Refused, Sender

_PAUSE = 1.0  # s before a study is sent again


@dataclass
class Load:
    """Threads that send and read between ``start`` and ``stop``.

    ``every``: seconds between two studies of one source. What a fault delays comes after it at once, as a
    machine's queue does.
    """

    ledger: Ledger
    senders: list[Sender]
    readers: list[Reader]
    every: float
    _ending: threading.Event = field(default_factory=threading.Event)
    _give_up: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin; sources are spread over the interval."""
        for number, sender in enumerate(self.senders):
            first = number * self.every / len(self.senders)
            self._run(partial(self._send, sender, first))
        for reader in self.readers:
            self._run(partial(reader.run, self._ending))

    def stop(self, seconds: float, tend: Callable[[], None]) -> None:
        """No new study; those that are on their way get ``seconds`` to be acknowledged."""
        self._ending.set()
        until = time.monotonic() + seconds
        while any(t.is_alive() for t in self._threads) and time.monotonic() < until:
            tend()
            time.sleep(0.2)
        self._give_up.set()
        for thread in self._threads:
            thread.join(120)

    def _run(self, target: Callable[[], object]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _send(self, sender: Sender, first: float) -> None:
        due = time.monotonic() + first
        while not self._ending.wait(max(due - time.monotonic(), 0)):
            due += self.every
            self._deliver(sender)

    def _deliver(self, sender: Sender) -> None:
        attempts = 0
        while True:
            attempts += 1
            try:
                self.ledger.acknowledge(sender.send(), sender.name, attempts)
                return
            except NotYet:
                if self._give_up.wait(_PAUSE):
                    self.ledger.give_up(sender.name)
                    return
            except Refused as refusal:
                self.ledger.refuse(f"{sender.name}: {refusal}")
                if self._give_up.wait(_PAUSE):
                    return


@dataclass
class Reader:
    """A person at the worklist: lists, opens a study, looks at its result, and accepts it now and then."""

    client: httpx.Client
    ledger: Ledger
    seed: int
    pause: float = 2.0

    def run(self, ending: threading.Event) -> None:
        """Until ``ending``."""
        draw = random.Random(self.seed)
        while not ending.wait(self.pause):
            try:
                self._look(draw)
            except (httpx.TransportError, httpx.HTTPStatusError):
                self.ledger.read(None)

    def _look(self, draw: random.Random) -> None:
        rows = self._get("/api/studies?limit=50")["items"]
        ready = [row for row in rows if row["state"] == "ready"]
        if not ready:
            return
        study = draw.choice(ready)["id"]
        self._get(f"/api/studies/{study}")
        version = int(self._get(f"/api/studies/{study}/results/latest")["version"])
        if draw.random() < 0.25:
            self._accept(study, version)

    def _get(self, path: str) -> Any:
        began = time.perf_counter()
        answer = self.client.get(path).raise_for_status()
        self.ledger.read(time.perf_counter() - began)
        return answer.json()

    def _accept(self, study: str, version: int) -> None:
        body = {"based_on": version, "action": "accept", "frames": []}
        answer = self.client.post(f"/api/studies/{study}/reviews", json=body)
        if answer.status_code in (201, 409) and "version" in answer.json():
            self.ledger.reviewed(study, int(answer.json()["version"]))
        else:
            answer.raise_for_status()
