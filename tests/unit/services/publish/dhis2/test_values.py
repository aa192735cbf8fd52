"""What a data element is told: of several fetuses, of what was not assessed, of unreviewed results."""

from __future__ import annotations

import re
from datetime import date

import readings

from services.domain.examination.examination import Examination
from services.domain.examination.fetuses import summarise_several
from services.domain.examination.pregnancy import date_pregnancy
from services.domain.examination.summary import summarise
from services.publish.dhis2.uid import uid
from services.publish.dhis2.values import FINAL, PRELIMINARY, Examined, value_of, woman_value

DAY = date(2026, 3, 1)
DATING = date_pregnancy(date(2025, 8, 24), ())
ATTRIBUTES = {
    "00100020": {"vr": "LO", "Value": ["P/1"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane^Ann"}]},
    "00100030": {"vr": "DA", "Value": ["19900102"]},
}


def examined(whole: Examination | None = None, status: str = FINAL) -> Examined:
    frame = readings.measured(HC=250.04, AC=231.0, FL=48.0)
    report = readings.report("1.2.3", frame)
    whole = whole or Examination(
        summarise([frame], day=DAY, dating=DATING), {"presentation": "breech", "fetuses": 1}
    )
    return Examined(report, ATTRIBUTES, whole, status, DAY, date(2025, 8, 24))


def test_values_are_text_as_dhis2_takes_it() -> None:
    one = examined()
    assert value_of("ga_days", one) == "189"
    assert value_of("ga_weeks", one) == "27"
    assert value_of("due_date", one) == "2026-05-31"
    assert value_of("last_period", one) == "2025-08-24"
    assert value_of("hc_mm", one) == "250.0"
    assert value_of("hc_mm", one, decimals=0) == "250"
    assert re.fullmatch(r"\d{3,4}", value_of("efw_g", one) or "")
    assert value_of("fetuses", one) == "1"
    assert value_of("presentation", one, options={"breech": "2"}) == "2"
    assert value_of("presentation", one, options={"breech": ""}) is None
    assert value_of("bpd_mm", one) is None, "not assessed"
    assert value_of("heart_activity", one) is None, "never normal for what nobody entered"


def test_an_unreviewed_result_says_so() -> None:
    assert value_of("reviewed", examined(status=PRELIMINARY)) == "false"
    assert value_of("status", examined(status=PRELIMINARY)) == "preliminary"
    assert value_of("reviewed", examined()) == "true"


def test_nothing_is_averaged_over_fetuses() -> None:
    parts = {
        letter: Examination(summarise([readings.measured(HC=mm)], day=DAY))
        for letter, mm in (("A", 250.0), ("B", 230.0))
    }
    whole = Examination(
        summarise_several([], [], day=DAY, dating=DATING), {"fetuses": 2}, (), parts
    )
    one = examined(whole)
    assert value_of("hc_mm", one) is None
    assert [value_of("hc_mm", one, letter) for letter in "AB"] == ["250.0", "230.0"]
    assert value_of("ga_days", one) == "189"
    assert value_of("hc_mm", examined(), "A") is None, "letters are for several fetuses"


def test_what_is_told_of_a_woman() -> None:
    values = {
        n: woman_value(n, ATTRIBUTES) for n in ("number", "name", "given_name", "family_name")
    }
    assert values == {
        "number": "P/1",
        "name": "Jane Ann Doe",
        "given_name": "Jane Ann",
        "family_name": "Doe",
    }
    assert woman_value("birth_date", ATTRIBUTES) == "1990-01-02"
    assert woman_value("name", {}) is None


def test_a_uid_has_dhis2s_form_and_is_the_same_again() -> None:
    made = {uid("event", str(n)) for n in range(2000)}
    assert len(made) == 2000
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]{10}", one) for one in made)
    assert uid("a", "b") == uid("a", "b") != uid("ab")
