"""Confidences that mean something, and when to abstain. Parameters come from the release's manifest.

Fitted on the validation split by ``models.programs.releasing.calibrate``: a temperature for the
plane, Platt scaling
(slope, offset) for each yes-or-no logit, thresholds, and the half-width of HC's 95 % interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBERS = ("plane_temperature", "plane", "subplane_temperature", "subplane", "scope", "quality")


@dataclass(frozen=True, slots=True)
class Platt:
    """probability = sigmoid(slope * logit + offset)."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, logit: float) -> float:
        """The probability, 0 to 1, of a logit."""
        z = self.slope * logit + self.offset
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How a release's outputs become decisions; JSON form is the manifest's ``calibration``."""

    plane_temperature: float = 1.0
    plane: float = 0.5  # below: unknown_plane
    subplane_temperature: float = 1.0
    subplane: float = 0.5  # below: unknown_subplane
    scope_platt: Platt = Platt()
    scope: float = 0.5  # below: out_of_scope
    quality_platt: Platt = Platt()
    quality: float = 0.2  # below: too_poor
    structure_platt: Mapping[str, Platt] = field(default_factory=dict)
    structure: Mapping[str, float] = field(default_factory=dict)  # below: low_confidence
    mask_level: Mapping[str, float] = field(default_factory=dict)  # logit level of the outline
    filling: Mapping[str, float] = field(
        default_factory=dict
    )  # of its own ellipse by an outline; below: low_confidence
    ellipses: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # by plane: structures that are shown as the ellipse that they are measured by
    elongation: Mapping[str, float] = field(
        default_factory=dict
    )  # long by short axis; below: no angle
    hc_interval: tuple[float, float] | None = None  # half-width = first mm + second * HC
    intervals: Mapping[str, tuple[float, float]] = field(
        default_factory=dict
    )  # the same, by measure

    def probability(self, label: str, logit: float) -> float:
        """Calibrated probability that a structure is there."""
        return self.structure_platt.get(label, Platt())(logit)

    def threshold(self, label: str) -> float:
        """The probability below which a structure is not shown."""
        return self.structure.get(label, 0.5)

    def interval(self, name: str) -> tuple[float, float] | None:
        """(a, b) of the half-width a + b * value, mm or degrees, of a measure's 95 % interval; None: not
        fitted."""
        return self.intervals.get(name) or (self.hc_interval if name == "HC" else None)

    def is_ellipse(self, plane: str | None, label: str) -> bool:
        """Whether a structure is shown as the ellipse with its outline's moments."""
        return label in self.ellipses.get(plane or "", ())

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Thresholds:
        """Unknown keys are ignored; a missing one keeps its default."""
        values: dict[str, Any] = {}
        for name in _NUMBERS:
            if name in data:
                values[name] = float(data[name])
        for name in ("scope_platt", "quality_platt"):
            if name in data:
                values[name] = Platt(*data[name])
        for name in ("structure", "mask_level", "filling", "elongation"):
            values[name] = {k: float(v) for k, v in data.get(name, {}).items()}
        values["ellipses"] = {
            str(k): tuple(map(str, v)) for k, v in data.get("ellipses", {}).items()
        }
        values["structure_platt"] = {
            k: Platt(*v) for k, v in data.get("structure_platt", {}).items()
        }
        if data.get("hc_interval"):
            values["hc_interval"] = (float(data["hc_interval"][0]), float(data["hc_interval"][1]))
        values["intervals"] = {
            str(k): (float(v[0]), float(v[1])) for k, v in data.get("intervals", {}).items()
        }
        return cls(**values)


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Probabilities of logits [P], float64, that sum to 1."""
    z = logits.astype(np.float64) / temperature
    e = np.exp(z - z.max())
    return np.asarray(e / e.sum())
