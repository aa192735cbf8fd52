"""What a study costs each part, from bench/results.json; what was not measured yet is assumed, and said."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "results.json"


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of one server for a still study; ``megabytes`` of its image. ``assumed``: not measured."""

    gateway: float = 0.04
    database: float = 0.012
    worker: float = 0.25  # its own work beside the model's
    model: float = 0.7
    megabytes: float = 0.3
    store_mb_per_second: float = 60.0
    assumed: tuple[str, ...] = field(default=())

    @property
    def store(self) -> float:
        """Seconds of the store: the image in, out again, and what is made of it."""
        return 2.5 * self.megabytes / self.store_mb_per_second


def read(path: Path = RESULTS) -> Costs:
    """The costs of the machine that bench/results.json describes."""
    parts: dict[str, Any] = json.loads(path.read_text())["parts"] if path.is_file() else {}
    figures = {name: entry["figures"] for name, entry in parts.items()}
    costs: dict[str, float] = {}
    if pipeline := figures.get("pipeline"):
        costs["model"] = pipeline["triton_seconds"] / pipeline["studies"]
        costs["worker"] = max(pipeline["seconds_per_study"] - costs["model"], 0.01)
    ingest = figures.get("ingest", {})
    if "small_per_second_4" in ingest:
        costs["gateway"] = 2 / ingest["small_per_second_4"]  # two processes share the port
        costs["database"] = ingest["index_ms"] / 1000 * 4  # receipt, lease, renewal, result
    if one := figures.get("object"):
        costs["store_mb_per_second"] = one["megabytes"] / one["stow_seconds"]
    names = ("gateway", "database", "worker", "model", "store_mb_per_second")
    return Costs(**costs, assumed=tuple(name for name in names if name not in costs))
