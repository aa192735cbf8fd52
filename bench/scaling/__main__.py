"""A district, a region and a country, simulated with the measured costs: ``make bench-scaling``.

For each: the parts that it needs, how busy they are, how long an examination waits and takes from its last
byte to its report, what breaks first and at how many an hour. Written into docs/scaling.md; the last line is
one JSON object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from bench.scaling import page
from bench.scaling.costs import RESULTS, Costs, Examination, read
from bench.scaling.scenarios import SCENARIOS, Scenario, limits, line, planned, stations
from bench.scaling.simulation import Simulation


def simulated(
    scenario: Scenario, one: Examination, costs: Costs, examinations: int
) -> dict[str, Any]:
    """The figures of one scenario."""
    plan = planned(scenario, one, costs)
    way, beside = stations(one, costs, plan)
    outcome = Simulation(way, beside, scenario.hourly, seed=1).run(examinations)
    return {
        "plan": asdict(plan),
        "busy": {name: round(share, 2) for name, share in outcome.busy.items()},
        "mean_wait_s": {name: round(outcome.mean_wait(name), 2) for name in outcome.waits},
        "report_s": {
            f"p{round(100 * share)}": round(outcome.percentile(share))
            for share in (0.5, 0.95, 0.99)
        },
        "line": {name: round(value, 2) for name, value in asdict(line(scenario, one)).items()},
        "mbit_per_second": round(scenario.hourly / 3600 * one.megabytes * 8, 1),
        "gb_per_day": round(scenario.daily * one.megabytes / 1000, 1),
        "limits_per_hour": {
            name: round(at) for name, at in limits(scenario, one, costs, plan).items()
        },
    }


def main() -> None:
    """Simulate, write the page, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examinations", type=int, default=20_000, help="for each scenario")
    given = parser.parse_args()
    costs, one = read(), Examination()
    figures = {s.name: simulated(s, one, costs, given.examinations) for s in SCENARIOS}
    text = page.text(figures, one, costs, json.loads(RESULTS.read_text())["parts"])
    page.write(text)
    print(text)
    print(json.dumps({**figures, "costs": asdict(costs)}))


if __name__ == "__main__":
    main()
