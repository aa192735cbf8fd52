"""A phase's JSON Schema as a GBNF grammar: the hub binds by schema, llama.cpp's own sampler by grammar.

Only what services.reading.schema and a release's sentences hold is known here; anything else raises
ValueError. No white space is let through but the release's own separators, as on the hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from services.reading.text.prompting import Prompts

_PIECES = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|\(\?:|.", re.S)
_REPEATS = ("?", "*", "+", "{")


def gbnf(schema: Mapping[str, Any], prompts: Prompts) -> str:
    """The grammar; its one rule is ``root``."""
    return f"root ::= {_value(schema, prompts)}\n"


def _value(schema: Mapping[str, Any], prompts: Prompts) -> str:
    if "enum" in schema:
        return "(" + " | ".join(_quoted(json.dumps(value)) for value in schema["enum"]) + ")"
    kinds = {"object": _object, "array": _array, "integer": _integer, "string": _string}
    kind = schema.get("type")
    if kind not in kinds:
        raise ValueError(f"no grammar for a schema of type {kind!r}")
    return kinds[kind](schema, prompts)


def _object(schema: Mapping[str, Any], prompts: Prompts) -> str:
    if schema.get("required") != list(schema["properties"]):
        raise ValueError("every property of an object must be required, in order")
    parts: list[str] = []
    for name, value in schema["properties"].items():
        key = json.dumps(name) + prompts.key_separator
        before = prompts.item_separator if parts else "{"
        parts.append(f"{_quoted(before + key)} {_value(value, prompts)}")
    return " ".join([*parts, _quoted("}")])


def _array(schema: Mapping[str, Any], prompts: Prompts) -> str:
    item = _value(schema["items"], prompts)
    least, most = schema.get("minItems", 0), schema["maxItems"]
    further = f"({_quoted(prompts.item_separator)} {item})"
    some = f"{item} {further}{{{max(least - 1, 0)},{most - 1}}}"
    if most == 1:
        some = item
    return f"{_quoted('[')} {some if least else f'({some})?'} {_quoted(']')}"


def _integer(schema: Mapping[str, Any], prompts: Prompts) -> str:
    """From 0 to a power of ten, with no leading zero."""
    digits = len(str(schema["maximum"])) - 1
    if schema["minimum"] != 0 or schema["maximum"] != 10**digits or digits < 1:
        raise ValueError("integers must lie between 0 and a power of ten")
    return f'("{schema["maximum"]}" | "0" | [1-9] [0-9]{{0,{digits - 1}}})'


def _string(schema: Mapping[str, Any], prompts: Prompts) -> str:
    pattern = schema["pattern"]
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise ValueError("a pattern must bind the whole string")
    return f"{_quoted(chr(34))} {_expression(pattern[1:-1])} {_quoted(chr(34))}"


def _expression(pattern: str) -> str:
    """A regular expression of literals, classes, groups, alternatives and repeats."""
    pieces, out, run = _PIECES.findall(pattern), [], ""
    for place, piece in enumerate(pieces):
        literal = _literal(piece)
        repeated = place + 1 < len(pieces) and pieces[place + 1].startswith(_REPEATS)
        if literal and not repeated:
            run += literal
            continue
        if run:
            out.append(_quoted(run))
            run = ""
        if literal:
            out.append(_quoted(literal))
        elif piece.startswith(_REPEATS):
            out[-1] += piece
        else:
            out.append("(" if piece == "(?:" else piece)
    return "(" + " ".join([*out, *([_quoted(run)] if run else [])]) + ")"


def _literal(piece: str) -> str:
    """The character that a piece stands for; empty where it is syntax."""
    if piece.startswith("\\"):
        if piece[1].isalnum():
            raise ValueError(f"no grammar for {piece} in a pattern")
        return piece[1]
    if piece in (".", "^", "$"):
        raise ValueError(f"no grammar for {piece} in a pattern")
    syntax = piece.startswith(("[", "{")) or piece in ("(", ")", "(?:", "|", "?", "*", "+")
    return "" if syntax else piece


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
