"""Deliveries that were given up stay visible and can be run again, over HTTP and on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import hub as hubs
import pytest
from typer.testing import CliRunner

from cli.main import app
from services.domain.study import Role

RUNNER = CliRunner()


def give_up(hub: hubs.Hub, site: str) -> str:
    """A study comes to a site with a webhook, whose delivery fails for good: the delivery's id."""
    with hub.services.index.begin() as tx:
        tx.webhooks.create(site, "https://receiver.example/hook", ("study.received",))
    with hub.client(site) as client:
        data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
        assert client.post("/api/uploads", files={"file": data}).status_code == 200
    with hub.services.index.begin() as tx:
        (delivery,) = tx.deliveries.find(site)
        assert tx.deliveries.start(delivery.id, 60) is not None
        tx.deliveries.failed(delivery.id, "webhook_refused", delay=None)
    return delivery.id


def test_dead_deliveries_are_seen_and_run_again(hub: hubs.Hub) -> None:
    delivery = give_up(hub, "deliver")
    with hub.client("deliver", Role.MANAGER) as manager, hub.client("deliver2") as other:
        (item,) = manager.get("/api/deliveries", params={"state": "dead"}).json()["items"]
        assert (item["id"], item["error_code"], item["attempts"]) == (
            delivery,
            "webhook_refused",
            1,
        )
        assert item["url"] == "https://receiver.example/hook"
        assert "secret" not in json.dumps(item)
        assert other.get("/api/deliveries").json()["items"] == []
        assert other.post(f"/api/deliveries/{delivery}/run-again").status_code == 404
        again = manager.post(f"/api/deliveries/{delivery}/run-again")
        assert (again.status_code, again.json()["state"]) == (202, "waiting")
        assert again.json()["attempts"] == 0
        assert manager.post(f"/api/deliveries/{delivery}/run-again").status_code == 409
        assert manager.get("/api/deliveries", params={"state": "lost"}).status_code == 400
        (entry,) = manager.get("/api/audit", params={"subject": delivery}).json()["items"]
        assert entry["action"] == "delivery.run_again"
    with hub.client("deliver", Role.SONOGRAPHER) as sonographer:
        assert sonographer.get("/api/deliveries").status_code == 403


@pytest.fixture
def fada(hub: hubs.Hub) -> Callable[..., str]:
    """Runs a command of ``fada deliveries`` against this hub; what it printed."""

    def run(*words: str) -> str:
        where = ["--hub", hub.url, "--key", hub.key("deliver3", Role.MANAGER)]
        result = RUNNER.invoke(app, ["deliveries", *words, *where])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_the_command_line_lists_them_and_runs_them_again(
    hub: hubs.Hub, fada: Callable[..., str]
) -> None:
    assert "none" in fada("dead")
    assert "nothing to run again" in fada("again", "--all")
    delivery = give_up(hub, "deliver3")
    (item,) = json.loads(fada("dead", "--json"))
    assert item["id"] == delivery
    assert "webhook_refused" in fada("list", "--state", "dead,waiting")
    assert "waiting" in fada("again", "--all")
    assert "none" in fada("dead")
    assert json.loads(fada("list", "--study", item["study_id"], "--json"))[0]["state"] == "waiting"
