"""Examinations of one pregnancy: which belong to it, which last period holds, what a row says first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from services.domain.examination.examination import headline
from services.domain.examination.history import (
    Biometry,
    StatedPeriod,
    Visit,
    belongs,
    chosen_images,
    date_visits,
    last_period,
    measured,
)
from services.domain.examination.pregnancy import DatingScan, date_pregnancy
from services.domain.examination.summary import ExaminationSummary, summarise
from services.domain.report import FrameReading, Measurement, Scored

DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, tzinfo=UTC)


def before(days: int) -> date:
    return DAY - timedelta(days=days)


def stated(days: int, hours: int = 0) -> StatedPeriod:
    return StatedPeriod(AT + timedelta(hours=hours), before(days))


def frame(place: int, quality: float = 0.9, **mm: float) -> FrameReading:
    return FrameReading(
        "1.2", f"1.2.{place}", 1, 800, 540, True, 1.0, quality, Scored("head", 0.99),
        measurements=tuple(
            Measurement(name, value * 3, value, value - 3, value + 3, "region")
            for name, value in mm.items()
        ),
    )  # fmt: skip


def test_the_newest_last_period_that_can_be_holds() -> None:
    visits = [
        Visit(before(56), (stated(210), stated(214, hours=2))),
        Visit(DAY, (stated(203, hours=1), stated(900, hours=9), stated(-3, hours=9))),
    ]
    assert last_period(visits) == before(214)
    assert last_period([Visit(DAY)]) is None


def test_all_scans_date_and_the_earliest_counts() -> None:
    early = Visit(before(56), biometry=Biometry(ga_days=154.0, equation="Hadlock 1984 (HC)"))
    late = Visit(DAY, biometry=Biometry(ga_days=230.0, equation="Hadlock 1984 (HC)"))
    dating = date_visits([late, early])
    assert dating is not None
    assert (dating.zero, dating.scan_day) == (before(210), before(56))
    assert date_visits([Visit(DAY)]) is None


def test_a_further_examination_joins_by_distance_and_age() -> None:
    early = Visit(before(56), (stated(210),))
    assert belongs(DAY, [early])
    assert not belongs(DAY + timedelta(days=99), [early])  # 309 days after the last period
    assert not belongs(before(211), [early])
    assert not belongs(DAY + timedelta(days=245), [Visit(before(56))])
    assert belongs(DAY + timedelta(days=244), [Visit(before(56))])
    assert not belongs(DAY, [Visit(None)])


def test_an_image_that_a_person_chose_counts_alone() -> None:
    frames = [frame(1, HC=290.0), frame(2, HC=280.0, AC=260.0, FL=58.0)]
    chosen = chosen_images({"chosen": {"HC": {"sop_uid": "1.2.2", "frame": 1}}})
    assert measured(frames).mm["HC"] == 285.0
    past = measured(frames, chosen)
    assert past.mm["HC"] == 280.0
    assert past.grams is not None
    assert past.equation == "Hadlock 1984 (HC)"
    assert measured(()) == Biometry()


def summary(**mm: float) -> ExaminationSummary:
    dating = date_pregnancy(before(210), (DatingScan(before(56), 154.0, "x"),))
    return summarise([frame(1, **mm)], day=DAY, dating=dating)


def test_what_a_row_says_first() -> None:
    small, slight = summary(AC=225.0), summary(AC=235.0)
    low = headline({"": small}, clash=False, readers_differ=True)
    assert low is not None
    assert (low["code"], low["measure"]) == ("below_3rd", "AC")
    assert low["centile"] < 3
    assert headline({"": small}, clash=True, readers_differ=True) == {"code": "identity_clash"}
    assert headline({"": slight}, clash=False, readers_differ=True) == {"code": "readers_differ"}
    tenth = headline({"": slight}, clash=False, readers_differ=False)
    assert tenth is not None
    assert (tenth["code"], tenth["measure"]) == ("below_10th", "AC")
    assert headline({"": summary(AC=254.0)}, clash=False, readers_differ=False) is None
    assert headline({}, clash=False, readers_differ=False) is None
