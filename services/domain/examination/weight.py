"""Estimated fetal weight: the best equation that the measures allow, and its centile.

Sources: Hadlock, Am J Obstet Gynecol 1985;151:333 (equations, about ±15 % at two standard deviations);
Hadlock, Radiology 1991;181:129 (weight by age); INTERGROWTH-21st, Stirnemann, UOG 2017;49:478 (equation)
and UOG 2020 (weight by age, 22 to 40 weeks).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from services.domain.biometry import intergrowth_weight_g
from services.domain.examination.charts import HADLOCK
from services.domain.report import Centile

HADLOCK_1985: Final = "Hadlock 1985"
INTERGROWTH_2017: Final = "INTERGROWTH-21st 2017 (AC, HC)"
HADLOCK_1991: Final = "Hadlock 1991 (weight)"
INTERGROWTH_WEIGHT: Final = "INTERGROWTH-21st 2020 (weight)"

_TWO_SD: Final = 0.15  # share of the weight, of either author's equations
_HADLOCK_SD: Final = 0.127  # share of the median, all ages

_Equation = Callable[[Mapping[str, float]], float]

# Measures that an equation needs → log10 of grams from centimetres; the first that can be used is used.
_HADLOCK: Final[tuple[tuple[tuple[str, ...], _Equation], ...]] = (
    (
        ("BPD", "HC", "AC", "FL"),
        lambda cm: (
            1.3596 - 0.00386 * cm["AC"] * cm["FL"] + 0.0064 * cm["HC"]
            + 0.00061 * cm["BPD"] * cm["AC"] + 0.0424 * cm["AC"] + 0.174 * cm["FL"]
        ),
    ),
    (
        ("HC", "AC", "FL"),
        lambda cm: (
            1.326 - 0.00326 * cm["AC"] * cm["FL"] + 0.0107 * cm["HC"]
            + 0.0438 * cm["AC"] + 0.158 * cm["FL"]
        ),
    ),
    (
        ("BPD", "AC", "FL"),
        lambda cm: (
            1.335 - 0.0034 * cm["AC"] * cm["FL"] + 0.0316 * cm["BPD"]
            + 0.0457 * cm["AC"] + 0.1623 * cm["FL"]
        ),
    ),
    (
        ("AC", "FL"),
        lambda cm: (
            1.304 + 0.05281 * cm["AC"] + 0.1938 * cm["FL"] - 0.004 * cm["AC"] * cm["FL"]
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weight:
    """Grams with ±2 SD; ``measures`` are what the equation used."""

    equation: str
    measures: tuple[str, ...]
    grams: float
    low_grams: float
    high_grams: float
    centile: Centile | None = None


def estimate(mm: Mapping[str, float]) -> Weight | None:
    """The weight from measures in mm by the best equation that they allow; None without AC and FL or HC."""
    cm = {name: value / 10 for name, value in mm.items()}
    for measures, equation in _HADLOCK:
        if all(name in cm for name in measures):
            return _weight(f"{HADLOCK_1985} ({', '.join(measures)})", measures, 10 ** equation(cm))
    if "AC" in mm and "HC" in mm:
        return _weight(INTERGROWTH_2017, ("AC", "HC"), intergrowth_weight_g(mm["AC"], mm["HC"]))
    return None


def _weight(equation: str, measures: tuple[str, ...], grams: float) -> Weight:
    return Weight(equation, measures, grams, grams * (1 - _TWO_SD), grams * (1 + _TWO_SD))


def weight_centile(chart: str, grams: float, ga_days: float) -> Centile | None:
    """Where a weight stands at an age known by other means; None outside the chart's ages."""
    weeks = ga_days / 7
    if chart == HADLOCK:
        if not 10 <= weeks <= 40:
            return None
        median = math.exp(0.578 + 0.332 * weeks - 0.00354 * weeks**2)
        name, z = HADLOCK_1991, (grams - median) / (_HADLOCK_SD * median)
    else:
        if not 22 <= weeks <= 40:
            return None
        name, z = INTERGROWTH_WEIGHT, _intergrowth_z(grams, weeks)
    return Centile(name, "EFW", 100 * NormalDist().cdf(z), z, ga_days)


def weight_at(chart: str, weeks: float, z: float) -> float | None:
    """The grams that lie ``z`` standard deviations from the median at exact weeks: one point of a curve
    to draw. None outside the chart's ages."""
    if chart == HADLOCK:
        if not 10 <= weeks <= 40:
            return None
        median = math.exp(0.578 + 0.332 * weeks - 0.00354 * weeks**2)
        return median * (1 + z * _HADLOCK_SD)
    if not 22 <= weeks <= 40:
        return None
    power, middle, spread = _intergrowth_lms(weeks)
    return math.exp(middle * (1 + z * spread * power) ** (1 / power))


def _intergrowth_z(grams: float, weeks: float) -> float:
    power, middle, spread = _intergrowth_lms(weeks)
    z: float = ((math.log(grams) / middle) ** power - 1) / (spread * power)
    return z


def _intergrowth_lms(weeks: float) -> tuple[float, float, float]:
    ln = math.log(weeks)
    power = -4.257629 - 2162.234 / weeks**2 + 0.0002301829 * weeks**3
    middle = 4.956737 + 0.0005019687 * weeks**3 - 0.0001227065 * weeks**3 * ln
    spread = 1e-4 * (-6.997171 + 0.057559 * weeks**3 - 0.01493946 * weeks**3 * ln)
    return power, middle, spread
