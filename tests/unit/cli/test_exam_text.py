"""An examination's lines in the terminal: words that agree with their numbers."""

import pytest

from cli import exam_text


def measure(centile):
    placed = {"centile": centile, "chart": "INTERGROWTH-21st 2014 (HC)"}
    return {"measure": "HC", "mm": 280.0, "dating": None, "centile": placed}


@pytest.mark.parametrize(
    ("centile", "words"),
    [
        (0.4, "below the 1st centile"), (1.2, "1st centile"), (2.0, "2nd centile"),
        (11.0, "11th centile"), (13.4, "13th centile"), (21.0, "21st centile"),
        (53.0, "53rd centile"), (50.0, "50th centile"), (99.6, "above the 99th centile"),
    ],
)  # fmt: skip
def test_centiles_are_ordinals(centile, words):
    told = {"measures": [measure(centile)], "not_assessed": []}
    (line,) = exam_text._measures(told)
    assert f"  {words} (" in line


def test_facts_are_words():
    facts = {
        "version": 1, "author": "key:1", "author_name": "Ann",
        "values": {"fetuses": 1, "placenta": {"site": "fundal", "low": False}},
    }  # fmt: skip
    told = exam_text._facts(facts)
    assert told == ["entered by Ann, version 1:", "  fetuses: 1", "  placenta: site fundal, low no"]


@pytest.mark.parametrize(("days", "words"), [(1, "in 1 day"), (14, "in 14 days")])
def test_one_day_is_no_days(days, words):
    grown = {"measure": "HC", "before": 270.0, "now": 280.0, "days": days}
    (line,) = exam_text._growth({"growth": [grown]})
    assert line.endswith(words)
