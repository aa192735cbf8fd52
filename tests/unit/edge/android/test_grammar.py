"""Schemas as llama.cpp's grammars: what the hub's schema lets through, and no more."""

from __future__ import annotations

import pytest

from edge.android.grammar import gbnf
from services.reading.text import prompting
from services.reading.text.prompting import Prompts

PROMPTS = Prompts("1")


def test_an_object_of_closed_answers() -> None:
    assert gbnf(prompting.classification_schema(["head", 'a "b"']), PROMPTS) == (
        'root ::= "{\\"label\\":" ("\\"head\\"" | "\\"a \\\\\\"b\\\\\\"\\"") "}"\n'
    )


def test_the_releases_own_separators() -> None:
    loose = Prompts("1", item_separator=", ", key_separator=": ")
    two = {
        "type": "object", "required": ["a", "b"],
        "properties": {"a": {"enum": [1]}, "b": {"enum": [2]}},
    }  # fmt: skip
    assert gbnf(two, loose) == 'root ::= "{\\"a\\": " ("1") ", \\"b\\": " ("2") "}"\n'


def test_boxes_have_bounds() -> None:
    written = gbnf(prompting.detection_schema(["NT"]), PROMPTS)
    assert '("1000" | "0" | [1-9] [0-9]{0,2})' in written
    assert written.startswith('root ::= "[" (')
    assert written.count("{3,3}") == 2, "four coordinates; and the same in the repeat"
    assert "{0,1}) " in written or "{0,1})?" in written


def test_a_pattern_keeps_its_form() -> None:
    bound = {"type": "string", "pattern": r"^(Nuchal(, nasal (?:bone|tip))?|ab*)\.$"}
    assert gbnf(bound, PROMPTS) == (
        'root ::= "\\"" (( "Nuchal" ( ", nasal " ( "bone" | "tip" ) )? | "a" "b"* ) ".") "\\""\n'
    )


@pytest.mark.parametrize(
    "form",
    [
        {"type": "string", "pattern": r"^\d+$"},
        {"type": "string", "pattern": "^a.b$"},
        {"type": "string", "pattern": "ab"},
        {"type": "integer", "minimum": 1, "maximum": 10},
        {"type": "integer", "minimum": 0, "maximum": 640},
        {"type": "object", "properties": {"a": {"enum": [1]}}, "required": []},
        {"type": "number"},
        {},
    ],
)
def test_what_it_does_not_know_it_refuses(form: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the words differ)
        gbnf(form, PROMPTS)
