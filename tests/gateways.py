"""``fada serve gateway`` in processes of its own, on real parts, as a hub runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import combination
import httpx
import hub as hubs
import servers

from services.domain.study import Role
from services.index import open_index
from services.standalone import ports

FIGURES = "only-for-figures"


@dataclass(frozen=True)
class Outside:
    """How to start it, where it answers, and a sonographer's headers."""

    environment: dict[str, str]
    url: str
    headers: dict[str, str]


def prepare(
    home: Path, broker: servers.Valkey, store: servers.Seaweed, processes: int = 1
) -> Outside:
    port = ports.free(1)[0]
    environment = {
        **os.environ,
        "FADA_HOME": str(home),
        "FADA_INDEX_URL": combination.index_url(home),
        "FADA_BROKER_URL": broker.database(4),
        "FADA_S3_ENDPOINT": store.endpoint,
        "FADA_S3_ACCESS_KEY": store.access_key,
        "FADA_S3_SECRET_KEY": store.secret_key,
        "FADA_S3_BUCKET": "fada",
        "FADA_RUNNER": "inprocess",
        "FADA_METRICS_TOKEN": FIGURES,
        "FADA_PORT": str(port),
        "FADA_GATEWAY_PROCESSES": str(processes),
        "TMPDIR": str(home),
    }
    index = open_index(environment["FADA_INDEX_URL"])
    index.migrate()
    with index.begin() as tx:
        _, key = tx.keys.create("own", Role.SONOGRAPHER, "k")
    index.close()
    return Outside(environment, f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {key}"})


def start(outside: Outside) -> subprocess.Popen[bytes]:
    """Returns when it answers, however slow the machine is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve", "gateway"],
        env=outside.environment, cwd=hubs.ROOT, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{outside.url}/health/live").status_code == 200:
                return process
        except httpx.TransportError:
            assert process.poll() is None, "the gateway did not start"
            time.sleep(0.1)
    process.kill()
    process.wait()
    raise AssertionError("the gateway did not answer")
