"""The simulation agrees with queueing theory, and a plan holds what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("simpy", reason="simpy is not installed: make install-dev")

from bench.scaling import costs, page
from bench.scaling.__main__ import simulated
from bench.scaling.costs import Costs, Examination
from bench.scaling.scenarios import (
    SCENARIOS,
    SHARE,
    Plan,
    Scenario,
    demand,
    limits,
    line,
    planned,
)
from bench.scaling.simulation import Simulation, Station, erlang_c_wait


@pytest.mark.parametrize(("servers", "hourly"), [(1, 360), (3, 1300), (8, 3300)])
def test_waits_are_those_of_erlang_c(servers: int, hourly: float) -> None:
    station = Station("worker", servers, 7.0)

    outcome = Simulation([station], [], hourly, seed=3).run(40_000)

    expected = erlang_c_wait(hourly, servers, 7.0)
    assert outcome.mean_wait("worker") == pytest.approx(expected, rel=0.12)
    assert outcome.busy["worker"] == pytest.approx(hourly / 3600 * 7.0 / servers, rel=0.05)


def test_a_worker_is_held_while_it_waits_for_the_model() -> None:
    worker = Station("worker", 1, 0.0, "model", 2.0)

    outcome = Simulation([worker], [Station("model", 4, 2.0)], 900, seed=5).run(20_000)

    assert outcome.busy["worker"] == pytest.approx(0.5, rel=0.05)
    assert outcome.mean_wait("model") == 0.0
    assert outcome.mean_wait("worker") == pytest.approx(erlang_c_wait(900, 1, 2.0), rel=0.12)


def test_more_than_the_servers_can_do_never_settles() -> None:
    with pytest.raises(ValueError, match="more comes"):
        erlang_c_wait(3600, 2, 2.0)


ONE = Examination(stills=2, clips=1, frames=10, still_mb=0.5, clip_mb=3.0)
COSTS = Costs(
    image=0.2, megabyte=0.1, transaction=0.1, frame=0.5, finish=0.5, model_frame=1.0,
    model_glance=0.1, store_mb_per_second=5.0,
)  # fmt: skip
VILLAGE = Scenario("village", "", hourly=360, daily=1200, senders=4, line_mbit=2.0)


def test_an_examination_costs_what_is_reckoned_by_hand() -> None:
    """3 objects and frames read, 10 glanced at, 4 MB; one comes each 10 s."""
    # gateway 3 x 0.2 + 4 x 0.1; store 2.5 x 4 / 5; database (3 + 3 + 4) x 0.1; worker 3 x 0.5 + 0.5;
    # model 3 x 1 + 10 x 0.1
    expected = {"gateway": 1.0, "store": 2.0, "database": 1.0, "worker": 2.0, "model": 4.0}
    assert demand(ONE, COSTS) == pytest.approx(expected)
    plan = planned(VILLAGE, ONE, COSTS)
    # 0.1, 0.2, 0.1, (2 + 1.25 x 4) x 0.1 = 0.7 and 0.4 servers are busy; 70 % of the planned may be.
    assert plan == Plan(gateway=2, store=1, database=1, worker=2, model=1)
    at = limits(VILLAGE, ONE, COSTS, plan)
    assert at == pytest.approx(
        {
            "line": 900,
            "model": 900,
            "worker": 1200,
            "store": 1800,
            "database": 3600,
            "gateway": 7200,
        }
    )
    assert list(at)[-3:] == ["store", "database", "gateway"]


def test_a_line_carries_what_is_reckoned_by_hand() -> None:
    """32 Mbit at 2 Mbit/s; 90 an hour and 300 a day on each of four lines."""
    got = line(VILLAGE, ONE)
    assert (got.seconds, got.busy) == pytest.approx((16.0, 0.4))
    assert got.daily_hours == pytest.approx(300 * 16 / 3600)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_plan_leaves_room_on_every_part(scenario: Scenario) -> None:
    one, assumed = Examination(), Costs()
    plan = planned(scenario, one, assumed)
    at = limits(scenario, one, assumed, plan)
    assert min(v for name, v in at.items() if name != "line") >= scenario.hourly / SHARE * 0.99
    assert plan.worker % 2 == plan.gateway % 2 == 0, "whole programs"


def test_costs_are_those_measured_by_stage_and_what_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    phases = {"load": 0.1, "judge": 0.1, "draw": 0.1, "objects": 0.2, "confirm": 0.05, "wait": 9.0,
              "infer": 9.0, "model_vision": 0.3, "model_interpret": 0.1}  # fmt: skip
    pipeline = {"seconds_per_study": 0.01, "phases": phases}  # overlapped: no stage's cost
    exam = {"frames_read": 40, "others": 10, "model_s": 80.0}
    parts = {"pipeline": {"figures": pipeline}, "exam": {"figures": exam}}
    path.write_text(json.dumps({"parts": parts}))

    read = costs.read(path)

    assert (read.frame, read.finish, read.model_frame) == pytest.approx((0.5, 0.05, 0.4))
    assert read.model_glance == pytest.approx((80 - 50 * 0.4) / 600)
    assert read.assumed == ("image", "megabyte", "transaction", "store_mb_per_second")


def test_the_page_says_where_it_breaks_first_and_what_then(tmp_path: Path) -> None:
    figures = {one.name: simulated(one, ONE, COSTS, 100) for one in SCENARIOS}
    path = tmp_path / "scaling.md"
    path.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")

    page.write(page.text(figures, ONE, COSTS, {}), path)

    text = path.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    # 32 Mbit take 250 s at 128 kbit/s: 14.4 an hour on each of 20 lines; one model server takes 900.
    assert "the line, above 288 an hour; then: reports and previews first" in text
    assert "the model, above 900 an hour; then: more model servers" in text
    assert "| 250 s | 16 s | 16 s |" in text
    assert "Measured by `make bench`: nothing yet." in text
