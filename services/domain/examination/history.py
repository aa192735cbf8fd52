"""The examinations of one pregnancy beside each other: which belong to it, and how they date it.

A pregnancy is dated by the newest last period that anybody stated (a person, or a study's header) and by
the scans of all its examinations (``pregnancy.date_pregnancy``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from services.domain.biometry import LONGEST_PREGNANCY_DAYS
from services.domain.examination.fetuses import Fetuses
from services.domain.examination.pregnancy import DatingScan, PregnancyDating, date_pregnancy
from services.domain.examination.summary import PastExamination, by_scan, summarise
from services.domain.report import FrameReading

JOIN_DAYS: Final = 300  # between examinations of one pregnancy
_MOST_AGE_DAYS: Final = 308

_ONE: Final = Fetuses()

Chosen = Mapping[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Biometry:
    """What one examination measured: mm by measure, grams, and the age that it gives by itself.

    Of several fetuses all of this stands in ``fetuses`` by letter: together they date nothing.
    """

    mm: Mapping[str, float] = field(default_factory=dict)
    grams: float | None = None
    ga_days: float | None = None
    equation: str = ""
    fetuses: Mapping[str, Biometry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatedPeriod:
    """First day of a last period, when it was stated, and by whom: a subject, empty for a study's header."""

    at: datetime
    first_day: date
    author: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One examination as the dating of its pregnancy needs it."""

    day: date | None
    periods: tuple[StatedPeriod, ...] = ()
    biometry: Biometry = field(default_factory=Biometry)


def measured(
    frames: Sequence[FrameReading], chosen: Chosen | None = None, fetuses: Fetuses = _ONE
) -> Biometry:
    """The values that count in an examination, from its frames and the images that people chose."""
    if fetuses.letters:
        of_each = {one: measured(fetuses.frames_of(one, frames), chosen) for one in fetuses.letters}
        return Biometry(fetuses=of_each)
    summary = summarise(frames, day=None, chosen=chosen)
    scan = by_scan(summary.measures, summary.composite)
    return Biometry(
        {one.measure: one.mm for one in summary.measures},
        summary.weight.grams if summary.weight is not None else None,
        scan.days if scan is not None else None,
        scan.equation if scan is not None else "",
    )


def biometry_of(values: Mapping[str, Any]) -> Biometry:
    """From its JSON."""
    of_each = {name: biometry_of(one) for name, one in (values.get("fetuses") or {}).items()}
    return Biometry(**{**values, "fetuses": of_each})


def chosen_images(entered: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Measure → (SOP Instance UID, frame) that a person chose, from facts."""
    chosen = entered.get("chosen") or {}
    return {name: (one["sop_uid"], int(one["frame"])) for name, one in chosen.items()}


def last_period(visits: Sequence[Visit]) -> date | None:
    """First day of the one that holds (``stated_period``)."""
    stated = stated_period(visits)
    return stated.first_day if stated is not None else None


def stated_period(visits: Sequence[Visit]) -> StatedPeriod | None:
    """The one stated last that lies within a pregnancy's length before the examinations."""
    days = [visit.day for visit in visits if visit.day is not None]
    stated = [
        one
        for visit in visits
        for one in visit.periods
        if not days or _can_be(one.first_day, min(days), max(days))
    ]
    return max(stated, key=lambda one: one.at, default=None)


def _can_be(first_day: date, earliest: date, latest: date) -> bool:
    return first_day < latest and (earliest - first_day).days <= LONGEST_PREGNANCY_DAYS


def date_visits(visits: Sequence[Visit]) -> PregnancyDating | None:
    """The dating of the pregnancy that these examinations belong to; None when nothing dates it."""
    scans = tuple(
        DatingScan(visit.day, visit.biometry.ga_days, visit.biometry.equation)
        for visit in visits
        if visit.day is not None and visit.biometry.ga_days is not None
    )
    return date_pregnancy(last_period(visits), scans)


def belongs(day: date, visits: Sequence[Visit]) -> bool:
    """Whether an examination of this day can be of the pregnancy that the others belong to."""
    days = [visit.day for visit in visits if visit.day is not None]
    if not days or any(abs((day - other).days) > JOIN_DAYS for other in days):
        return False
    dating = date_visits(visits)
    return dating is None or 0 <= dating.age_on(day) <= _MOST_AGE_DAYS


def past(visit: Visit, fetus: str = "") -> PastExamination | None:
    """The examination as growth is reckoned from, of one ``fetus`` of several; None without a day."""
    if visit.day is None:
        return None
    biometry = visit.biometry.fetuses.get(fetus, Biometry()) if fetus else visit.biometry
    return PastExamination(visit.day, biometry.mm, biometry.grams)
