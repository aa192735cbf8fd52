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
    summary = {"measures": [measure(centile)], "not_assessed": []}
    (line,) = exam_text._measures(summary)
    assert f"  {words} (" in line


def test_facts_are_the_words_of_the_printed_report():
    values = {
        "last_period": "2025-06-06", "parity": {"gravida": 3}, "fetuses": 1, "presentation": "breech",
        "placenta": {"site": "fundal", "low": False}, "fluid": {"kind": "deepest_pocket", "mm": 45.0},
        "heart_rate": 142, "anatomy": {"brain": "not_seen"}, "comment": "normal",
        "chosen": {"HC": {"sop_uid": "1.2", "frame": 1}},
    }  # fmt: skip
    facts = {"version": 1, "author": "key:1", "author_name": "Ann", "values": values}
    assert exam_text._facts(facts) == [
        "entered by Ann, version 1:", "  Last menstrual period: 2025-06-06", "  Gravida / para: 3 / –",
        "  Number of fetuses: 1", "  Presentation: breech", "  Placenta: fundal, not low-lying",
        "  Amniotic fluid: deepest pocket 45 mm", "  Heart rate: 142/min", "  Anatomy: brain not seen",
        "  Comment: normal",
    ]  # fmt: skip


def test_growth_has_its_unit():
    grown = [
        {"measure": "HC", "before": 171.8, "now": 247.5, "days": 45},
        {"measure": "EFW", "before": 426.3, "now": 941.0, "days": 45},
    ]
    assert exam_text._growth({"growth": grown}) == [
        "  HC: 171.8 → 247.5 mm in 45 days",
        "  EFW: 426 → 941 g in 45 days",
    ]


@pytest.mark.parametrize(("days", "words"), [(1, "in 1 day"), (14, "in 14 days")])
def test_one_day_is_no_days(days, words):
    grown = {"measure": "HC", "before": 270.0, "now": 280.0, "days": days}
    (line,) = exam_text._growth({"growth": [grown]})
    assert line.endswith(words)
