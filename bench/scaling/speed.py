"""Four workers and two gateways on PostgreSQL against one of each: ``python -m bench.scaling.speed``.

The same studies by STOW-RS from four clients, from the first request to the last result. On a machine with
few processors the model takes them all, and more workers can gain little: the number is said with it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from bench.scaling.plant import Plant
from bench.studies import studies
from services.index import open_index
from services.index.port import JobState
from services.publish.stow import multipart

CLIENTS = 4


def hourly(gateways: int, workers: int, count: int) -> tuple[float, float]:
    """Studies an hour: from request to result, and taken in alone."""
    folder = Path(tempfile.mkdtemp(prefix="fada-speed-"))
    plant = Plant(folder, gateways, workers, {"FADA_RATE_PER_SECOND": "1000"})
    try:
        plant.start()
        key = plant.new_key()
        send(plant, key, list(studies(workers + 2, uuid.uuid4().hex)))
        wait(plant, workers + 2)  # each worker has loaded what it needs
        objects = list(studies(count, uuid.uuid4().hex))
        began = time.monotonic()
        send(plant, key, objects)
        taken = time.monotonic() - began
        wait(plant, workers + 2 + count)
        return 3600 * count / (time.monotonic() - began), 3600 * count / taken
    finally:
        plant.stop()
        shutil.rmtree(folder, ignore_errors=True)


def send(plant: Plant, key: str, objects: list[bytes]) -> None:
    """Four at a time."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=plant.address, headers=headers, timeout=60, trust_env=False) as hub:

        def one(data: bytes) -> None:
            boundary = uuid.uuid4().hex
            kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
            answer = hub.post(
                "/dicomweb/studies",
                content=multipart([data], boundary),
                headers={"Content-Type": kind, "Accept": "application/dicom+json"},
            )
            answer.raise_for_status()

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(one, objects))


def wait(plant: Plant, count: int, seconds: float = 1800.0) -> None:
    """Until so many jobs have ended. SystemExit after ``seconds``."""
    index, until = open_index(plant.index_url), time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            plant.tend()
            with index.read() as tx:
                depth = tx.jobs.depth()
            if depth[JobState.DONE.value] + depth[JobState.DEAD.value] >= count:
                return
            time.sleep(0.05)
        raise SystemExit(f"the jobs do not end: {depth}")
    finally:
        index.close()


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=60)
    given = parser.parse_args()
    one, one_in = hourly(1, 1, given.studies)
    many, many_in = hourly(2, 4, given.studies)
    print(
        json.dumps(
            {
                "processors": os.cpu_count(),
                "one_of_each_per_hour": round(one),
                "two_gateways_four_workers_per_hour": round(many),
                "gain": round(many / one, 3),
                "ingest_gain": round(many_in / one_in, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
