"""Fetal size by gestational age: mean and standard deviation of each measure.

Sources: INTERGROWTH-21st, Papageorghiou, Lancet 2014;384:869 (14 to 40 weeks, mm); Hadlock, Radiology
1984;152:497 (HC by its dating equation and two standard deviations; BPD, AC and FL by the footnotes of
its table III, 14 to 42 weeks: predicted sizes and one standard deviation).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from services.domain.biometry import hadlock_hc, intergrowth_hc_mean_sd
from services.domain.report import Centile

INTERGROWTH: Final = "INTERGROWTH-21st"
HADLOCK: Final = "Hadlock"
CHARTS: Final = (INTERGROWTH, HADLOCK)
INTERGROWTH_SIZE: Final = "INTERGROWTH-21st 2014"
HADLOCK_SIZE: Final = "Hadlock 1984"

_WEEKS: Final = {INTERGROWTH: (14.0, 40.0), HADLOCK: (14.0, 42.0)}


@dataclass(frozen=True, slots=True)
class SizeChart:
    """Mean and standard deviation of one measure in mm, at exact weeks."""

    mean: Callable[[float], float]
    sd: Callable[[float], float]


def _bpd_sd(w: float) -> float:
    ln = math.log(w)
    return math.exp(
        0.101242 + 0.00150557 * w**3 - 0.000771535 * w**3 * ln + 0.0000999638 * w**3 * ln**2
    )


def _ofd_sd(w: float) -> float:
    ln = math.log(w)
    return math.exp(
        -0.880034 + 0.0631165 * w**2 - 0.0317136 * w**2 * ln + 0.00408302 * w**2 * ln**2
    )


def _ac_sd(w: float) -> float:
    return -4.36302 + 0.121445 * w**2 - 0.0130256 * w**3 + 0.00282143 * w**3 * math.log(w)


INTERGROWTH_SIZES: Final[dict[str, SizeChart]] = {
    "HC": SizeChart(
        lambda w: intergrowth_hc_mean_sd(w)[0],
        lambda w: intergrowth_hc_mean_sd(w)[1],
    ),
    "BPD": SizeChart(lambda w: 5.60878 + 0.158369 * w**2 - 0.00256379 * w**3, _bpd_sd),
    "OFD": SizeChart(lambda w: -12.4097 + 0.626342 * w**2 - 0.148075 * w**2 * math.log(w), _ofd_sd),
    "AC": SizeChart(lambda w: -81.3243 + 11.6772 * w - 0.000561865 * w**3, _ac_sd),
    "FL": SizeChart(
        lambda w: -39.9616 + 4.32298 * w - 0.0380156 * w**2,
        lambda w: math.exp(0.605843 - 42.0014 / w**2 + 0.00000917972 * w**3),
    ),
}

HADLOCK_SIZES: Final[dict[str, SizeChart]] = {
    "BPD": SizeChart(lambda w: -30.8 + 4.1 * w - 0.00061 * w**3, lambda _: 3.0),
    "AC": SizeChart(lambda w: -133.0 + 16.1 * w - 0.0998 * w**2, lambda _: 13.4),
    "FL": SizeChart(lambda w: -39.1 + 4.27 * w - 0.034 * w**2, lambda _: 3.0),
}
_SIZES: Final = {
    INTERGROWTH: (INTERGROWTH_SIZE, INTERGROWTH_SIZES),
    HADLOCK: (HADLOCK_SIZE, HADLOCK_SIZES),
}


def size_centile(chart: str, measure: str, mm: float, ga_days: float) -> Centile | None:
    """Where a size stands at an age that is known by other means.

    Args:
        chart: ``INTERGROWTH-21st`` or ``Hadlock``.
        measure: HC, BPD, OFD, AC or FL.
        mm: the size.
        ga_days: gestational age; the caller sees to it that it does not come from this measure.

    Returns:
        None where the chart does not hold the measure or the age.
    """
    if chart == HADLOCK and measure == "HC":
        return _hadlock_hc_centile(mm, ga_days)
    name, _ = _SIZES[chart]
    weeks = ga_days / 7
    if (curve := _curve(chart, measure, weeks)) is None:
        return None
    z = (mm - curve.mean(weeks)) / curve.sd(weeks)
    return Centile(f"{name} ({measure})", measure, 100 * NormalDist().cdf(z), z, ga_days)


def size_at(chart: str, measure: str, weeks: float, z: float) -> float | None:
    """The size in mm that lies ``z`` standard deviations from the mean at exact weeks: one point of a
    curve to draw. None where the chart does not hold the measure or the age.

    Hadlock's HC is its dating equation read backwards.
    """
    if chart == HADLOCK and measure == "HC":
        return _hadlock_hc_at(weeks, z)
    curve = _curve(chart, measure, weeks)
    return None if curve is None else curve.mean(weeks) + z * curve.sd(weeks)


def _curve(chart: str, measure: str, weeks: float) -> SizeChart | None:
    """The curve of a measure; None where the chart does not hold it, or not at that age."""
    first, last = _WEEKS[chart]
    return _SIZES[chart][1].get(measure) if first <= weeks <= last else None


def _hadlock_hc_at(weeks: float, z: float) -> float | None:
    """The HC whose own z at this age is ``z``, by bisection: z grows with the size."""
    low, high = 68.0, 360.0
    ends = [_hadlock_hc_centile(mm, weeks * 7) for mm in (low, high)]
    if ends[0] is None or ends[1] is None or not ends[0].z <= z <= ends[1].z:
        return None
    for _ in range(40):
        middle = (low + high) / 2
        centile = _hadlock_hc_centile(middle, weeks * 7)
        if centile is not None and centile.z < z:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _hadlock_hc_centile(mm: float, ga_days: float) -> Centile | None:
    """Hadlock gives the spread of ages at a size: z is the age's distance in its deviations."""
    dating = hadlock_hc(mm)
    if dating is None or dating.high_days is None:
        return None
    z = (dating.days - ga_days) / ((dating.high_days - dating.days) / 2)
    return Centile(f"{HADLOCK_SIZE} (HC)", "HC", 100 * NormalDist().cdf(z), z, ga_days)
