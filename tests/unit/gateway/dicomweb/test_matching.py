"""Attribute matching of QIDO-RS."""

from __future__ import annotations

import pytest

from gateway.dicomweb.matching import parse_query
from services.domain.dicom.matching import matches
from services.domain.errors import InvalidInput

ONE = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
    "00080060": {"vr": "CS", "Value": ["US"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.3"]},
    "00080023": {"vr": "DA", "Value": ["20260115"]},
    "00200011": {"vr": "IS", "Value": [7]},
}


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("PatientName", "doe*", True),
        ("PatientName", "D?e^Jane", True),
        ("PatientName", "[D]oe*", False),
        ("Modality", "US", True),
        ("Modality", "U", False),
        ("00080060", "*", True),
        ("SeriesInstanceUID", "9.9,1.2.3", True),
        ("SeriesInstanceUID", "1.2.*", False),
        ("ContentDate", "20260101-20260131", True),
        ("ContentDate", "-20260114", False),
        ("ContentDate", "20260116-", False),
        ("SeriesNumber", "7", True),
        ("StudyID", "x", False),
        ("StudyID", "", True),
    ],
)
def test_matching(name: str, pattern: str, expected: bool) -> None:
    query = parse_query([(name, pattern)])
    assert matches(ONE, query.match) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("jane", True),
        ("jan do", True),
        ("Doe, J", False),
        ("oe", False),
        ("DOE^J*", True),
        ("x", False),
    ],
)
def test_fuzzy_names_match_by_the_beginnings_of_words(pattern: str, expected: bool) -> None:
    query = parse_query([("PatientName", pattern), ("fuzzymatching", "true")])
    assert matches(ONE, query.match, fuzzy=query.fuzzy) is expected
    assert not matches(ONE, {"00080060": "U"}, fuzzy=True), "names alone"


def test_of_a_repeated_key_one_value_is_enough() -> None:
    both = parse_query([("Modality", "SR"), ("Modality", "US"), ("SeriesInstanceUID", "1.2.3")])
    assert matches(ONE, both.match)
    assert not matches(ONE, parse_query([("Modality", "SR"), ("Modality", "CT")]).match)


def test_search_options() -> None:
    query = parse_query(
        [
            ("limit", "5"),
            ("offset", "2"),
            ("includefield", "Rows,00280011"),
            ("fuzzymatching", "true"),
        ]
    )
    assert (query.limit, query.offset, query.match) == (5, 2, {})
    assert (query.fuzzy, query.bounded) == (True, False)
    assert query.include == frozenset({"00280010", "00280011"})
    assert parse_query([("includefield", "all")]).include is None
    assert parse_query([("limit", "99999")]).limit == 1000
    assert parse_query([("limit", "99999")]).bounded
    assert parse_query([]).bounded
    assert not query.ignored
    strange = parse_query([("Nonsense", "1"), ("PatientID", "P1")])
    assert (strange.match, strange.ignored) == ({"00100020": "P1"}, True)
    for bad in (
        [("limit", "x")],
        [("includefield", "Nonsense")],
        [("offset", "-1")],
        [("limit", "1" * 5000)],
    ):
        with pytest.raises(InvalidInput):
            parse_query(bad)
