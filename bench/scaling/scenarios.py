"""A district, a region, a country: what comes, and how many of each part take it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.scaling.costs import Costs, Examination
from bench.scaling.simulation import Station

SHARE = 0.7  # of a part's time that is planned; above it queues grow quickly
PROCESSES = {"gateway": 2, "worker": 2}  # of each program of these


@dataclass(frozen=True, slots=True)
class Scenario:
    """``hourly``: examinations in the busiest hour; ``daily``: in a day; ``line_mbit``: of each sender."""

    name: str
    words: str
    hourly: float
    daily: float
    senders: int
    line_mbit: float


SCENARIOS = (
    Scenario("district", "20 phones, 8 examinations a day each", 40, 160, 20, 0.128),
    Scenario("region", "50 hubs that pass on 40 examinations a day each", 600, 2_000, 50, 2.0),
    Scenario("country", "2,000 clinics, 50 examinations a day each", 10_000, 100_000, 2_000, 2.0),
)
CHANGES = {
    "line": "reports and previews first, images by Wi-Fi (settings of the programme); a faster line",
    "gateway": "more gateway replicas behind the load balancer (KEDA by requests)",
    "database": "a larger PostgreSQL with a pooler and read replicas for lists; then sites on clusters of"
    " their own",
    "store": "an S3 of more nodes",
    "worker": "more workers (KEDA by the queue's length)",
    "model": "more model servers, or one GPU in the place of many processors",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Servers of each part: processes of gateways, workers and model servers, nodes of store and database."""

    gateway: int
    store: int
    database: int
    worker: int
    model: int


@dataclass(frozen=True, slots=True)
class Line:
    """A sender's line: seconds of an examination, share of the busiest hour, hours for a day's images."""

    seconds: float
    busy: float
    daily_hours: float


def demand(one: Examination, costs: Costs) -> dict[str, float]:
    """Seconds of one server of each part for an examination."""
    return {
        "gateway": costs.gateway(one),
        "store": costs.store(one),
        "database": costs.database(one),
        "worker": costs.worker(one),
        "model": costs.model(one),
    }


def planned(scenario: Scenario, one: Examination, costs: Costs) -> Plan:
    """So many that none is busier than ``SHARE``, in whole programs; at least one of each."""
    seconds = demand(one, costs)
    seconds["worker"] += 1.25 * seconds["model"]  # it waits for the model too, and for its queue

    def servers(name: str) -> int:
        each = PROCESSES.get(name, 1)
        return each * max(1, math.ceil(scenario.hourly / 3600 * seconds[name] / SHARE / each))

    return Plan(**{name: servers(name) for name in seconds})


def stations(one: Examination, costs: Costs, plan: Plan) -> tuple[list[Station], list[Station]]:
    """(the way, what is used beside it)."""
    seconds = demand(one, costs)
    way = [
        Station(name, getattr(plan, name), seconds[name])
        for name in ("gateway", "store", "database")
    ]
    way.append(Station("worker", plan.worker, seconds["worker"], "model", seconds["model"]))
    return way, [Station("model", plan.model, seconds["model"])]


def line(scenario: Scenario, one: Examination) -> Line:
    """Each sender has a line of its own, and examinations come to all senders alike."""
    seconds = one.megabytes * 8 / scenario.line_mbit
    return Line(
        seconds,
        seconds * scenario.hourly / scenario.senders / 3600,
        seconds * scenario.daily / scenario.senders / 3600,
    )


def limits(scenario: Scenario, one: Examination, costs: Costs, plan: Plan) -> dict[str, float]:
    """Examinations an hour at which each part's servers are used up, the first to break first."""
    seconds = demand(one, costs)
    seconds["worker"] += seconds["model"]
    at = {name: getattr(plan, name) * 3600 / each for name, each in seconds.items()}
    at["line"] = scenario.hourly / line(scenario, one).busy
    return dict(sorted(at.items(), key=lambda part: part[1]))
