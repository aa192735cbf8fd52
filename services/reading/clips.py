"""Which frames of a clip are measured: the best of each plane, by the model's own glance at every frame.

A frame's worth for its plane is the plane's probability, times that of being in scope, times quality, times
how far the neighbours agree. The phone chooses by the same rules (web/phone/src/reading/clip/bestFrames.ts).
It is a choice of frames and nothing more: no sweep is measured as a whole, and no age is read off one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reading.confidence import Thresholds, softmax

NEIGHBOURS = 2  # frames looked at on either side
LEAST_WORTH = 0.02  # below: the plane was not shown


@dataclass(frozen=True, slots=True)
class Glance:
    """What a small copy of one frame gives: logits of the planes [P], of scope and of quality."""

    plane: NDArray[np.float32]
    scope: float
    quality: float


def best_frames(
    numbers: Sequence[int], glances: Sequence[Glance], rules: Thresholds, limit: int
) -> list[int]:
    """At most ``limit`` of the frame ``numbers``, ascending: the best of each plane that was shown, of
    the surest planes where there are more. Empty where no plane was."""
    if not glances or limit < 1:
        return []
    chances = [softmax(g.plane, rules.plane_temperature) for g in glances]
    best: dict[int, tuple[float, int]] = {}
    for place, glance in enumerate(glances):
        plane = int(chances[place].argmax())
        worth = (
            float(chances[place][plane])
            * rules.scope_platt(glance.scope)
            * rules.quality_platt(glance.quality)
            * _agreement(chances, place, plane)
        )
        if worth >= LEAST_WORTH and worth > best.get(plane, (0.0, 0))[0]:
            best[plane] = (worth, numbers[place])
    surest = sorted(best.values(), key=lambda one: (-one[0], one[1]))[:limit]
    return sorted(number for _, number in surest)


def _agreement(chances: Sequence[NDArray[np.float64]], place: int, plane: int) -> float:
    """0.5 to 1: the mean probability of ``plane`` in the neighbouring frames; 1 where there are none."""
    first, last = max(place - NEIGHBOURS, 0), min(place + NEIGHBOURS, len(chances) - 1)
    around = [float(chances[n][plane]) for n in range(first, last + 1) if n != place]
    return 0.5 + 0.5 * sum(around) / len(around) if around else 1.0
