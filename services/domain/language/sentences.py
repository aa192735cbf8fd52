"""The model's sentences in the language of a reader.

They are a closed set (``services/reading/text/finding_words.py``, ``models/text/sentences.py``), so that
templates can say each in another language, as the pages do (``web/shared/case/sentences.ts``). What is not of
that set stays as it is.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

from services.domain.language.languages import FOLDER, catalogue

_AGE: Final = re.compile(r"(\d+w \d+d) by (.+)")
_MEASURE: Final = re.compile(r"Measure (\w+) on a calibrated image")
_REPEAT: Final = re.compile(r"Repeat with the whole (.+) in view")


@cache
def _tables() -> dict[str, Any]:
    """Sentence, beginning of a list or name → key of its text; the measures that stay as they are."""
    tables: dict[str, Any] = json.loads((FOLDER / "sentences.json").read_text(encoding="utf-8"))
    return tables


def translated(field: str, language: str) -> str:
    """A field of an interpretation, sentence by sentence; where one is not known, as it stands."""
    if language == "en" or not field.endswith("."):
        return field
    sentences = field[:-1].split(". ")
    return " ".join(_translated(one, language) or f"{one}." for one in sentences)


def _translated(sentence: str, language: str) -> str | None:
    tables, words = _tables(), catalogue(language)
    if sentence in tables["whole"]:
        return words[tables["whole"][sentence]]
    if age := _AGE.fullmatch(sentence):
        return words["told.age_by"].format(age=age[1], equation=age[2])
    measure = _MEASURE.fullmatch(sentence)
    if measure and measure[1] in tables["measures"]:
        return words["told.measure"].format(name=measure[1])
    repeat = _REPEAT.fullmatch(sentence)
    if repeat and (name := _names(repeat[1], language)):
        return words["told.repeat"].format(name=name)
    beginning, colon, listed = sentence.partition(": ")
    if colon and beginning in tables["lists"]:
        names = _names(listed, language)
        return words[tables["lists"][beginning]].format(names=names) if names else None
    if all(part in tables["measures"] for part in sentence.split(", ")):
        return f"{sentence}."
    names = _names(sentence, language)
    return names and f"{names[0].upper()}{names[1:]}{words['told.none'][-1]}"


def _names(listed: str, language: str) -> str | None:
    """Names; None where one of them is not known."""
    keys = [_tables()["names"].get(name.lower()) for name in re.split(r", | and ", listed)]
    return None if None in keys else ", ".join(catalogue(language)[key] for key in keys)
