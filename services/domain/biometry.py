"""Gestational age by measurements and by the last menstrual period, and growth. Formulae refuse outside
their range.

Sources: Hadlock, Radiology 1984;152:497-501, and 1992;182:501 (CRL) · INTERGROWTH-21st: Papageorghiou,
UOG 2016;48:719 (dating), Lancet 2014;384:869 (HC centiles), Stirnemann, UOG 2017;49:478 (weight).
"""

from __future__ import annotations

import math
from datetime import date
from statistics import NormalDist
from typing import Final

from services.domain.dicom.values import LAST_MENSTRUAL_DATE, STUDY_DATE, Attributes, first_date
from services.domain.report import Centile, Dating

HADLOCK_HC = "Hadlock 1984 (HC)"
HADLOCK_BPD = "Hadlock 1984 (BPD)"
HADLOCK_CRL = "Hadlock 1992 (CRL)"
INTERGROWTH_HC = "INTERGROWTH-21st 2016 (HC)"
INTERGROWTH_HC_CHART = "INTERGROWTH-21st 2014 (HC)"

# No pregnancy lasts longer: a period that lies further back is a slip, or of another pregnancy.
LONGEST_PREGNANCY_DAYS: Final = 45 * 7
# Two standard deviations in weeks, by HC up to and including the key in mm (Hadlock 1984, table 4).
_HADLOCK_HC_2SD = ((144.0, 1.19), (219.0, 1.48), (280.0, 2.06), (325.0, 2.98), (360.0, 3.2))


def weeks_and_days(days: float) -> str:
    """``143.4`` days become ``20w 3d``: whole days, rounded to the nearest."""
    whole = round(days)
    return f"{whole // 7}w {whole % 7}d"


def hadlock_weeks(
    *,
    bpd: float | None = None,
    hc: float | None = None,
    ac: float | None = None,
    fl: float | None = None,
) -> float:
    """Gestational age in weeks from **one** measurement in mm, or from all four.

    Raises:
        ValueError: neither one nor all four were given.
    """
    b, h, a, f = (None if v is None else v / 10 for v in (bpd, hc, ac, fl))
    if b is not None and h is not None and a is not None and f is not None:
        return 10.85 + 0.060 * h * f + 0.6700 * b + 0.1680 * a
    given = [v for v in (b, h, a, f) if v is not None]
    if len(given) != 1:
        raise ValueError("give one measurement, or all four")
    if b is not None:
        return 9.54 + 1.482 * b + 0.1676 * b**2
    if h is not None:
        return 8.96 + 0.540 * h + 0.0003 * h**3
    if a is not None:
        return 8.14 + 0.753 * a + 0.0036 * a**2
    assert f is not None
    return 10.35 + 2.460 * f + 0.170 * f**2


def hadlock_hc(hc_mm: float) -> Dating | None:
    """Dating by HC with ±2 SD; None outside 68 to 360 mm."""
    if not 68 <= hc_mm <= 360:
        return None
    weeks = hadlock_weeks(hc=hc_mm)
    two_sd = next(sd for upper, sd in _HADLOCK_HC_2SD if hc_mm <= upper)
    days = weeks * 7
    return Dating(
        HADLOCK_HC, "HC", days, days - two_sd * 7, days + two_sd * 7, weeks_and_days(days)
    )


def hadlock_crl(crl_mm: float) -> Dating | None:
    """Dating by crown-rump length; None outside 5 to 84 mm, after which the head dates better. The
    interval stays empty: none is given as a closed form."""
    if not 5 <= crl_mm <= 84:
        return None
    c = crl_mm / 10
    weeks = math.exp(
        1.684969 + 0.315646 * c - 0.049306 * c**2 + 0.004057 * c**3 - 0.000120456 * c**4
    )
    days = weeks * 7
    return Dating(HADLOCK_CRL, "CRL", days, None, None, weeks_and_days(days))


def intergrowth_days(hc_mm: float, fl_mm: float | None = None) -> float:
    """Gestational age in days from HC, or from HC and FL, all in mm (UOG 2016;48:719)."""
    ln = math.log(hc_mm)
    if fl_mm is None:
        return math.exp(0.05970 * ln**2 + 6.409e-9 * hc_mm**3 + 3.3258)
    return math.exp(0.03243 * ln**2 + 0.001644 * fl_mm * ln + 3.813)


def intergrowth_hc(hc_mm: float) -> Dating | None:
    """Dating by HC; None where the result leaves 14 to 40 weeks. The paper's interval is not given
    as a closed form, so the interval stays empty rather than invented."""
    if not 68 <= hc_mm <= 360:
        return None
    days = intergrowth_days(hc_mm)
    if not 14 * 7 <= days <= 40 * 7:
        return None
    return Dating(INTERGROWTH_HC, "HC", days, None, None, weeks_and_days(days))


def intergrowth_hc_mean_sd(weeks: float) -> tuple[float, float]:
    """Mean and standard deviation of HC in mm at 14 to 40 exact weeks (Lancet 2014;384:869).

    Raises:
        ValueError: outside the chart.
    """
    if not 14 <= weeks <= 40:
        raise ValueError("the chart holds from 14 to 40 weeks")
    ln = math.log(weeks)
    mean = -28.2849 + 1.69267 * weeks**2 - 0.397485 * weeks**2 * ln
    sd = (
        1.98735 + 0.0136772 * weeks**3 - 0.00726264 * weeks**3 * ln + 0.000976253 * weeks**3 * ln**2
    )
    return mean, sd


def intergrowth_hc_centile(hc_mm: float, ga_days: float) -> Centile | None:
    """Where HC stands at a gestational age known by **other** means (last period, early scan).

    A centile at the age that the same HC gave would be circular: callers must not ask for that.
    None outside the chart.
    """
    weeks = ga_days / 7
    if not 14 <= weeks <= 40:
        return None
    mean, sd = intergrowth_hc_mean_sd(weeks)
    z = (hc_mm - mean) / sd
    return Centile(INTERGROWTH_HC_CHART, "HC", 100 * NormalDist().cdf(z), z, ga_days)


def intergrowth_weight_g(ac_mm: float, hc_mm: float) -> float:
    """Estimated fetal weight in grams from AC and HC in mm (UOG 2017;49:478)."""
    a, h = ac_mm / 1000, hc_mm / 1000
    return math.exp(5.084820 - 54.06633 * a**3 - 95.80076 * a**3 * math.log(a) + 3.136370 * h)


def ellipse_perimeter(semi_a: float, semi_b: float) -> float:
    """Circumference of an ellipse from its semi-axes (Ramanujan 1914, second form); same unit."""
    if semi_a <= 0 or semi_b <= 0:
        return 0.0
    h = ((semi_a - semi_b) / (semi_a + semi_b)) ** 2
    return math.pi * (semi_a + semi_b) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))


def last_period_of(attributes: Attributes, stated: date | None = None) -> date | None:
    """First day of the last period: ``stated`` where a person gave it, else as the study says."""
    return stated or first_date(attributes, LAST_MENSTRUAL_DATE)


def age_by_last_period(attributes: Attributes, stated: date | None = None) -> float | None:
    """Gestational age in days on the day of the study.

    Args:
        attributes: the study's attributes in the DICOM JSON model.
        stated: first day of the last period where a person gave it; it goes before the study's own.

    Returns:
        None when either date is unknown, or the age is not within 1 to 315 days (45 weeks).
    """
    period, seen = last_period_of(attributes, stated), first_date(attributes, STUDY_DATE)
    if period is None or seen is None:
        return None
    days = (seen - period).days
    return float(days) if 0 < days <= LONGEST_PREGNANCY_DAYS else None
