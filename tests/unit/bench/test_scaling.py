"""The simulation agrees with queueing theory, and a plan holds what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("simpy", reason="simpy is not installed: make install-dev")

from bench.scaling import costs
from bench.scaling.scenarios import SCENARIOS, SHARE, breaks_first, planned, stations
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


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_plan_leaves_room_on_every_part(scenario: object) -> None:
    (one,) = [s for s in SCENARIOS if s is scenario]
    assumed = costs.Costs()
    way, beside = stations(one, assumed, planned(one, assumed))

    for station in [*way[1:], *beside]:
        assert one.hourly / 3600 * station.seconds / station.servers <= SHARE
    _, at = breaks_first(way[1:], beside)
    assert at >= one.hourly / SHARE * 0.99


def test_costs_are_those_measured_and_what_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    figures = {"studies": 10, "triton_seconds": 5.0, "seconds_per_study": 0.8}
    path.write_text(json.dumps({"parts": {"pipeline": {"figures": figures}}}))

    read = costs.read(path)

    assert read.model == 0.5
    assert read.worker == pytest.approx(0.3)
    assert read.assumed == ("gateway", "database", "store_mb_per_second")
