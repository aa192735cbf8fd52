"""What differs between two pairs' answers, with intervals."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.data.manifest import Record
from models.evaluation.textual import seen_of
from models.programs.evaluating.compare_quantised import TextAnswer, differences
from models.text.sentences import write


def record(number: int, group: str, plane: str = "head") -> Record:
    return Record(
        Path(f"{number}.png"), "d", group, "val", plane, plane, None, {}, None, None, None, 10, 10,
        False,
    )  # fmt: skip


def answer(of: Record, label: str = "") -> TextAnswer:
    """What the labels say, under their plane or another."""
    wanted = {name: value or "" for name, value in write(seen_of(of)).items()}
    return TextAnswer(label or str(of.plane), wanted, True)


RECORDS = [record(n, f"woman {n // 4}") for n in range(40)]


def test_nothing_differs_from_itself() -> None:
    first = [answer(r) for r in RECORDS]
    figures = differences(first, first, RECORDS)
    assert figures["plane_accuracy_difference"] == 0
    assert figures["plane_accuracy_difference_interval"] == [0, 0]
    assert figures["other_label"] == 0
    low, high = figures["other_label_interval"]
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / 40), abs=1e-4), "none of 40, exactly"


def test_what_is_worse_is_less_than_zero_and_its_interval_holds_it() -> None:
    first = [answer(r) for r in RECORDS]
    second = [answer(r, "femur" if n in (3, 17, 31) else "") for n, r in enumerate(RECORDS)]
    figures = differences(second, first, RECORDS)
    assert figures["plane_accuracy_difference"] == pytest.approx(-7.5)
    low, high = figures["plane_accuracy_difference_interval"]
    assert low < -7.5 < high <= 0
    assert figures["other_label"] == pytest.approx(0.075)
    assert figures["field_accuracy_difference"] == 0
    assert figures["other_interpretation"] == 0
