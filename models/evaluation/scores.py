"""Scores of probabilities: calibration error, balanced accuracy, patient-level bootstrap."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
T = TypeVar("T")


def calibration_error(confidence: Floats, right: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over equal bins."""
    if len(confidence) == 0:
        return float("nan")
    slot = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = 0.0
    for index in range(bins):
        inside = slot == index
        if inside.any():
            gap += float(inside.mean()) * abs(
                float(confidence[inside].mean() - right[inside].mean())
            )
    return gap


def balanced_accuracy(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean recall over the classes that occur."""
    recalls = []
    for label in sorted(set(truth)):
        hits = [f == label for t, f in zip(truth, predicted, strict=True) if t == label]
        recalls.append(float(np.mean(hits)))
    return float(np.mean(recalls)) if recalls else float("nan")


def bootstrap(
    items: Sequence[T],
    groups: Sequence[str],
    score: Callable[[list[T]], float],
    draws: int = 200,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of a score by resampling patients with all their images."""
    members: dict[str, list[T]] = {}
    for item, group in zip(items, groups, strict=True):
        members.setdefault(group, []).append(item)
    keys = list(members)
    if len(keys) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        chosen = rng.integers(0, len(keys), len(keys))
        values.append(score([item for i in chosen for item in members[keys[i]]]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
