"""All that the model may say of an image is said in five languages: none of its sentences is left in English."""

from __future__ import annotations

import re

import numpy as np
import pytest
from typescript import needs_node, run

from models.fada.labels import PLANES
from models.text.finding_sentences import WORDS, extremes, invented
from models.text.sentences import Seen, write
from services.domain.language.sentences import translated

pytestmark = needs_node
FILE = "phone/tests/sentences.ts"
ABBREVIATIONS = {"HC", "BPD", "OFD", "AC", "FL", "NT", "AoP"}
# What Kiswahili, too, calls by its Latin name.
LATIN = {"cavum septi pellucidi", "cisterna magna", "thalami"}


def fields() -> list[str]:
    """Of releases that read findings, and of those that read the image."""
    rng = np.random.default_rng(8)
    samples = [f for plane in PLANES for f in extremes(plane)] + [invented(rng) for _ in range(200)]
    said = {text for findings in samples for text in WORDS.words(findings).values()}
    for plane in PLANES:
        for quality in (1.0, 0.7, 0.2):
            said |= {text for text in write(Seen(plane, quality=quality)).values() if text}
    return sorted(said)


@pytest.mark.parametrize("language", ["fr", "pt", "sw", "hi"])
def test_nothing_is_left_in_english(language: str) -> None:
    english = fields()
    (other,) = run((FILE, "translations", [language, english]))
    known = {sentence for text in english for sentence in text.removesuffix(".").split(". ")}
    for before, after in zip(english, other, strict=True):
        assert "{" not in after
        sentences = re.split(r"(?<=[.।]) ", after.removesuffix("."))
        assert len(sentences) == len(before.removesuffix(".").split(". ")), (before, after)
        kept = [s for s in sentences if s.removesuffix(".") in known]
        for name in (name for s in kept for name in s.removesuffix(".").split(", ")):
            assert name in ABBREVIATIONS or name.lower() in LATIN, (before, after)
        if language == "hi":
            assert set(re.findall(r"[A-Za-z]+", after)) <= ABBREVIATIONS, (before, after)


def test_what_is_not_known_stays_as_it_is() -> None:
    written = ["Mild ventriculomegaly. Good.", "33w 2d by Hadlock 1984 (HC).", "no full stop"]
    wanted = ["Mild ventriculomegaly. Bonne.", "33w 2d d’après Hadlock 1984 (HC).", "no full stop"]
    (french,) = run((FILE, "translations", ["fr", written]))
    assert french == wanted
    assert [translated(text, "fr") for text in written] == wanted


@pytest.mark.parametrize("language", ["fr", "pt", "sw", "hi"])
def test_the_printed_report_says_the_same(language: str) -> None:
    english = [
        *fields(),
        "Not stated.",
        "26w 6d by Hadlock 1984 (HC). 26w 5d by INTERGROWTH-21st 2016 (HC).",
    ]
    (pages,) = run((FILE, "translations", [language, english]))
    assert [translated(text, language) for text in english] == pages
    assert [translated(text, "en") for text in english] == english
