"""A discrete-event simulation of the way of a study, with SimPy: stations in a row, each with its servers."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy


@dataclass(frozen=True, slots=True)
class Station:
    """``servers`` that each need ``seconds`` for a study on average, exponentially distributed.

    With ``beside`` a server of this station is held while one of that other station works for
    ``beside_seconds``: a worker that waits for the model server takes no other study.
    """

    name: str
    servers: int
    seconds: float
    beside: str = ""
    beside_seconds: float = 0.0


@dataclass(slots=True)
class Outcome:
    """Of the studies that came after the warm-up: seconds, by station and in all."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    totals: list[float] = field(default_factory=list)
    busy: dict[str, float] = field(default_factory=dict)  # share of the time of all servers

    def mean_wait(self, station: str) -> float:
        """Seconds in the queue before ``station``."""
        taken = self.waits[station]
        return sum(taken) / len(taken)

    def percentile(self, share: float) -> float:
        """Of the whole way, in seconds."""
        ordered = sorted(self.totals)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Simulation:
    """One run. ``way``: the stations in the order in which a study takes them."""

    def __init__(self, way: list[Station], beside: list[Station], hourly: float, seed: int) -> None:
        self._environment = simpy.Environment()
        self._draw = random.Random(seed)
        self._way, self._hourly = way, hourly
        self._stations = {one.name: one for one in [*way, *beside]}
        self._servers = {
            one.name: simpy.Resource(self._environment, capacity=one.servers)
            for one in self._stations.values()
        }
        self._worked = dict.fromkeys(self._stations, 0.0)
        self._outcome = Outcome({name: [] for name in self._stations})
        self._counts_from = 0.0

    def run(self, studies: int) -> Outcome:
        """Let ``studies`` come, after a tenth of them as warm-up."""
        span = studies * 3600.0 / self._hourly
        self._counts_from = 0.1 * span
        self._environment.process(self._arrivals(1.1 * span))
        self._environment.run(until=1.1 * span)
        for name, worked in self._worked.items():
            self._outcome.busy[name] = worked / (span * self._stations[name].servers)
        return self._outcome

    def _arrivals(self, until: float) -> Generator[Any, Any, Any]:
        while self._environment.now < until:
            yield self._environment.timeout(self._draw.expovariate(self._hourly / 3600.0))
            self._environment.process(self._study())

    def _study(self) -> Generator[Any, Any, Any]:
        began = self._environment.now
        for station in self._way:
            yield from self._at(station.name, station.seconds, station)
        if began >= self._counts_from:
            self._outcome.totals.append(self._environment.now - began)

    def _at(self, name: str, seconds: float, station: Station | None) -> Generator[Any, Any, Any]:
        asked = self._environment.now
        with self._servers[name].request() as granted:
            yield granted
            if asked >= self._counts_from:
                self._outcome.waits[name].append(self._environment.now - asked)
            started = self._environment.now
            if seconds > 0:
                yield self._environment.timeout(self._draw.expovariate(1.0 / seconds))
            if station is not None and station.beside:
                yield from self._at(station.beside, station.beside_seconds, None)
            if started >= self._counts_from:
                self._worked[name] += self._environment.now - started


def erlang_c_wait(hourly: float, servers: int, seconds: float) -> float:
    """Mean wait in an M/M/c queue, in seconds (Erlang C). Raises ValueError: it never settles."""
    load = hourly / 3600.0 * seconds
    if load >= servers:
        raise ValueError("more comes than the servers can do")
    below = sum(load**n / math.factorial(n) for n in range(servers))
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (below + last) * seconds / (servers - load)
