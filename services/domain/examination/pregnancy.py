"""Dating of a pregnancy: last period against the earliest scan (ACOG Committee Opinion 700), due date.

The last period holds unless the scan differs by more than the rule allows at the age of the scan; the
earliest acceptable scan wins over later ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

DURATION_DAYS: Final = 280

# Age by last period in days, up to and including → days by which a scan may differ (ACOG 700).
_ALLOWED: Final = ((62, 5), (111, 7), (153, 10), (195, 14))
_ALLOWED_LATE: Final = 21


class Basis(StrEnum):
    """What a pregnancy's dating rests on."""

    LAST_PERIOD = "last_period"
    SCAN = "scan"


@dataclass(frozen=True, slots=True)
class DatingScan:
    """A scan that dates the pregnancy: its day, the age it gave, by which equation."""

    day: date
    ga_days: float
    equation: str

    @property
    def conception_zero(self) -> date:
        """The day on which the pregnancy's age was zero, by this scan."""
        return self.day - timedelta(days=round(self.ga_days))


@dataclass(frozen=True, slots=True)
class PregnancyDating:
    """Which dating holds and why. ``zero`` is the first day of a (given or computed) last period.

    ``scan_day`` is the day of the scan that it rests on: an examination never takes its centiles at an
    age that it gave itself.
    """

    basis: Basis
    zero: date
    due: date
    equation: str
    reason: str  # code: lmp_only, lmp_agrees, scan_only, lmp_differs
    differs_days: int | None = None
    allowed_days: int | None = None
    scan_day: date | None = None

    def age_on(self, day: date) -> int:
        """Gestational age in days."""
        return (day - self.zero).days


def allowed_difference(ga_days: float) -> int:
    """By how many days a scan may differ from the last period, at the age by the last period."""
    return next((allowed for upto, allowed in _ALLOWED if ga_days <= upto), _ALLOWED_LATE)


def date_pregnancy(
    last_period: date | None, scans: tuple[DatingScan, ...]
) -> PregnancyDating | None:
    """The dating that holds, from the last period and all scans; None when neither is known."""
    earliest = min(scans, key=lambda scan: (scan.day, scan.ga_days), default=None)
    if last_period is None:
        if earliest is None:
            return None
        return _by_scan(earliest, "scan_only")
    if earliest is None:
        return _by_last_period(last_period, "lmp_only")
    by_period = (earliest.day - last_period).days
    differs, allowed = round(earliest.ga_days) - by_period, allowed_difference(by_period)
    if abs(differs) > allowed:
        return _by_scan(earliest, "lmp_differs", differs, allowed)
    return _by_last_period(last_period, "lmp_agrees", differs, allowed)


def _by_scan(
    scan: DatingScan, reason: str, differs: int | None = None, allowed: int | None = None
) -> PregnancyDating:
    zero = scan.conception_zero
    due = zero + timedelta(days=DURATION_DAYS)
    return PregnancyDating(Basis.SCAN, zero, due, scan.equation, reason, differs, allowed, scan.day)


def _by_last_period(
    first_day: date, reason: str, differs: int | None = None, allowed: int | None = None
) -> PregnancyDating:
    due = first_day + timedelta(days=DURATION_DAYS)
    return PregnancyDating(Basis.LAST_PERIOD, first_day, due, "", reason, differs, allowed)
