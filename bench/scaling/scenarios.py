"""A district, a region, a country: what comes, and how many of each part take it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.scaling.costs import Costs
from bench.scaling.simulation import Station

SHARE = 0.7  # of a part's time that is planned; above it queues grow quickly
_GATEWAY_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Scenario:
    """``hourly``: scans in the busiest hour. ``line_mbit``: of each sender's line; ``senders`` of them."""

    name: str
    words: str
    hourly: float
    senders: int
    line_mbit: float


SCENARIOS = (
    Scenario("district", "20 phones, 8 cases a day each, half of them in two hours", 40, 20, 0.128),
    Scenario("region", "50 hubs that each pass on 40 studies a day", 600, 50, 2.0),
    Scenario("country", "10,000 scans an hour", 10_000, 2_000, 2.0),
)
CHANGES = {
    "line": "send reports and previews first, images by Wi-Fi; a faster line",
    "gateway": "more gateway replicas behind the load balancer (Kubernetes, KEDA by requests)",
    "database": "PostgreSQL: connection pooler, partitions by month, read replicas for lists; then sites"
    " on clusters of their own",
    "store": "an S3 of several nodes (SeaweedFS volumes, Ceph, a cloud's)",
    "worker": "more workers (KEDA by the queue's length)",
    "model": "more model servers, or one GPU in the place of many processors",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Servers of each part."""

    gateways: int
    workers: int
    models: int
    stores: int
    databases: int


def planned(scenario: Scenario, costs: Costs) -> Plan:
    """So many that none is busier than ``SHARE``; at least one of each."""

    def enough(seconds: float, each: int = 1) -> int:
        return max(1, math.ceil(scenario.hourly / 3600 * seconds / SHARE / each))

    return Plan(
        gateways=enough(costs.gateway, _GATEWAY_PROCESSES),
        workers=enough(costs.worker + 1.25 * costs.model),  # it waits for the model too
        models=enough(costs.model),
        stores=enough(costs.store),
        databases=enough(costs.database),
    )


def stations(scenario: Scenario, costs: Costs, plan: Plan) -> tuple[list[Station], list[Station]]:
    """(the way, what is used beside it)."""
    line = costs.megabytes * 8 / scenario.line_mbit
    way = [
        Station("line", scenario.senders, line),
        Station("gateway", plan.gateways * _GATEWAY_PROCESSES, costs.gateway),
        Station("store", plan.stores, costs.store),
        Station("database", plan.databases, costs.database),
        Station("worker", plan.workers, costs.worker, "model", costs.model),
    ]
    return way, [Station("model", plan.models, costs.model)]


def breaks_first(way: list[Station], beside: list[Station]) -> tuple[str, float]:
    """The part whose servers are used up first, and at how many scans an hour."""
    limits = {one.name: one.servers * 3600 / one.seconds for one in [*way, *beside] if one.seconds}
    for one in way:
        if one.beside:
            limits[one.name] = one.servers * 3600 / (one.seconds + one.beside_seconds)
    name = min(limits, key=lambda each: limits[each])
    return name, limits[name]
