"""Two gateways, four workers, PostgreSQL, Redis and a load balancer, killed in turn: ``make drill-scale``.

STOW-RS, the web form, tus and a phone send through the load balancer while each part is killed (SIGKILL). In
the end each study that was acknowledged has one result. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
import uuid
from pathlib import Path

import httpx

from bench.scaling.plant import Plant
from bench.soak import measure, report
from bench.soak.faults import Fault, Faults
from bench.soak.ledger import Ledger
from bench.soak.load import Load, Reader
from bench.soak.memory import Memory
from bench.soak.senders import Form, Phone, Sender, Stow, Tus
from services.index import open_index

ENVIRONMENT = {
    "FADA_LEASE_SECONDS": "15",
    "FADA_UPLOAD_DAYS": "0.002",
    "FADA_RATE_PER_SECOND": "1000",
}


def main() -> int:
    """Run it; 0 when nothing was lost, doubled, refused or stuck."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateways", type=int, default=2)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--per-minute", type=float, default=24.0, help="studies, of all sources")
    parser.add_argument("--apart", type=float, default=10.0, help="s between two faults, at least")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fada-scale-"))
    plant = Plant(folder / "plant", given.gateways, given.workers, dict(ENVIRONMENT))
    try:
        plant.start()
        figures = drill(plant, folder, 240.0 / given.per_minute, given.apart)
    finally:
        plant.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(figures))
    return 1 if any(figures[name] for name in ("lost", "doubled", "refused", "stuck")) else 0


def drill(plant: Plant, folder: Path, every: float, apart: float) -> dict[str, object]:
    """Load until every part was killed and is back; then judge."""
    began, ledger = time.monotonic(), Ledger()
    plan = [Fault(name) for name in plant.processes]
    faults, memory = Faults(plant.processes, apart, plan), Memory(plant.processes)
    readers = [Reader(_client(plant, plant.new_key()), ledger, seed) for seed in (1, 2)]
    load = Load(ledger, _senders(plant, folder), readers, every)

    def tend() -> None:
        plant.tend()
        faults.tend()
        memory.tend()

    load.start()
    until = began + 1500
    while not faults.over and time.monotonic() < until:
        tend()
        time.sleep(0.1)
    index = open_index(plant.index_url)
    load.stop(300.0, tend)
    measure.drain(index, 900.0, tend)
    verdict = measure.judge(index, ledger)
    index.close()
    growth = memory.growth()
    figures = report.figures(verdict, ledger, plan, growth, time.monotonic() - began)
    report.show(figures, verdict, ledger, plan, growth)
    return figures


def _senders(plant: Plant, folder: Path) -> list[Sender]:
    run, key = uuid.uuid4().hex, plant.new_key()
    seed = int(run[:4], 16)
    return [
        Stow(_client(plant, key), run),
        Form(_client(plant, key), seed),
        Tus(_client(plant, key), plant.address, key, run),
        Phone(_client(plant, key), plant.address, folder / "phone", seed),
    ]


def _client(plant: Plant, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=plant.address, headers=headers, timeout=45, trust_env=False)


if __name__ == "__main__":
    raise SystemExit(main())
