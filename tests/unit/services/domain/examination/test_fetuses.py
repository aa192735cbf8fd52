"""Several fetuses: an image shows the one that a person says; nothing is averaged over two of them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.domain.examination.examination import headline
from services.domain.examination.fetuses import Fetuses, fetuses_of, summarise_several
from services.domain.examination.history import Visit, biometry_of, date_visits, measured, past
from services.domain.examination.pregnancy import date_pregnancy
from services.domain.examination.summary import summarise
from services.domain.report import FrameReading, Measurement, Scored

DAY = date(2026, 3, 1)
DATING = date_pregnancy(date(2025, 8, 3), ())


def frame(number: int, **mm: float) -> FrameReading:
    return FrameReading(
        "1.2", f"1.2.{number}", 1, 800, 540, True, 1.0, 0.9, Scored("head", 0.99),
        measurements=tuple(
            Measurement(name, 3 * value, value, value - 3, value + 3, "ultrasound_region")
            for name, value in mm.items()
        ),
    )  # fmt: skip


FRAMES = [frame(1, HC=290.0), frame(2, HC=250.0), frame(3, AC=200.0), frame(4, HC=288.0)]
TWINS = Fetuses(2, {"1.2.1": "A", "1.2.2": "B", "1.2.3": "B"})


def test_together_they_have_no_measure_and_say_which_values_are_nobodys() -> None:
    summary = summarise_several(FRAMES, TWINS.unassigned(FRAMES), day=DAY, dating=DATING)
    assert summary.several
    assert summary.measures == ()
    assert summary.weight is None
    assert summary.ga_days == 210
    assert [(one.measure, one.mm) for one in summary.unassigned] == [("HC", 288.0)]
    assert "HC" not in summary.not_assessed  # it was, of a fetus
    assert "FL" in summary.not_assessed


def test_each_has_its_own_frames_past_and_no_other() -> None:
    frames_by_fetus = {one: TWINS.frames_of(one, FRAMES) for one in TWINS.letters}
    assert [summarise(frames_by_fetus[one], day=DAY).of("HC").mm for one in "AB"] == [290.0, 250.0]  # type: ignore[union-attr]
    biometry = measured(FRAMES, None, TWINS)
    assert (biometry.mm, biometry.ga_days) == ({}, None)
    stored = biometry_of({"mm": {}, "fetuses": {"A": {"mm": {"HC": 290.0}}}})
    visit = Visit(DAY, (), stored)
    assert past(visit, "A").mm == {"HC": 290.0}  # type: ignore[union-attr]
    assert past(visit, "B").mm == {}  # type: ignore[union-attr]
    assert date_visits([Visit(DAY, (), biometry)]) is None  # no scan of two dates a pregnancy


def test_the_number_entered_last_holds() -> None:
    early, late = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2))
    assert fetuses_of({"fetuses": 1}, [(late, 2), (early, 1)]).letters == "AB"
    assert fetuses_of({"fetuses": 3}).letters == "ABC"
    assert fetuses_of({}).letters == ""
    assert Fetuses().unassigned(FRAMES) == []


def test_the_worklist_names_the_one_that_is_small() -> None:
    each = {
        one: summarise(TWINS.frames_of(one, FRAMES), day=DAY, dating=DATING)
        for one in TWINS.letters
    }
    low = headline(each, clash=False, readers_differ=False)
    assert low is not None
    assert (low["code"], low["measure"], low["fetus"]) == ("below_3rd", "EFW", "B")
