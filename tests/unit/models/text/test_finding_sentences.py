"""What a decoder is taught stays inside a release's closed set of sentences, whatever heads find."""

import json
import re

import numpy as np
import pytest

from edge.android.grammar import gbnf
from models.fada.labels import PLANES
from models.programs.training.train_decoder import about
from models.text.decoder import PROMPTS, asked, sequence
from models.text.finding_sentences import WORDS, allowed, corpus, extremes, invented, spoken
from models.text.sentences import Seen, write
from models.text.tokenizer import train_tokenizer
from services.reading.text import prompting
from services.reading.text.findings import Findings


@pytest.mark.parametrize("plane", PLANES)
def test_every_sentence_is_in_the_closed_set_and_is_not_too_long(plane: str) -> None:
    forms, rng = allowed(plane), np.random.default_rng(5)
    made_up = [f for f in (invented(rng) for _ in range(400)) if f.plane == plane]
    for findings in [*extremes(plane), *made_up]:
        for field, text in WORDS.words(findings).items():
            form = forms[field]
            options = form.get("enum")
            fits = (
                text in options
                if isinstance(options, list)
                else re.fullmatch(str(form["pattern"]), text)
            )
            assert fits, (field, text)
            assert len(text) <= prompting.MAX_FIELD
    assert made_up


@pytest.mark.parametrize("plane", PLANES)
def test_the_closed_set_is_a_grammar(plane: str) -> None:
    assert gbnf(prompting.interpretation_schema(allowed(plane)), PROMPTS).startswith("root ::= ")


def test_nothing_is_ever_called_normal_and_no_sex_is_spoken_of() -> None:
    said = json.dumps(about()).lower()
    assert not re.search(r"\b(normal|male|female|boy|girl)\b", said)


@pytest.mark.parametrize("plane", ["head", "abdomen", "femur", "thorax", "intrapartum"])
def test_a_clear_picture_is_told_as_its_labels_tell_it(plane: str) -> None:
    words = WORDS.words(next(iter(extremes(plane))))
    for field, wanted in write(Seen(plane)).items():
        if wanted is not None and field not in ("image_quality", "anatomical_structures"):
            assert words[field] == wanted
    assert words["image_quality"] == "Good."


def test_a_question_is_its_line_and_its_answer_ends() -> None:
    tokenizer = train_tokenizer(corpus(200))
    findings = Findings.read("plane head 9;image good 8;found fetal_head;sure 9;axis oblique 30")
    ids, before = sequence(tokenizer, findings, classify=False)
    assert tokenizer.decode(ids[:before]) == asked(findings.line(), "Interpret.")
    assert tokenizer.decode(ids[before:]) == spoken(findings) + "<|im_end|>"
    label, start = sequence(tokenizer, findings, classify=True)
    assert tokenizer.decode(label[start:]) == '{"label":"head"}<|im_end|>'
