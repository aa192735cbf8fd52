"""The words of questions and answers in five languages. What people may ask with is ``words.json``,
which the pages have too; what is answered stands in each language's file.

In ``words.json`` a word matches whole, one with ``*`` by its beginning; one in Devanagari anywhere.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from services.domain.language.languages import LANGUAGES, catalogue


@cache
def table() -> dict[str, Any]:
    """All of ``words.json``."""
    text = files("services.domain.questions").joinpath("words.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def says(question: str, words: dict[str, list[str]]) -> bool:
    """Whether a question in any of the languages holds one of ``words``."""
    said = question.casefold()
    return any(_holds(said, word) for name in LANGUAGES for word in words[name])


def sentence(key: str, language: str, **values: str) -> str:
    """The sentence ``key`` with its values."""
    return catalogue(language)[f"answer.{key}"].format(**values)


def _holds(said: str, word: str) -> bool:
    if not word.isascii() and any("\u0900" <= c <= "\u097f" for c in word):
        return word in said
    ending = "" if word.endswith("*") else r"(?!\w)"
    return re.search(rf"(?<!\w){re.escape(word.rstrip('*').casefold())}{ending}", said) is not None
