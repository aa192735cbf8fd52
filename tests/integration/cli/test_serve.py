"""The programs as containers run them: each on its own, set by its environment, on PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import servers
from servers_postgres import fresh_database

from services.reading.releases.registry import pointer
from services.standalone import ports

FADA = Path(sys.executable).with_name("fada")
pytestmark = pytest.mark.slow
WAIT = 240.0


@dataclass
class Hub:
    environment: dict[str, str]
    folder: Path
    gateway: int
    worker: int
    sweeper: int

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FADA, "serve", *command], env=self.environment, cwd=self.folder,
            capture_output=True, text=True, timeout=WAIT,
        )  # fmt: skip

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def get(port: int, path: str, **more: str) -> httpx.Response:
    """The answer, asked for until there is one."""
    until = time.monotonic() + WAIT
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", headers=more, timeout=30)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def figures(port: int, wanted: str) -> str:
    """The figures, asked for until ``wanted`` is among them."""
    until = time.monotonic() + WAIT
    while wanted not in (text := get(port, "/metrics").text):
        assert time.monotonic() < until, text
        time.sleep(0.3)
    return text


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_url: str,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("serve")
    gateway, worker, sweeper, nothing = ports.free(4)
    with ExitStack() as stack:
        index = stack.enter_context(fresh_database(postgres_url))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "FADA_HOME": str(folder / "home"),
            "FADA_INDEX_URL": index,
            "FADA_BROKER_URL": valkey.url,
            "FADA_S3_ENDPOINT": seaweed.endpoint,
            "FADA_S3_ACCESS_KEY": seaweed.access_key,
            "FADA_S3_SECRET_KEY": seaweed.secret_key,
            "FADA_S3_BUCKET": "serve",
            "FADA_SECRET_KEY": "only-for-this-test-run-and-long-enough",
            "FADA_TRITON_GRPC": f"127.0.0.1:{nothing}",
            "FADA_RELEASES": str(Path(__file__).parents[3] / "models" / "releases"),
            "FADA_PORT": str(gateway),
            "FADA_METRICS_TOKEN": "only-for-figures",
            "FADA_METRICS_PORT": str(worker),
            "FADA_SWEEPER_METRICS_PORT": str(sweeper),
        }
        made = Hub(environment, folder, gateway, worker, sweeper)
        done = made.run("prepare")
        assert done.returncode == 0, done.stderr
        for name in ("gateway", "worker", "sweeper"):
            log = stack.enter_context((folder / f"{name}.log").open("w"))
            child = subprocess.Popen(
                [FADA, "serve", name], env=environment, cwd=folder, stdout=log, stderr=log
            )
            stack.callback(_stop, child)
        yield made


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(240)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise


def test_prepare_again_does_no_harm(hub: Hub) -> None:
    assert hub.run("prepare").returncode == 0


def test_the_first_key_opens_the_gateway(hub: Hub) -> None:
    key = hub.run("first-key", "--site", "north").stdout.strip()
    assert get(hub.gateway, "/health/live").status_code == 200
    assert get(hub.gateway, "/api/me").status_code == 401
    response = get(hub.gateway, "/api/me", Authorization=f"Bearer {key}")
    assert response.status_code == 200
    assert response.json()["site"] == "north"


def test_parts_are_watched_without_anybody_asking_for_readiness(hub: Hub) -> None:
    until = time.monotonic() + WAIT
    wanted = 'fada_dependency_up{part="inference"} 0.0'
    token = {"Authorization": "Bearer only-for-figures"}
    while wanted not in (text := get(hub.gateway, "/metrics", **token).text):
        assert time.monotonic() < until, text
        time.sleep(0.3)
    assert "/health/ready" not in text
    assert 'fada_disk_used_share{place="spool"}' in text


def test_readiness_names_the_part_that_is_missing(hub: Hub) -> None:
    response = get(hub.gateway, "/health/ready")
    assert response.status_code == 503
    states = {name: part["state"] for name, part in response.json()["parts"].items()}
    assert states == {"index": "ok", "store": "ok", "broker": "ok", "inference": "down"}
    text = get(hub.gateway, "/metrics", Authorization="Bearer only-for-figures").text
    assert 'fada_dependency_up{part="inference"} 0.0' in text
    assert 'fada_dependency_up{part="index"} 1.0' in text
    assert 'fada_gateway_requests_total{method="GET",route="/health/ready",status="503"}' in text


def test_worker_and_sweeper_show_their_figures(hub: Hub) -> None:
    figures(hub.worker, "fada_worker_restarts_total")
    assert 'fada_jobs{state="queued"} 0.0' in figures(hub.sweeper, 'fada_jobs{state="queued"}')


def test_logs_are_json_lines(hub: Hub) -> None:
    get(hub.gateway, "/health/live")
    for name in ("gateway", "worker", "sweeper"):
        for line in hub.log(name).splitlines():
            assert {"at", "level", "logger", "event"} <= set(json.loads(line)), (name, line)


def test_the_programs_releases_come_into_a_volume_and_one_is_activated(tmp_path: Path) -> None:
    """As a container does it: its own releases are read-only, the volume holds what is in use."""
    volume = tmp_path / "volume"
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "FADA_HOME": str(tmp_path / "home"),
        "FADA_RELEASES": str(volume),
    }  # fmt: skip

    def fada(*words: str) -> str:
        done = subprocess.run(
            [FADA, *words],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=WAIT,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    fada("serve", "releases")
    names = sorted(one.name for one in volume.iterdir() if one.is_symlink())
    assert names
    used = pointer(volume)
    assert used is not None
    oldest = names[0]
    assert f"{oldest} is in use" in fada("models", "activate", oldest, "--rollback")
    fada("serve", "releases")  # at the next start: what is in use stays
    now = pointer(volume)
    assert now is not None
    assert now.active == oldest
