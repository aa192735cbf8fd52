"""Two readings of one thing: where they differ, and how well readers agree.

Kappa: Cohen, Educ Psychol Meas 1960;20:37 (weighted: Psychol Bull 1968;70:213). Dice, Ecology
1945;26:297, here between polygons, by exact lengths on the centre line of each pixel row.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import fmean

from services.domain.report import FrameReading, Measurement, Report

Polygon = Sequence[tuple[float, float]]
# Without an interval of the release's own, HCs that differ by less than this share are the same.
SAME_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """``what``: plane, structure:<label>, HC or scope. Values are words or numbers, or None."""

    what: str
    phone: str | float | None
    hub: str | float | None


def disagreements(phone: Report, hub: Report) -> tuple[Difference, ...]:
    """What the two readings of one study say differently. Empty: they agree.

    Frames are compared one by one where both read the same; else the frames that speak for the study.
    """
    differences: dict[str, Difference] = {}
    for one, other in _pairs(phone, hub):
        for difference in _of_frames(one, other):
            differences.setdefault(difference.what, difference)
    return tuple(differences.values())


def _pairs(phone: Report, hub: Report) -> list[tuple[FrameReading | None, FrameReading | None]]:
    theirs = {(f.sop_uid, f.frame): f for f in hub.frames}
    same = [(f, theirs[f.sop_uid, f.frame]) for f in phone.frames if (f.sop_uid, f.frame) in theirs]
    return list(same) if same else [(phone.best, hub.best)]


def _of_frames(phone: FrameReading | None, hub: FrameReading | None) -> list[Difference]:
    words = [f.plane.label if f is not None and f.plane else None for f in (phone, hub)]
    if words[0] != words[1]:
        # Of different planes there is nothing else to compare.
        return [Difference("plane", *words)]
    if phone is None or hub is None:
        return []
    mine, theirs = ({s.label for s in f.structures} for f in (phone, hub))
    differences = [
        Difference(
            f"structure:{label}",
            "found" if label in mine else "not found",
            "found" if label in theirs else "not found",
        )
        for label in sorted(mine ^ theirs)
    ]
    sizes = [next((m for m in f.measurements if m.name == "HC"), None) for f in (phone, hub)]
    if sizes[0] is not None and sizes[1] is not None and _beyond(sizes[0], sizes[1]):
        values = [m.mm if m.mm is not None else m.px for m in sizes if m is not None]
        differences.append(Difference("HC", values[0], values[1]))
    return differences


def _beyond(phone: Measurement, hub: Measurement) -> bool:
    """Whether HC lies outside the other's interval; in pixels when one is not calibrated."""
    if phone.mm is None or hub.mm is None:
        return abs(phone.px - hub.px) > SAME_SHARE * max(phone.px, hub.px)
    if hub.mm_low is not None and hub.mm_high is not None:
        return not hub.mm_low <= phone.mm <= hub.mm_high
    return abs(phone.mm - hub.mm) > SAME_SHARE * max(phone.mm, hub.mm)


@dataclass(frozen=True, slots=True)
class Kappa:
    """``value`` is None when chance alone would agree always (one category only)."""

    value: float | None
    observed: float
    n: int


def kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], *, ordered: Sequence[Hashable] = ()
) -> Kappa | None:
    """Cohen's kappa of two readers' answers, in the same order; None without any.

    ``ordered`` names the categories of a scale from low to high: then disagreement counts by its
    distance (linear weights).

    Raises:
        ValueError: the sequences have different lengths.
    """
    n = len(first)
    if n != len(second):
        raise ValueError("both readers must have answered the same questions")
    if n == 0:
        return None
    categories = list(ordered) or sorted({*first, *second}, key=repr)
    rank = {category: place for place, category in enumerate(categories)}
    top = max(len(categories) - 1, 1)

    def weight(a: int, b: int) -> float:
        return abs(a - b) / top if ordered else float(a != b)

    pairs = [(rank[a], rank[b]) for a, b in zip(first, second, strict=True)]
    observed = fmean(weight(a, b) for a, b in pairs)
    mine, theirs = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    expected = sum(weight(a, b) * mine[a] * theirs[b] for a in mine for b in theirs) / (n * n)
    value = None if expected == 0 else 1 - observed / expected
    return Kappa(value, 1 - observed, n)


def dice(first: Polygon, second: Polygon) -> float:
    """Overlap of two polygons in pixels, 0 to 1; 1 when both are empty."""
    both = 0.0
    sizes = [0.0, 0.0]
    ys = [y for _, y in (*first, *second)]
    for row in range(math.floor(min(ys, default=0.0)), math.ceil(max(ys, default=0.0))):
        spans = [_spans(polygon, row + 0.5) for polygon in (first, second)]
        for place, runs in enumerate(spans):
            sizes[place] += sum(b - a for a, b in runs)
        both += sum(max(0.0, min(b, d) - max(a, c)) for a, b in spans[0] for c, d in spans[1])
    total = sum(sizes)
    return 2 * both / total if total > 0 else 1.0


def _spans(polygon: Polygon, y: float) -> list[tuple[float, float]]:
    """Where the line at ``y`` runs inside the polygon (even-odd rule)."""
    crossings = []
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        if (y0 <= y) != (y1 <= y):
            crossings.append(x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    crossings.sort()
    return list(zip(crossings[::2], crossings[1::2], strict=True))


def box_dice(
    first: tuple[float, float, float, float], second: tuple[float, float, float, float]
) -> float:
    """The same for boxes (x0, y0, x1, y1)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    total = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second))
    return 2 * max(width, 0.0) * max(height, 0.0) / total if total > 0 else 1.0
