"""A district, a region and a country, simulated with the measured costs: ``make bench-scaling``.

For each: the parts that it needs, how busy they are, how long a scan takes from the probe to its report, what
breaks first and at how many scans an hour. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.scaling.costs import Costs, read
from bench.scaling.scenarios import CHANGES, SCENARIOS, Scenario, breaks_first, planned, stations
from bench.scaling.simulation import Simulation


def simulated(scenario: Scenario, costs: Costs, studies: int) -> dict[str, Any]:
    """The figures of one scenario."""
    plan = planned(scenario, costs)
    way, beside = stations(scenario, costs, plan)
    outcome = Simulation(way, beside, scenario.hourly, seed=1).run(studies)
    part, at = breaks_first(way, beside)
    return {
        "scans_per_hour": scenario.hourly,
        **asdict(plan),
        "busy": {name: round(share, 2) for name, share in outcome.busy.items()},
        "mean_wait_s": {name: round(outcome.mean_wait(name), 2) for name in outcome.waits},
        "p50_s": round(outcome.percentile(0.5), 1),
        "p95_s": round(outcome.percentile(0.95), 1),
        "p99_s": round(outcome.percentile(0.99), 1),
        "mbit_per_second": round(scenario.hourly / 3600 * costs.megabytes * 8, 1),
        "gb_per_day": round(scenario.hourly * 10 * costs.megabytes / 1000, 1),
        "breaks_first": part,
        "breaks_at_per_hour": round(at),
    }


def show(figures: dict[str, dict[str, Any]], costs: Costs) -> None:
    """A table for people."""
    table = Table("what", *figures, title="Simulated with measured costs")
    for name in next(iter(figures.values())):
        table.add_row(name.replace("_", " "), *(_cell(one[name]) for one in figures.values()))
    table.add_row("then", *(CHANGES[one["breaks_first"]] for one in figures.values()))
    console = Console()
    console.print(table)
    if costs.assumed:
        console.print(f"Assumed, not measured here: {', '.join(costs.assumed)}.")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name} {one}" for name, one in value.items())
    return str(value)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20_000, help="simulated for each scenario")
    given = parser.parse_args()
    costs = read()
    figures = {one.name: simulated(one, costs, given.studies) for one in SCENARIOS}
    show(figures, costs)
    print(json.dumps({**figures, "costs": asdict(costs)}))


if __name__ == "__main__":
    main()
