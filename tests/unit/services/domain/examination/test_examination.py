"""Charts, weight and dating rule against the check values of their sources; the summary's rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import readings

from services.domain import biometry
from services.domain.examination import charts, history, pregnancy, summary, weight
from services.domain.report import FrameReading, Measurement, Scored

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("measure", "mean", "sd"),
    [("BPD", 78.92, 3.07), ("OFD", 98.03, 3.88), ("AC", 253.82, 12.34), ("FL", 55.51, 2.24)],
)
def test_sizes_at_thirty_weeks(measure: str, mean: float, sd: float) -> None:
    curve = charts.INTERGROWTH_SIZES[measure]
    assert curve.mean(30) == pytest.approx(mean, abs=0.006)
    assert curve.sd(30) == pytest.approx(sd, abs=0.006)
    centile = charts.size_centile(charts.INTERGROWTH, measure, mean + sd, 210)
    assert centile is not None
    assert centile.z == pytest.approx(1, abs=0.01)


def test_head_chart_is_the_one_of_the_head_alone() -> None:
    curve = charts.INTERGROWTH_SIZES["HC"]
    assert (curve.mean(20), curve.sd(20)) == pytest.approx((172.48, 7.44), abs=0.006)


def test_hadlocks_chart_places_a_head_by_its_age() -> None:
    centile = charts.size_centile(charts.HADLOCK, "HC", 300, 33.26 * 7)
    assert centile is not None
    assert centile.centile == pytest.approx(50, abs=0.5)


def test_no_centile_outside_the_chart() -> None:
    assert charts.size_centile(charts.INTERGROWTH, "AC", 100, 13.9 * 7) is None
    assert charts.size_centile(charts.INTERGROWTH, "AC", 400, 40.2 * 7) is None
    assert charts.size_centile(charts.HADLOCK, "AC", 100, 13.9 * 7) is None
    assert charts.size_centile(charts.HADLOCK, "FL", 80, 42.1 * 7) is None


def test_age_by_crown_rump_length() -> None:
    by_crl = biometry.hadlock_crl(50.0)
    assert by_crl is not None
    assert by_crl.days / 7 == pytest.approx(11.73, abs=0.005)  # Hadlock 1992
    assert (by_crl.equation, by_crl.low_days) == ("Hadlock 1992 (CRL)", None)
    assert biometry.hadlock_crl(85.0) is None
    made = summary.summarise([readings.measured(CRL=50.0, HC=85.0)], day=DAY)
    assert summary.by_scan(made.measures, made.composite) == by_crl
    assert history.measured([readings.measured(CRL=50.0, HC=85.0)]).ga_days == by_crl.days


@pytest.mark.parametrize(
    ("names", "grams"),
    [("BPD HC AC FL", 1591), ("HC AC FL", 1584), ("BPD AC FL", 1602), ("AC FL", 1577)],
)
def test_weight_by_what_there_is(names: str, grams: int) -> None:
    mm = {"BPD": 80.0, "HC": 290.0, "AC": 260.0, "FL": 58.0}
    estimated = weight.estimate({name: mm[name] for name in names.split()})
    assert estimated is not None
    assert estimated.grams == pytest.approx(grams, abs=0.6)
    assert estimated.measures == tuple(names.split())
    assert estimated.low_grams < estimated.grams < estimated.high_grams


def test_weight_by_abdomen_and_head() -> None:
    estimated = weight.estimate({"AC": 260.0, "HC": 290.0})
    assert estimated is not None
    assert estimated.grams == pytest.approx(1499, abs=1)
    assert weight.estimate({"HC": 290.0, "BPD": 80.0}) is None


def test_weight_centiles() -> None:
    median = weight.weight_centile(charts.HADLOCK, 1559, 210)
    assert median is not None
    assert median.centile == pytest.approx(50, abs=0.2)
    placed = weight.weight_centile(charts.INTERGROWTH, 1500, 210)
    assert placed is not None
    assert placed.z == pytest.approx(0.562, abs=0.001)
    middle = weight.weight_centile(charts.INTERGROWTH, 1396, 210)
    assert middle is not None
    assert middle.z == pytest.approx(0, abs=0.01)
    assert weight.weight_centile(charts.INTERGROWTH, 500, 21 * 7) is None


@pytest.mark.parametrize(
    ("days", "allowed"),
    [(62, 5), (63, 7), (111, 7), (112, 10), (153, 10), (154, 14), (195, 14), (196, 21)],
)
def test_dating_rule(days: int, allowed: int) -> None:
    assert pregnancy.allowed_difference(days) == allowed
    scan_day = DAY + timedelta(days=days)
    for differs, basis in (
        (allowed, pregnancy.Basis.LAST_PERIOD),
        (allowed + 1, pregnancy.Basis.SCAN),
    ):
        scan = pregnancy.DatingScan(scan_day, float(days + differs), "x")
        dated = pregnancy.date_pregnancy(DAY, (scan,))
        assert dated is not None
        assert dated.basis is basis
        assert dated.differs_days == differs


def test_earliest_scan_dates_a_pregnancy_without_last_period() -> None:
    early = pregnancy.DatingScan(DAY, 84.0, "CRL")
    late = pregnancy.DatingScan(DAY + timedelta(days=60), 160.0, "HC")
    dated = pregnancy.date_pregnancy(None, (late, early))
    assert dated is not None
    assert (dated.equation, dated.reason) == ("CRL", "scan_only")
    assert dated.due == DAY + timedelta(days=280 - 84)
    assert pregnancy.date_pregnancy(None, ()) is None


def frame(sop: str, *values: tuple[str, float], **more: Any) -> FrameReading:
    measurements = tuple(
        Measurement(name, mm * 3, mm, mm - 2, mm + 2, "region", more.get("method", "ellipse"))
        for name, mm in values
    )
    return FrameReading(
        "1.2", sop, 1, 100, 100, more.get("in_scope", True), 1.0, more.get("quality", 0.9),
        Scored("head", 0.99), measurements=measurements,
    )  # fmt: skip


FULL = (
    frame("1", ("HC", 290), ("BPD", 80), ("OFD", 104)),
    frame("2", ("AC", 258)),
    frame("3", ("AC", 262)),
    frame("4", ("FL", 58)),
)


def test_mean_of_the_best_three_counts_and_all_are_shown() -> None:
    frames = [frame(str(n), ("AC", 250 + n), quality=0.9 - n / 100) for n in range(5)]
    made = summary.summarise(frames, day=DAY).of("AC")
    assert made is not None
    assert made.mm == pytest.approx(251)
    assert len(made.candidates) == 5
    assert [one.sop_uid for one in made.counted] == ["0", "1", "2"]


def test_poor_images_count_only_where_there_is_nothing_better() -> None:
    poor, good = frame("1", ("AC", 200), quality=0.2), frame("2", ("AC", 260))
    made = summary.summarise([poor, good], day=DAY).of("AC")
    assert made is not None
    assert made.mm == 260
    alone = summary.summarise([poor], day=DAY).of("AC")
    assert alone is not None
    assert alone.mm == 200


def test_what_a_person_measured_or_chose_counts() -> None:
    person = frame("9", ("AC", 270), method="caliper", in_scope=False, quality=0.1)
    made = summary.summarise([*FULL, person], day=DAY).of("AC")
    assert made is not None
    assert made.mm == 270
    chosen = summary.summarise([*FULL, person], day=DAY, chosen={"AC": ("3", 1)}).of("AC")
    assert chosen is not None
    assert chosen.mm == 262


def test_an_outline_that_a_person_drew_is_a_persons_measure() -> None:
    method = "ellipse with the moments of the outline drawn by a person"
    drawn = frame("9", ("AC", 240), method=method, in_scope=False)
    made = summary.summarise([*FULL, drawn], day=DAY).of("AC")
    assert made is not None
    assert made.mm == 240
    assert [one.by_person for one in made.counted] == [True]


def test_no_age_by_all_four_outside_the_range_of_one() -> None:
    assert summary.summarise(FULL, day=DAY).composite is not None
    tiny = (*FULL[1:], frame("1", ("HC", 60), ("BPD", 80)))
    assert summary.summarise(tiny, day=DAY).composite is None


def test_no_centile_without_an_age_by_other_means() -> None:
    made = summary.summarise(FULL, day=DAY)
    assert made.ga_days is None
    assert all(one.centile is None for one in made.measures)
    assert made.weight is not None
    assert made.weight.centile is None
    assert made.discordance_days is None


def test_whole_summary() -> None:
    dating = pregnancy.date_pregnancy(DAY - timedelta(days=210), ())
    past = (
        summary.PastExamination(DAY - timedelta(days=56), {"AC": 190.0, "HC": 225.0}, 700.0),
        summary.PastExamination(DAY - timedelta(days=28), {"AC": 225.0}),
    )
    made = summary.summarise(FULL, day=DAY, dating=dating, past=past)
    assert made.ga_days == 210
    assert made.not_assessed == ("CRL", "NT")
    assert made.weight is not None
    assert made.weight.grams == pytest.approx(1591, abs=1)
    assert made.weight.centile is not None
    assert made.composite is not None
    assert made.discordance_days == round(made.composite.days) - 210
    assert made.ratios["HC/AC"] == pytest.approx(290 / 260)
    assert made.ratios["CI"] == pytest.approx(100 * 80 / 104)
    grown = {one.measure: one for one in made.growth}
    assert (grown["AC"].days, grown["AC"].before) == (28, 225.0)
    assert grown["AC"].per_week == pytest.approx((260 - 225) / 4)
    assert grown["HC"].days == 56
    assert grown["EFW"].days == 56
    assert "FL" not in grown


def test_out_of_scope_and_uncalibrated_values_do_not_count() -> None:
    out = frame("1", ("HC", 290), in_scope=False)
    raw = FrameReading(
        "1.2", "2", 1, 100, 100, True, 1.0, 0.9, Scored("head", 1.0),
        measurements=(Measurement("HC", 900.0),),
    )  # fmt: skip
    made = summary.summarise([out, raw], day=DAY)
    assert made.measures == ()
    assert made.not_assessed == summary.MEASURES


def test_no_centile_at_an_age_that_the_examination_gave_itself() -> None:
    own = pregnancy.DatingScan(DAY, 210.0, "Hadlock 1984 (HC)")
    made = summary.summarise(FULL, day=DAY, dating=pregnancy.date_pregnancy(None, (own,)))
    assert made.ga_days == 210
    assert all(one.centile is None for one in made.measures)
    assert made.weight is not None
    assert made.weight.centile is None
    assert made.discordance_days is None
    earlier = pregnancy.DatingScan(DAY - timedelta(days=70), 140.0, "Hadlock 1984 (HC)")
    later = summary.summarise(FULL, day=DAY, dating=pregnancy.date_pregnancy(None, (own, earlier)))
    head = later.of("HC")
    assert head is not None
    assert head.centile is not None


@pytest.mark.parametrize(
    ("measure", "weeks", "mm"),
    [("BPD", 20.0, 46.3), ("BPD", 30.0, 75.7), ("AC", 20.0, 149.1), ("AC", 30.0, 260.2), ("FL", 20.0, 32.7), ("FL", 30.0, 58.4)],
)  # fmt: skip
def test_hadlocks_chart_holds_its_predicted_sizes(measure: str, weeks: float, mm: float) -> None:
    assert charts.size_at("Hadlock", measure, weeks, 0.0) == pytest.approx(mm, abs=0.06)
    assert charts.size_centile("Hadlock", "OFD", 100.0, 210.0) is None


@pytest.mark.parametrize(
    ("chart", "measure"),
    [("INTERGROWTH-21st", "AC"), *(("Hadlock", name) for name in ("HC", "BPD", "AC", "FL"))],
)
def test_a_point_of_a_curve_has_the_centile_that_it_is_drawn_for(chart: str, measure: str) -> None:
    for z in (-1.88, 0.0, 1.28):
        mm = charts.size_at(chart, measure, 30.0, z)
        assert mm is not None
        back = charts.size_centile(chart, measure, mm, 210.0)
        assert back is not None
        assert back.z == pytest.approx(z, abs=0.01)
        grams = weight.weight_at(chart, 30.0, z)
        assert grams is not None
        again = weight.weight_centile(chart, grams, 210.0)
        assert again is not None
        assert again.z == pytest.approx(z, abs=1e-6)
    assert charts.size_at(chart, measure, 44.0, 0.0) is None
    assert weight.weight_at(chart, 44.0, 0.0) is None
