"""Who a woman is: what contradicts, and what only leaves something out."""

from __future__ import annotations

from services.domain.patient import (
    Identity,
    completed,
    differences,
    identity_attributes,
    identity_of,
    searched_text,
)

JANE = Identity("P1", "Doe^Jane", "1990-02-01")


def fields(other: Identity, recorded: Identity = JANE) -> list[str]:
    return [one.field for one in differences(recorded, other)]


def test_what_is_left_out_contradicts_nothing() -> None:
    assert fields(Identity("P1")) == []
    assert fields(Identity("", "DOE^JANE^^", "")) == []
    assert fields(JANE, Identity()) == []


def test_other_number_name_or_birth_date() -> None:
    assert fields(Identity("P2", "Roe^Jane", "1990-02-02")) == ["number", "name", "birth_date"]
    assert fields(Identity("p1")) == ["number"]  # compared as it is written


def test_names_are_compared_in_the_script_that_both_have() -> None:
    both = Identity("P1", "Yamada^Hanako=山田^花子")
    assert fields(Identity("P1", "YAMADA^HANAKO"), both) == []
    assert fields(Identity("P1", "=山田^花子"), both) == []
    assert fields(Identity("P1", "=山本^花子"), both) == ["name"]


def test_dicom_json_there_and_back() -> None:
    whole = Identity("P1", "Yamada^Hanako=山田^花子", "1990-02-01")
    attributes = identity_attributes(whole)
    assert attributes["00100010"]["Value"] == [
        {"Alphabetic": "Yamada^Hanako", "Ideographic": "山田^花子"}
    ]
    assert identity_of(attributes) == whole
    assert identity_of(identity_attributes(Identity())) == Identity()
    odd = {"00100010": {"vr": "PN", "Value": [None]}, "00100030": {"vr": "DA", "Value": ["soon"]}}
    assert identity_of(odd) == Identity()


def test_the_record_takes_what_it_did_not_know() -> None:
    assert completed(Identity("P1"), JANE) == JANE
    assert completed(JANE, Identity("P1", "Roe^Ann", "1980-01-01")) == JANE


def test_every_script_is_searched() -> None:
    text = searched_text(Identity("P1/ÄB", "Yamada^Hanako=山田^花子"))
    assert text == "yamada hanako 山田 花子 p1/äb"
