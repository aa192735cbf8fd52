"""The summary of an examination: one pure function of its frames, what people chose, and the past.

For each measure all accepted candidates and the value that counts; age, centile, weight, ratios, agreement
with the pregnancy's dating, growth since the examination before. What no image shows and no person entered
is not assessed. No centile is ever taken at an age that the same measure gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from statistics import mean
from typing import Final

from services.domain import biometry
from services.domain.examination.charts import INTERGROWTH, size_centile
from services.domain.examination.pregnancy import PregnancyDating
from services.domain.examination.weight import Weight, estimate, weight_centile
from services.domain.report import Centile, Dating, FrameReading, Measurement

MEASURES: Final = ("BPD", "HC", "OFD", "AC", "FL", "CRL", "NT")
MOST_IMAGES: Final = 3  # the value that counts is the mean of up to so many
SUFFICIENT_QUALITY: Final = 0.5
_COMPOSITE: Final = ("BPD", "HC", "AC", "FL")
_DRAWN: Final = "drawn by a person"  # how the method of a measurement on such an outline ends


@dataclass(frozen=True, slots=True)
class Candidate:
    """One accepted value of a measure, in mm, with the frame that it was taken on."""

    measure: str
    mm: float
    mm_low: float | None
    mm_high: float | None
    series_uid: str
    sop_uid: str
    frame: int
    quality: float
    by_person: bool
    calibration: str


@dataclass(frozen=True, slots=True)
class MeasureSummary:
    """A measure over all images: the candidates, those that count, and what follows from them."""

    measure: str
    mm: float
    mm_low: float | None
    mm_high: float | None
    counted: tuple[Candidate, ...]
    candidates: tuple[Candidate, ...]
    dating: Dating | None = None
    centile: Centile | None = None


@dataclass(frozen=True, slots=True)
class PastExamination:
    """What an earlier examination of the same pregnancy found: mm by measure, weight in grams."""

    day: date
    mm: Mapping[str, float]
    grams: float | None = None


@dataclass(frozen=True, slots=True)
class Growth:
    """What a measure grew since the examination before; ``per_week`` in mm (weight: grams)."""

    measure: str
    before: float
    now: float
    days: int
    per_week: float


@dataclass(frozen=True, slots=True)
class ExaminationSummary:
    """One examination. ``discordance_days`` is age by scan less age by the pregnancy's dating.

    Where the pregnancy has several fetuses this is of one of them, or, without any measure, of all
    together: ``several`` then, with the values of which nobody has said whose they are in ``unassigned``.
    """

    day: date | None
    ga_days: int | None
    dating: PregnancyDating | None
    chart: str
    measures: tuple[MeasureSummary, ...]
    not_assessed: tuple[str, ...]
    composite: Dating | None = None
    discordance_days: int | None = None
    weight: Weight | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    growth: tuple[Growth, ...] = ()
    several: bool = False
    unassigned: tuple[Candidate, ...] = ()

    def of(self, measure: str) -> MeasureSummary | None:
        """The summary of one measure; None where it was not assessed."""
        return next((one for one in self.measures if one.measure == measure), None)


def summarise(
    frames: Sequence[FrameReading],
    *,
    day: date | None,
    dating: PregnancyDating | None = None,
    past: Sequence[PastExamination] = (),
    chart: str = INTERGROWTH,
    chosen: Mapping[str, tuple[str, int]] | None = None,
) -> ExaminationSummary:
    """The summary of one examination.

    Args:
        frames: the readings of all its frames, people's corrections in them.
        day: the day of the examination.
        dating: the pregnancy's dating, where it is known; centiles are taken at its age alone.
        past: earlier examinations of this pregnancy, any order.
        chart: the chart of sizes and weight.
        chosen: measure → (SOP Instance UID, frame) where a person chose the image that counts.
    """
    ga_days = dating.age_on(day) if dating is not None and day is not None else None
    # An age that rests on this very examination places nothing that it was taken from.
    placing = None if dating is not None and dating.scan_day == day else ga_days
    candidates = [candidate for frame in frames for candidate in accepted(frame)]
    measures = []
    for name in MEASURES:
        mine = tuple(one for one in candidates if one.measure == name)
        if mine:
            summary = _measure(name, mine, (chosen or {}).get(name))
            measures.append(_placed(summary, chart, placing))
    mm = {one.measure: one.mm for one in measures}
    composite, weight = _composite(measures), _weight(mm, chart, placing)
    return ExaminationSummary(
        day=day,
        ga_days=ga_days,
        dating=dating,
        chart=chart,
        measures=tuple(measures),
        not_assessed=tuple(name for name in MEASURES if name not in mm),
        composite=composite,
        discordance_days=_discordance(measures, composite, placing),
        weight=weight,
        ratios=_ratios(mm),
        growth=_growth(mm, weight, day, past),
    )


def accepted(frame: FrameReading) -> list[Candidate]:
    """Values in mm of a frame that is in scope, and whatever a person measured."""
    return [
        Candidate(
            one.name, one.mm, one.mm_low, one.mm_high, frame.series_uid, frame.sop_uid, frame.frame,
            frame.quality, _by_person(one), one.calibration,
        )
        for one in frame.measurements
        if one.name in MEASURES and one.mm is not None and (frame.in_scope or _by_person(one))
    ]  # fmt: skip


def _by_person(measurement: Measurement) -> bool:
    """Calipers that a person set, or an outline that a person drew or pulled."""
    return measurement.method.startswith("caliper") or measurement.method.endswith(_DRAWN)


def _measure(
    name: str, candidates: tuple[Candidate, ...], chosen: tuple[str, int] | None
) -> MeasureSummary:
    """A person's choice counts alone; else what people measured; else the best images of the model."""
    picked = [one for one in candidates if chosen == (one.sop_uid, one.frame)]
    if not picked:
        by_people = [one for one in candidates if one.by_person]
        sufficient = [one for one in candidates if one.quality >= SUFFICIENT_QUALITY]
        picked = by_people or sufficient or list(candidates)
        picked = sorted(picked, key=lambda one: (-one.quality, one.sop_uid, one.frame))[
            :MOST_IMAGES
        ]
    known = all(one.mm_low is not None and one.mm_high is not None for one in picked)
    return MeasureSummary(
        name,
        mean(one.mm for one in picked),
        mean(one.mm_low for one in picked if one.mm_low is not None) if known else None,
        mean(one.mm_high for one in picked if one.mm_high is not None) if known else None,
        tuple(picked),
        candidates,
    )


def _placed(summary: MeasureSummary, chart: str, ga_days: int | None) -> MeasureSummary:
    """With the age that it gives, and the centile at the pregnancy's own age."""
    centile = None
    if ga_days is not None:
        centile = size_centile(chart, summary.measure, summary.mm, float(ga_days))
    return replace(summary, dating=date_by(summary.measure, summary.mm), centile=centile)


def date_by(measure: str, mm: float) -> Dating | None:
    """Age by one measure (Hadlock 1984, CRL 1992); None where no equation holds, or outside its range."""
    if measure == "HC":
        return biometry.hadlock_hc(mm)
    if measure == "CRL":
        return biometry.hadlock_crl(mm)
    weeks = {
        "BPD": lambda: biometry.hadlock_weeks(bpd=mm) if 17 <= mm <= 100 else None,
        "AC": lambda: biometry.hadlock_weeks(ac=mm) if 50 <= mm <= 380 else None,
        "FL": lambda: biometry.hadlock_weeks(fl=mm) if 7 <= mm <= 80 else None,
    }.get(measure, lambda: None)()
    if weeks is None or not 12 <= weeks <= 42:
        return None
    days = weeks * 7
    equation = f"Hadlock 1984 ({measure})"
    return Dating(equation, measure, days, None, None, biometry.weeks_and_days(days))


def _composite(measures: Sequence[MeasureSummary]) -> Dating | None:
    """Age by all four measures together (Hadlock 1984); None outside the range of any one of them."""
    mm = {one.measure: one.mm for one in measures if one.dating is not None}
    if not all(name in mm for name in _COMPOSITE):
        return None
    days = 7 * biometry.hadlock_weeks(bpd=mm["BPD"], hc=mm["HC"], ac=mm["AC"], fl=mm["FL"])
    text = biometry.weeks_and_days(days)
    return Dating("Hadlock 1984 (BPD, HC, AC, FL)", "BPD, HC, AC, FL", days, None, None, text)


def by_scan(measures: Sequence[MeasureSummary], composite: Dating | None) -> Dating | None:
    """The age that an examination gives by itself: by CRL, else by all four measures, else by the head."""
    ages = {one.measure: one.dating for one in measures}
    return ages.get("CRL") or composite or ages.get("HC")


def _discordance(
    measures: Sequence[MeasureSummary], composite: Dating | None, ga_days: int | None
) -> int | None:
    """Age by scan less the pregnancy's age, in days."""
    scan = by_scan(measures, composite)
    if scan is None or ga_days is None:
        return None
    return round(scan.days) - ga_days


def _weight(mm: Mapping[str, float], chart: str, ga_days: int | None) -> Weight | None:
    weight = estimate(mm)
    if weight is None or ga_days is None:
        return weight
    return replace(weight, centile=weight_centile(chart, weight.grams, float(ga_days)))


def _ratios(mm: Mapping[str, float]) -> dict[str, float]:
    """HC/AC, FL/AC, FL/BPD and the cephalic index (BPD/OFD), in percent where that is the custom."""
    pairs = {
        "HC/AC": ("HC", "AC", 1.0),
        "FL/AC": ("FL", "AC", 100.0),
        "FL/BPD": ("FL", "BPD", 100.0),
        "CI": ("BPD", "OFD", 100.0),
    }
    return {
        name: factor * mm[over] / mm[under]
        for name, (over, under, factor) in pairs.items()
        if over in mm and under in mm
    }


def _growth(
    mm: Mapping[str, float],
    weight: Weight | None,
    day: date | None,
    past: Sequence[PastExamination],
) -> tuple[Growth, ...]:
    """Since the last earlier examination that has the measure, however many lie between."""
    if day is None:
        return ()
    now = {**mm, **({"EFW": weight.grams} if weight is not None else {})}
    grown = []
    for measure, value in now.items():
        earlier = [
            (one.day, before)
            for one in past
            if one.day < day and (before := _value(one, measure)) is not None
        ]
        if earlier:
            last, before = max(earlier)
            days = (day - last).days
            grown.append(Growth(measure, before, value, days, 7 * (value - before) / days))
    return tuple(grown)


def _value(past: PastExamination, measure: str) -> float | None:
    return past.grams if measure == "EFW" else past.mm.get(measure)
