"""The dense part of an evaluation: labelled images, hidden source, refusals."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.data.manifest import Record
from models.evaluation.blind import hide_source
from models.evaluation.figures import Labels, accuracy, figures, plane_answers
from models.evaluation.observe import Observation, Sees, observe, observe_images
from models.evaluation.refusals import from_folder, negatives
from models.evaluation.scores import bootstrap
from services.reading.confidence import Thresholds, softmax
from services.reading.contract import RawReading

Say = Callable[[str], None]


def accepted(raw: RawReading, rules: Thresholds) -> bool:
    """In scope, good enough and of a known plane, by the release's thresholds."""
    if rules.scope_platt(raw.scope) < rules.scope:
        return False
    if rules.quality_platt(raw.quality) < rules.quality:
        return False
    return float(softmax(raw.plane, rules.plane_temperature).max()) >= rules.plane


def refusal_figures(
    vision: Sees,
    rules: Thresholds,
    observations: list[Observation],
    records: list[Record],
    each: int,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Recall over all pictures that must be refused, by family too, and false refusals."""
    rates: dict[str, dict[str, float]] = {}
    everything: list[bool] = []
    families = negatives(records, each, seed=101)
    families.update(from_folder(folder) if folder else {})
    for name, images in families.items():
        refused = [not accepted(r, rules) for r in observe_images(vision, images)]
        rates[name] = {"recall": float(np.mean(refused)), "n": len(refused)}
        everything += refused
    inside = [o for o in observations if o.record.plane]
    false = [not accepted(o.raw, rules) for o in inside]
    scope = [rules.scope_platt(o.raw.scope) < rules.scope for o in inside]
    return {
        "out_of_scope_recall": float(np.mean(everything)),
        "out_of_scope_recall_by_family": rates,
        "false_refusals": float(np.mean(false)) if false else float("nan"),
        "false_refusals_scope": float(np.mean(scope)) if scope else float("nan"),
    }


def dense_figures(
    vision: Sees,
    labels: Labels,
    rules: Thresholds,
    records: list[Record],
    *,
    each: int = 20,
    folder: Path | None = None,
    say: Say = lambda _: None,
) -> tuple[dict[str, Any], list[Observation]]:
    """All dense figures of a release on records, and the observations for plots."""
    started = time.perf_counter()
    observations = list(observe(vision, records))
    seconds = (time.perf_counter() - started) / max(1, len(records))
    say(f"{len(records)} images read, {seconds:.3f} s each")
    result = figures(observations, labels, rules)
    known = [r for r in records if r.plane]
    hidden = plane_answers(list(observe(vision, known, hide_source, seed=17)), labels, rules)
    result["plane_accuracy_blind"] = accuracy(hidden)
    result["plane_accuracy_blind_interval"] = bootstrap(hidden, [a.group for a in hidden], accuracy)
    say("planes with a hidden source read")
    result.update(refusal_figures(vision, rules, observations, known or records, each, folder))
    result["seconds_per_image"] = {"dense": seconds}
    result["n"] = len(records)
    return result, observations
