"""The parts of ``make bench``: each a program of its own whose last line is one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """``words``: what it measures, for the page. ``seconds``: it is ended after so long."""

    name: str
    words: str
    module: str
    arguments: tuple[str, ...] = ()
    seconds: float = 3600.0


PARTS = {
    part.name: part
    for part in (
        Part("index", "Searches on archives of 10^3 to 10^6 studies", "bench.index"),
        Part("ingest", "STOW-RS here and at Orthanc", "bench.ingest"),
        Part(
            "object",
            "One large object against writing, flushing, hashing",
            "bench.ingest.one_object",
        ),
        Part("pipeline", "What the pipeline costs beside the model", "bench.pipeline"),
        Part("exam", "An examination of 40 images, and others beside it", "bench.exam"),
        Part(
            "exam500",
            "An examination of 500 images, and others beside it",
            "bench.exam",
            ("--stills", "500", "--clips", "0", "--between", "60"),
        ),
        Part(
            "exam2000",
            "An examination of 2,000 images in one STOW-RS request, and others beside it",
            "bench.exam",
            ("--stills", "2000", "--clips", "0", "--together", "--others", "10", "--between", "90"),
            10_000.0,
        ),
        Part("batches", "The model server asked at once and one by one", "bench.batches"),
        Part("scale", "Four workers and two gateways against one of each", "bench.scaling.speed"),
        Part("soak", "Latency and memory under load and faults", "bench.soak", ("--minutes", "5")),
        Part("pages", "How heavy and how quick the pages are", "bench.pages"),
    )
}


class PartFailed(Exception):
    """The program ended with an error, or without its line."""


def run(part: Part) -> dict[str, Any]:
    """Run it, its words on our own output; the object of its last line.

    Raises:
        PartFailed: it ended otherwise.
    """
    command = [sys.executable, "-m", part.module, *part.arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        last = ""
        for line in child.stdout or ():
            print(line, end="", flush=True)
            last = line if line.strip() else last
        child.wait(part.seconds)
    try:
        figures = json.loads(last)
    except ValueError as error:
        raise PartFailed(f"{part.name} ended with {child.returncode}") from error
    if not isinstance(figures, dict):
        raise PartFailed(f"{part.name} said no object")
    return figures


def summary(results: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that have bars, of the parts that were measured; None where a part is missing."""
    got = {name: entry["figures"] for name, entry in results.get("parts", {}).items()}
    pipeline, scale = got.get("pipeline", {}), got.get("scale", {})
    each = pipeline.get("seconds_per_study")
    model = pipeline.get("plain_seconds")
    return {
        **{name: got.get("ingest", {}).get(name) for name in (
            "large_ratio_1", "large_ratio_4", "small_ratio_1", "small_ratio_4",
        )},
        "one_object_ratio": got.get("object", {}).get("one_object_ratio"),
        "overhead_share": pipeline.get("overhead_share"),
        "query_ratios": got.get("index", {}).get("ratios"),
        "largest_query_ratio": got.get("index", {}).get("largest_ratio"),
        "studies_per_hour": round(3600 / each) if each else None,
        "model_alone_per_hour": round(3600 / model) if model else None,
        "at_once_gain": got.get("batches", {}).get("at_once_gain"),
        "batched_gain": got.get("batches", {}).get("batched_gain"),
        "scaled_gain": scale.get("gain"),
        "p95_under_load": got.get("soak", {}).get("p95"),
        "not_quiet": sorted(n for n, e in results.get("parts", {}).items() if not e["quiet"]),
        "missing": sorted(set(PARTS) - set(got)),
    }  # fmt: skip
