"""The dense part of an evaluation: labelled images, hidden source, refusals."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.data.manifest import Record
from models.evaluation.blind import hide_source
from models.evaluation.figures import Labels, accuracy, figures, plane_answers
from models.evaluation.observe import DenseModel, Observation, observe, observe_images
from models.evaluation.refusals import from_folder, negatives
from models.evaluation.scores import bootstrap
from services.reading.confidence import Thresholds, softmax
from services.reading.contract import RawReading

Progress = Callable[[str], None]
MEASURED_PLANES = frozenset({"head", "abdomen", "femur"})


def accepted(raw: RawReading, rules: Thresholds) -> bool:
    """In scope, good enough and of a known plane, by the release's thresholds."""
    if rules.scope_platt(raw.scope) < rules.scope:
        return False
    if rules.quality_platt(raw.quality) < rules.quality:
        return False
    return float(softmax(raw.plane, rules.plane_temperature).max()) >= rules.plane


def refusal_figures(
    vision: DenseModel,
    rules: Thresholds,
    labels: Labels,
    observations: list[Observation],
    records: list[Record],
    each: int,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Recall over all pictures that must be refused, by family too, how many of them would be
    measured, false refusals, and intrapartum heads that would be measured as heads."""
    rates: dict[str, dict[str, float]] = {}
    everything: list[bool] = []
    outside = [o for o in observations if not o.record.plane]
    for name in sorted({o.record.dataset for o in outside}):
        answers = [o.raw for o in outside if o.record.dataset == name]
        rates[f"data:{name}"] = _refused(answers, labels, rules)
        everything += [not accepted(raw, rules) for raw in answers]
    families = negatives(records, each, seed=101)
    families.update(from_folder(folder) if folder else {})
    for name, images in families.items():
        answers = observe_images(vision, images)
        rates[name] = _refused(answers, labels, rules)
        everything += [not accepted(raw, rules) for raw in answers]
    inside = [o for o in observations if o.record.plane in labels.planes]
    labour = [o.raw for o in observations if o.record.plane == "intrapartum"]
    false = [not accepted(o.raw, rules) for o in inside]
    scope = [rules.scope_platt(o.raw.scope) < rules.scope for o in inside]
    return {
        "out_of_scope_recall": float(np.mean(everything)),
        "out_of_scope_measured": sum(int(row["measured"]) for row in rates.values()),
        "out_of_scope_recall_by_family": rates,
        "false_refusals": float(np.mean(false)) if false else float("nan"),
        "false_refusals_scope": float(np.mean(scope)) if scope else float("nan"),
        "intrapartum_n": len(labour),
        "intrapartum_measured_as_head": sum(measured(r, labels, rules) == "head" for r in labour)
        if labour
        else None,
    }


def measured(raw: RawReading, labels: Labels, rules: Thresholds) -> str:
    """The plane in which a release would measure an image, or nothing."""
    plane = labels.planes[int(np.argmax(raw.plane))]
    return plane if plane in MEASURED_PLANES and accepted(raw, rules) else ""


def _refused(answers: list[RawReading], labels: Labels, rules: Thresholds) -> dict[str, float]:
    return {
        "recall": float(np.mean([not accepted(raw, rules) for raw in answers])),
        "measured": sum(bool(measured(raw, labels, rules)) for raw in answers),
        "n": len(answers),
    }


def dense_figures(
    vision: DenseModel,
    labels: Labels,
    rules: Thresholds,
    records: list[Record],
    *,
    each: int = 20,
    folder: Path | None = None,
    progress: Progress = lambda _: None,
) -> tuple[dict[str, Any], list[Observation]]:
    """All dense figures of a release on records, and the observations for plots."""
    started = time.perf_counter()
    observations = list(observe(vision, records))
    seconds = (time.perf_counter() - started) / max(1, len(records))
    progress(f"{len(records)} images read, {seconds:.3f} s each")
    result = figures(observations, labels, rules)
    known = [r for r in records if r.plane]
    hidden = plane_answers(list(observe(vision, known, hide_source, seed=17)), labels, rules)
    result["plane_accuracy_blind"] = accuracy(hidden)
    result["plane_accuracy_blind_interval"] = bootstrap(hidden, [a.group for a in hidden], accuracy)
    progress("planes with a hidden source read")
    result.update(
        refusal_figures(vision, rules, labels, observations, known or records, each, folder)
    )
    result["seconds_per_image"] = {"dense": seconds}
    result["n"] = len(records)
    return result, observations
