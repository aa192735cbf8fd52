"""What is told of a scanner that a network was not trained on."""

from __future__ import annotations

import pytest

from models.evaluation.sizes import SizeScore
from models.programs.evaluating.compare_scanners import difference, pairs, table


def score(number: int, measured: float | None, machine: str = "Aloka") -> SizeScore:
    return SizeScore("AC", f"p{number // 2}", "d", machine, measured, 100.0, f"{number}.png")


WHOLE = [score(n, 102.0) for n in range(8)]
WITHOUT = [score(n, None if n == 7 else 105.0) for n in range(8)]


def test_only_pictures_that_both_have_measured_are_paired() -> None:
    assert pairs(WHOLE, WITHOUT) == [(f"p{n // 2}", 2.0, 5.0) for n in range(7)]


def test_an_equal_loss_has_no_scatter() -> None:
    assert difference(pairs(WHOLE, WITHOUT)) == pytest.approx((3.0, 3.0, 3.0))


def test_the_table_has_a_line_for_each_scanner_and_measure() -> None:
    other = [score(n, 101.0, "S10") for n in range(10, 14)]
    lines = table([*WHOLE, *other], [*WITHOUT, *other]).splitlines()[2:]
    assert lines[0].startswith("| AC, Aloka | 7 of 8 | 2.0 and 2.0 mm | 5.0 and 5.0 mm | +3.0")
    assert lines[0].endswith("| +150% |")
    assert "+0.0 (+0.0 to +0.0) mm" in lines[1]
