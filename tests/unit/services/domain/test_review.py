"""Agreement between readers, against worked examples; where two readings differ."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import readings
from hypothesis import given
from hypothesis import strategies as st

from services.domain.report import Scored
from services.domain.review import box_dice, dice, disagreements, kappa


def test_kappa_of_a_worked_example() -> None:
    """Fifty grant applications, two readers: 20 both yes, 15 both no (textbook: 0.4)."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    agreement = kappa(first, second)
    assert agreement is not None
    assert agreement.value == pytest.approx(0.4)
    assert agreement.observed == pytest.approx(0.7)


def test_weighted_kappa_counts_distance() -> None:
    near = kappa([1, 2, 3, 1], [1, 2, 2, 2], ordered=(1, 2, 3))
    far = kappa([1, 2, 3, 1], [1, 2, 1, 3], ordered=(1, 2, 3))
    assert near is not None
    assert far is not None
    assert near.value is not None
    assert far.value is not None
    assert near.value > far.value


def test_kappa_says_when_it_is_not_defined() -> None:
    assert kappa([], []) is None
    one = kappa([1, 1], [1, 1])
    assert one is not None
    assert one.value is None
    with pytest.raises(ValueError, match="same questions"):
        kappa([1], [])


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=40))
def test_kappa_is_symmetric_and_at_most_one(pairs: list[tuple[int, int]]) -> None:
    a, b = [p[0] for p in pairs], [p[1] for p in pairs]
    one, two = kappa(a, b, ordered=(1, 2, 3)), kappa(b, a, ordered=(1, 2, 3))
    assert one is not None
    assert two is not None
    if one.value is not None and two.value is not None:
        assert one.value == pytest.approx(two.value)
        assert one.value <= 1 + 1e-9


def test_dice_of_shapes_with_known_overlap() -> None:
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    half = [(x + 5, y) for x, y in square]
    assert dice(square, square) == 1.0
    assert dice(square, half) == pytest.approx(0.5)
    assert dice(square, [(x + 50, y) for x, y in square]) == 0.0
    assert dice([], []) == 1.0
    one, two = readings.ellipse(100, 100, 60, 60, 400), readings.ellipse(110, 100, 60, 60, 400)
    angle = 2 * math.acos(10 / 120)
    assert dice(one, two) == pytest.approx((angle - math.sin(angle)) / math.pi, abs=0.002)
    assert box_dice((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(0.5)
    assert box_dice((0, 0, 1, 1), (5, 5, 6, 6)) == 0.0


def test_readings_that_agree_and_differ() -> None:
    head = readings.head("1.2", 500, 400)
    hub = readings.report("1", head)
    assert disagreements(readings.report("1", head), hub) == ()
    larger = readings.head("1.2", 500, 400, scale=0.36)
    (difference,) = disagreements(readings.report("1", larger), hub)
    assert difference.what == "HC"
    other = replace(head, plane=Scored("abdomen", 0.9))
    (difference,) = disagreements(readings.report("1", other), hub)
    assert (difference.what, difference.phone, difference.hub) == ("plane", "abdomen", "head")
    bare = replace(head, structures=(), measurements=())
    (difference,) = disagreements(readings.report("1", bare), hub)
    assert (difference.what, difference.phone, difference.hub) == (
        "structure:fetal_head",
        "not found",
        "found",
    )


def test_a_phone_without_millimetres_is_compared_in_pixels() -> None:
    hub = readings.report("1", readings.head("1.2", 500, 400))
    same = readings.report("1", readings.head("1.2", 500, 400, mm=None))
    assert disagreements(same, hub) == ()
    other = readings.report("1", readings.head("1.2", 500, 400, mm=None, scale=0.36))
    assert [d.what for d in disagreements(other, hub)] == ["HC"]


def test_readings_of_other_frames_are_compared_by_the_best() -> None:
    hub = readings.report("1", readings.head("1.2.3", 500, 400))
    phone = readings.report("1", readings.head("case", 500, 400, scale=0.36))
    assert [d.what for d in disagreements(phone, hub)] == ["HC"]
    nothing = readings.report("1")
    assert [d.what for d in disagreements(nothing, hub)] == ["plane"]
