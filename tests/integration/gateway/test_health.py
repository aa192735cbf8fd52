"""Readiness uses every part; liveness none."""

from __future__ import annotations

from pathlib import Path

import httpx
import hub as hubs
import pytest
import servers

from gateway.api import health
from services.processes.sandbox import available
from services.telemetry import metrics


def test_a_dead_broker_and_store_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CACHE_SECONDS", 0.0)
    with (
        servers.valkey_server(tmp_path / "v") as broker,
        servers.seaweed_server(tmp_path / "s") as store,
        hubs.running(tmp_path / "h", broker, store) as hub,
    ):
        ready = httpx.get(f"{hub.url}/health/ready", timeout=60)
        assert ready.status_code == 200, ready.text
        assert {p["state"] for p in ready.json()["parts"].values()} == {"ok"}
        held = available()
        assert ready.json()["sandbox"] == {"landlock": held.landlock, "seccomp": held.seccomp}
        figure = metrics.exposition()[0].decode()
        assert f'fada_sandbox{{means="seccomp"}} {float(held.seccomp)}' in figure
        broker.process.kill()
        response = httpx.get(f"{hub.url}/health/ready", timeout=60)
        assert response.status_code == 503
        parts = response.json()["parts"]
        assert parts["broker"]["error"] == "broker_unavailable"
        assert parts["index"]["state"] == "ok"
        store.process.kill()
        parts = httpx.get(f"{hub.url}/health/ready", timeout=60).json()["parts"]
        assert parts["store"]["state"] == "down"
        assert httpx.get(f"{hub.url}/health/live").status_code == 200
        # Neither is a reason to send nobody here any more.
        assert httpx.get(f"{hub.url}/health/serving").status_code == 200
        broker.restart()
        parts = httpx.get(f"{hub.url}/health/ready", timeout=60).json()["parts"]
        assert parts["broker"]["state"] == "ok"


def test_a_part_that_hangs_is_not_asked_twice() -> None:
    import threading

    class Hanging:
        calls = 0
        gate = threading.Event()

        def ping(self) -> None:
            self.calls += 1
            self.gate.wait(20)

    hanging = Hanging()
    probe = health.ReadinessProbe({"index": hanging.ping}, seconds=0.2)
    try:
        assert probe._check_all()["index"].state == "down"
        assert probe._check_all()["index"].error == "no answer in time"
        assert hanging.calls == 1
        hanging.gate.set()
        probe._seconds = 5.0
        assert probe._check_all()["index"].state == "ok"
    finally:
        hanging.gate.set()
        probe.close()


def test_figures_name_routes_not_paths(hub: hubs.Hub) -> None:
    with hub.client() as client:
        client.get("/api/studies/01930a5e-7c1b-7a55-9a43-0d8c1d5f3a10")
        text = client.get("/metrics").text
    assert 'route="/api/studies/{study_id}"' in text
    assert "01930a5e" not in text
    assert 'fada_refusals_total{code="not_found"}' in text
