"""The formulae against the values of their papers; nothing outside their range."""

from __future__ import annotations

import math

import pytest

from services.domain import biometry


def test_hadlock_hc_is_cubic_in_centimetres() -> None:
    assert biometry.hadlock_weeks(hc=300) == pytest.approx(33.26, abs=0.01)


@pytest.mark.parametrize(
    ("hc", "two_sd"), [(100, 1.19), (200, 1.48), (250, 2.06), (300, 2.98), (350, 3.2)]
)
def test_hadlock_interval_widens(hc: float, two_sd: float) -> None:
    dating = biometry.hadlock_hc(hc)
    assert dating is not None
    assert dating.high_days is not None
    assert dating.high_days - dating.days == pytest.approx(two_sd * 7)


@pytest.mark.parametrize("hc", [0, 67.9, 360.1, 1000])
def test_no_age_outside_the_range(hc: float) -> None:
    assert biometry.hadlock_hc(hc) is None
    assert biometry.intergrowth_hc(hc) is None


def test_intergrowth_dating() -> None:
    assert biometry.intergrowth_days(250) == pytest.approx(189.8, abs=0.05)
    assert biometry.intergrowth_days(250, 55) == pytest.approx(200.5, abs=0.05)


def test_intergrowth_chart_at_twenty_weeks() -> None:
    assert biometry.intergrowth_hc_mean_sd(20) == pytest.approx((172.48, 7.44), abs=0.005)
    centile = biometry.intergrowth_hc_centile(172.48, 140)
    assert centile is not None
    assert centile.centile == pytest.approx(50, abs=0.1)
    assert biometry.intergrowth_hc_centile(172.48, 41 * 7) is None


def test_weight() -> None:
    assert biometry.intergrowth_weight_g(260, 290) == pytest.approx(1499, abs=1)


def test_words_of_an_age() -> None:
    assert biometry.weeks_and_days(143.4) == "20w 3d"
    assert biometry.weeks_and_days(146.6) == "21w 0d"


def test_perimeter_of_a_circle() -> None:
    assert biometry.ellipse_perimeter(10, 10) == pytest.approx(2 * math.pi * 10)
    assert biometry.ellipse_perimeter(0, 10) == 0
