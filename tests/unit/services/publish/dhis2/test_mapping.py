"""A mapping is read from YAML and JSON, and what it cannot mean is refused with the place and a code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from dhis2_server import MAPPING, Tracker

from services.publish.dhis2.mapping import MappingInvalid, MappingUnreadable, parse_mapping
from services.publish.dhis2.program import MappingMismatch, check_program
from services.publish.dhis2.values import SOURCES

CONTENT: dict[str, Any] = yaml.load(MAPPING, Loader=yaml.BaseLoader)


def with_element(**element: Any) -> str:
    elements = [*CONTENT["data_elements"], {"element": "Further0001", **element}]
    return json.dumps({**CONTENT, "data_elements": elements})


def test_yaml_and_json_say_the_same() -> None:
    mapping = parse_mapping(MAPPING)
    assert mapping == parse_mapping(json.dumps(CONTENT, indent="\t"))
    assert mapping.longest_days == 320
    presentation = next(one for one in mapping.elements if one.source == "presentation")
    assert presentation.options == {
        "cephalic": "1",
        "breech": "2",
        "transverse": "9",
        "oblique": "",
    }


def test_the_schema_names_every_source() -> None:
    from services.publish.dhis2.mapping import _validator

    elements = _validator().schema["properties"]["data_elements"]["items"]
    assert set(elements["properties"]["from"]["enum"]) == set(SOURCES)


def test_the_example_can_be_used() -> None:
    example = Path(__file__).parents[5] / "examples" / "dhis2-antenatal.yaml"
    assert len(parse_mapping(example.read_text()).elements) == 12


def test_option_codes_and_words_stay_text() -> None:
    text = MAPPING.replace("cephalic: 1", "cephalic: 01").replace("breech: 2", "breech: no")
    presentation = next(o for o in parse_mapping(text).elements if o.source == "presentation")
    assert (presentation.options["cephalic"], presentation.options["breech"]) == ("01", "no")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "cannot be read"),
        ("a: &x 1\nb: *x", "aliases"),
        ("a: 1\na: 2", "named twice"),
        ("[" * 5000, "cannot be read"),
        ("x" * 70_000, "64 KiB"),
        ("{", "cannot be read"),
    ],
)
def test_what_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(MappingUnreadable) as raised:
        parse_mapping(text)
    assert raised.value.code == "mapping_unreadable"
    assert said in raised.value.detail


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the mapping"),
        (MAPPING.replace("format: 1", "format: 2"), "format"),
        (MAPPING.replace("program: ", "programme: "), "programme"),
        (MAPPING.replace("edqlbukwRfQ", "1dqlbukwRfQ"), "program_stage"),
        (MAPPING.replace("from: hc_mm", "from: sex"), "data_elements[2].from"),
        (MAPPING.replace("from: reviewed", "from: heart_activity"), "reviewed or status"),
        (MAPPING.replace(", oblique:", ""), "oblique"),
        (MAPPING.replace("AbdoCirc001", "HeadCirc001"), "filled twice"),
        (with_element(**{"from": "hc_mm", "options": {"a": "b"}}), "has no codes"),
        (with_element(**{"from": "placenta", "decimals": "1"}), "is no number"),
        (with_element(**{"from": "ga_days", "fetus": "A"}), "same for all fetuses"),
    ],
)
def test_what_does_not_follow_the_schema(text: str, said: str) -> None:
    with pytest.raises(MappingInvalid) as raised:
        parse_mapping(text)
    assert raised.value.code == "mapping_invalid"
    assert said in raised.value.detail


def test_a_programme_is_compared_with_the_mapping() -> None:
    check_program(parse_mapping(MAPPING), Tracker().program())
    wrong = MAPPING.replace("element: GaDays00001", "element: Unknown0001")
    wrong = wrong.replace("breech: 2", "breech: 7").replace("from: fetuses", "from: hc_mm")
    with pytest.raises(MappingMismatch) as raised:
        check_program(parse_mapping(wrong), Tracker(repeatable=False).program())
    for said in (
        "stage edqlbukwRfQ is not repeatable",
        "data element Unknown0001 is not of the stage",
        "data element Presentat01 has no option 7",
        "data element FetusCount1 is INTEGER_POSITIVE, which hc_mm does not fit",
    ):
        assert said in raised.value.detail
    with pytest.raises(MappingMismatch):
        check_program(parse_mapping(MAPPING), None)
