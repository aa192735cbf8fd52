"""CRL and NT between the two ends that a release of words marks.

Millimetres come from what the image says of its scale. Where it says nothing at all, they come from the scale
bar in the picture, if the model marked both of its ends and the release says how long such a bar is: its
source is then ``SCALE_BAR_READ``, for the bar was found by the model and not by a person.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from services.domain.calibration import SCALE_BAR_READ, Calibration, PixelSize
from services.domain.report import Keypoint, Measurement
from services.reading.confidence import Thresholds

Ends = tuple[tuple[float, float], tuple[float, float]]
METHOD: Final = "line between the two ends that the model marked"
LENGTHS: Final = {"CRL": ("crl_a", "crl_b"), "NT": ("nt_a", "nt_b")}
SCALE_BAR: Final = ("scale_a", "scale_b")
# Ends are whole thousandths of the sides: a bar shorter than this share of them says too little.
SHORTEST_BAR: Final = 0.03


def measure_lengths(
    keypoints: Sequence[Keypoint],
    size: tuple[int, int],
    calibration: Calibration,
    rules: Thresholds,
    bar_mm: float | None,
) -> tuple[Measurement, ...]:
    """A length for each pair of ends that are both certain enough, in a frame of ``size`` (width, height) in
    pixels; ``bar_mm`` is how long the release's scale bars are, None where nobody said."""
    sure = {k.label: (k.x, k.y) for k in keypoints if k.confidence >= rules.threshold(k.label)}
    lengths = []
    for name, pair in LENGTHS.items():
        ends = _ends(sure, pair)
        if ends is None:
            continue
        scale = calibration.for_points(list(ends)) or by_scale_bar(sure, size, calibration, bar_mm)
        px = math.dist(*ends)
        if scale is None:
            lengths.append(Measurement(name, round(px, 2), method=METHOD, points=ends))
            continue
        (ax, ay), (bx, by) = ends
        mm = round(math.hypot((bx - ax) * scale.mm_x, (by - ay) * scale.mm_y), 1)
        low, high = _interval(name, mm, rules)
        lengths.append(Measurement(name, round(px, 2), mm, low, high, scale.source, METHOD, ends))
    return tuple(lengths)


def by_scale_bar(
    sure: Mapping[str, tuple[float, float]],
    size: tuple[int, int],
    calibration: Calibration,
    bar_mm: float | None,
) -> PixelSize | None:
    """Square pixels by the bar between the ends ``sure`` holds; None where its length is not known, where it
    is too short to say, and where the image has a scale of its own that does not hold here."""
    bar = _ends(sure, SCALE_BAR)
    if bar is None or bar_mm is None or calibration.regions or calibration.spacing is not None:
        return None
    (ax, ay), (bx, by) = bar
    if math.hypot((bx - ax) / size[0], (by - ay) / size[1]) < SHORTEST_BAR:
        return None
    mm = bar_mm / math.dist(*bar)
    return PixelSize(mm, mm, SCALE_BAR_READ)


def _ends(sure: Mapping[str, tuple[float, float]], pair: tuple[str, str]) -> Ends | None:
    first, second = sure.get(pair[0]), sure.get(pair[1])
    return None if first is None or second is None or first == second else (first, second)


def _interval(name: str, mm: float, rules: Thresholds) -> tuple[float | None, float | None]:
    interval = rules.interval(name)
    if interval is None:
        return None, None
    half = interval[0] + interval[1] * mm
    return round(max(mm - half, 0.0), 1), round(mm + half, 1)
