"""``make bench`` goes on where it was cut, keeps old figures, and says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.figures import __main__ as program
from bench.figures import page
from bench.figures.parts import PARTS, Part, PartFailed, run, summary

QUIET = {"quiet": True, "machine": {}}
PIPELINE = {"studies": 10, "plain_seconds": 0.5, "seconds_per_study": 0.8, "overhead_share": 0.3}


def test_a_part_is_its_last_line() -> None:
    with pytest.raises(PartFailed, match="ended with"):
        run(Part("this", "", "this"))


def test_a_part_that_fails_leaves_what_was_measured_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program, "RESULTS", tmp_path / "results.json")
    results: dict[str, Any] = {"parts": {"pipeline": {**QUIET, "figures": PIPELINE}}}

    program.write(results)

    def fails(part: Part) -> dict[str, Any]:
        raise PartFailed(part.name)

    monkeypatch.setattr(program, "run", fails)
    assert not program.measured("pipeline", results)
    monkeypatch.setattr(program, "run", lambda part: {"one_object_ratio": 1.4})
    assert program.measured("object", results)

    assert program.read() == results
    figures = summary(results)
    assert figures["studies_per_hour"] == 4500
    assert figures["model_alone_per_hour"] == 7200
    assert figures["one_object_ratio"] == 1.4
    assert figures["missing"] == sorted(set(PARTS) - {"pipeline", "object"})


def test_the_page_says_what_was_not_quiet_and_what_is_missing(tmp_path: Path) -> None:
    machine = {
        "processors": 2, "processor": "CPU", "memory_gb": 8.0, "system": "Linux", "python": "3.11",
        "at": "2026-01-01T00:00:00", "commit": "abc", "load_before": 7.5,
    }  # fmt: skip
    page.write(
        {"parts": {"pipeline": {"quiet": False, "machine": machine, "figures": PIPELINE}}}, tmp_path
    )

    text = (tmp_path / "performance.md").read_text()

    assert "**not quiet**, load about 7.5" in text
    assert "make bench PARTS=index" in text
    assert "| studies per hour | 4500 |" in text
