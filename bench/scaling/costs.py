"""What an examination costs each part, stage by stage, from bench/results.json.

Each stage's cost is the time that it took by itself, never a rate at which stages ran beside each other. What
was not measured yet is assumed, and said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import exam

RESULTS = Path(__file__).resolve().parents[1] / "results.json"
SMALL_MB, LARGE_MB = 0.065, 2.405  # the two objects of bench/ingest
_STAGES = ("load", "judge", "draw", "objects")  # of the worker, for each frame that is read
_MODEL = ("model_vision", "model_interpret")
_OF_A_JOB = 4  # transactions: lease, a renewal, result, outbox


@dataclass(frozen=True, slots=True)
class Examination:
    """What a clinic sends of one woman. Sizes are of JPEG; without compression they are ten times these."""

    stills: int = exam.STILLS
    clips: int = exam.CLIPS
    frames: int = exam.FRAMES  # of each clip
    still_mb: float = 0.3
    clip_mb: float = 6.0

    @property
    def images(self) -> int:
        """Objects that are sent."""
        return self.stills + self.clips

    @property
    def read(self) -> int:
        """Frames that the model reads as a whole: each still, and one of each clip as bench/exam has it."""
        return self.stills + self.clips

    @property
    def glanced(self) -> int:
        """Frames of clips that the model glances at to choose those (decision 23)."""
        return self.clips * self.frames

    @property
    def megabytes(self) -> float:
        """Of all its images."""
        return self.stills * self.still_mb + self.clips * self.clip_mb


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of one server of a part. ``assumed``: not measured."""

    image: float = 0.0043  # gateway, for each object
    megabyte: float = 0.004  # gateway
    transaction: float = 0.002  # database
    frame: float = 0.2  # worker's own work on a frame that is read
    finish: float = 0.056  # worker, once for an examination
    model_frame: float = 0.18
    model_glance: float = 0.035
    store_mb_per_second: float = 60.0
    assumed: tuple[str, ...] = field(default=())

    def gateway(self, one: Examination) -> float:
        """Seconds of a process."""
        return one.images * self.image + one.megabytes * self.megabyte

    def database(self, one: Examination) -> float:
        """Seconds: a transaction for each image received, each frame noted, and those of the job."""
        return (one.images + one.read + _OF_A_JOB) * self.transaction

    def store(self, one: Examination) -> float:
        """Seconds: the images in, out again, and what is made of them."""
        return 2.5 * one.megabytes / self.store_mb_per_second

    def worker(self, one: Examination) -> float:
        """Seconds of a process, beside those in which it waits for the model."""
        return one.read * self.frame + self.finish

    def model(self, one: Examination) -> float:
        """Seconds of a model server that computes on one thread."""
        return one.read * self.model_frame + one.glanced * self.model_glance


def read(path: Path = RESULTS) -> Costs:
    """The costs of the machine that bench/results.json describes."""
    parts: dict[str, Any] = json.loads(path.read_text())["parts"] if path.is_file() else {}
    figures = {name: entry["figures"] for name, entry in parts.items()}
    costs: dict[str, float] = {}
    if phases := figures.get("pipeline", {}).get("phases"):
        costs["frame"] = sum(phases[name] for name in _STAGES)
        costs["finish"] = phases["confirm"]
        costs["model_frame"] = sum(phases[name] for name in _MODEL)
    if measured := figures.get("exam"):
        costs["model_glance"] = _glance(measured, costs.get("model_frame", Costs().model_frame))
    if ingest := figures.get("ingest"):
        small, large = (ingest[f"{size}_processor_ms_4"] / 1000 for size in ("small", "large"))
        costs["megabyte"] = (large - small) / (LARGE_MB - SMALL_MB)
        costs["image"] = small - SMALL_MB * costs["megabyte"]
        costs["transaction"] = ingest["index_ms"] / 1000
    if one := figures.get("object"):
        costs["store_mb_per_second"] = one["megabytes"] / one["stow_seconds"]
    names = (name for name in Costs.__dataclass_fields__ if name != "assumed")
    return Costs(**costs, assumed=tuple(name for name in names if name not in costs))


def _glance(measured: dict[str, Any], model_frame: float) -> float:
    """Seconds for a frame of a clip: what the model took for the examination beside whole readings."""
    whole = (measured["frames_read"] + measured["others"]) * model_frame
    return max(0.0, measured["model_s"] - whole) / Examination().glanced
