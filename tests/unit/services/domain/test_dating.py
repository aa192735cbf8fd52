"""Age by the last menstrual period: one window for worker, gateway and documents."""

from datetime import date

import pytest

from services.domain.biometry import age_by_last_period, last_period_of
from services.domain.dicom.values import first_date, first_text, iso_date


def study(seen="20260401", period="20251001"):
    return {
        "00080020": {"vr": "DA", "Value": [seen]},
        "001021D0": {"vr": "DA", "Value": [period]},
    }


def test_days_between_the_period_and_the_study():
    assert age_by_last_period(study()) == 182.0


def test_a_stated_period_goes_before_the_one_of_the_study():
    assert age_by_last_period(study(), date(2026, 3, 31)) == 1.0
    assert last_period_of(study(), date(2026, 3, 31)) == date(2026, 3, 31)
    assert last_period_of(study()) == date(2025, 10, 1)


@pytest.mark.parametrize(
    ("period", "days"),
    [("20250521", 315.0), ("20250520", None), ("20260401", None), ("20260402", None)],
    ids=["45 weeks", "45 weeks and a day", "the same day", "after the study"],
)
def test_the_window(period, days):
    assert age_by_last_period(study(period=period)) == days


@pytest.mark.parametrize("broken", ["", "2025", "2025-10-01", "20251301", "২০২৫১০০১", "2025101 "])
def test_what_is_no_date_gives_no_age(broken):
    assert age_by_last_period(study(period=broken)) is None
    assert age_by_last_period(study(seen=broken)) is None
    assert iso_date(study(period=broken), "001021D0") == ""


def test_absent_and_empty_values():
    assert age_by_last_period({}) is None
    assert first_date({"00080020": {"vr": "DA"}}, "00080020") is None
    assert first_text({"00080020": {"vr": "DA", "Value": [None]}}, "00080020") == ""


def test_a_person_name_is_its_alphabetic_group():
    attributes = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane "}]}}
    assert first_text(attributes, "00100010") == "Doe^Jane"
