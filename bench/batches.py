"""The model server asked by several at once against one by one: ``python -m bench.batches``.

The same images, the phases of a still image without text. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.studies import SAMPLES
from services.composition import Adapters
from services.inference.port import Inference
from services.processes.process import Process
from services.reading.contract import ALL_PHASES, Phase
from services.reading.images.picture import Gray, decode, square
from services.reading.releases.registry import Manifests
from services.standalone import ports, seaweed, secrets, triton
from services.standalone.local_settings import settings_of
from services.standalone.local_stack import NAMES, RELEASES

PHASES = tuple(phase for phase in ALL_PHASES if phase is not Phase.INTERPRET)
AT_ONCE = 4


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(inference: Inference, images: list[Gray]) -> dict[str, float]:
    """Seconds: one after the other, by four at once, and four in a request."""

    def one(image: Gray) -> None:
        inference.read([image], PHASES)

    def at_once() -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(one, images))

    def in_batches() -> None:
        for start in range(0, len(images), AT_ONCE):
            inference.read(images[start : start + AT_ONCE], PHASES)

    for image in images[:3]:
        one(image)
    alone = seconds(lambda: [inference.read([image], PHASES) for image in images])
    together, batched = seconds(at_once), seconds(in_batches)
    return {
        "images": len(images),
        "one_by_one_seconds": round(alone, 2),
        "at_once_seconds": round(together, 2),
        "batched_seconds": round(batched, 2),
        "at_once_gain": round(alone / together, 3),
        "batched_gain": round(alone / batched, 3),
    }


def main() -> None:
    """Start a model server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=24)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fada-bench-") as folder:
        home = Path(folder)
        names = [*NAMES, *seaweed.PORTS, *triton.PORTS]
        chosen = dict(zip(names, ports.free(len(names)), strict=True))
        server = Process(triton.spec(home, chosen, RELEASES))
        try:
            server.start()
            server.wait_ready()
            settings = settings_of(home, secrets.load(home / "secrets.json"), chosen)
            inference = Adapters(settings.model_copy(update={"releases": RELEASES})).inference
            figures = measure(inference, squares(given.images))
            inference.close()
        finally:
            server.stop()
    print(json.dumps(figures))


def squares(count: int) -> list[Gray]:
    """The samples as the model sees them, again and again."""
    side = Manifests(RELEASES).active().side
    sources = sorted(SAMPLES.glob("*.jpg"))
    made = [square(decode(path.read_bytes()).pixels, side).pixels for path in sources]
    return [made[number % len(made)] for number in range(count)]


if __name__ == "__main__":
    main()
