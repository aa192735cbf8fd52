"""Sentences say what the labels say, and nothing that nobody knows."""

import json
import re
from typing import cast

import pytest

from models.text.sentences import (
    FIELDS,
    NO_PLANE,
    Seen,
    allowed,
    answer,
    classified,
    corpus,
    fillers,
    write,
)
from services.reading.text.prompting import FIELDS as SCHEMA_FIELDS
from services.reading.text.prompting import MAX_FIELD

PLANES = ("head", "abdomen", "femur", "thorax", "nt_view", None)


def test_the_fields_are_those_of_the_contract() -> None:
    assert FIELDS == SCHEMA_FIELDS


@pytest.mark.parametrize("plane", PLANES)
def test_normality_is_never_assessed_and_age_never_named(plane: str | None) -> None:
    fields = write(Seen(plane, quality=1.0))
    assert tuple(fields) == FIELDS
    assert str(fields["normality_assessment"]).startswith("Not assessed. Looked at: ")
    assert "needs a calibrated measurement" in str(fields["gestational_age"])


def test_no_text_speaks_of_sex_of_weeks_or_calls_anything_normal() -> None:
    words = " ".join(corpus()).lower()
    words = words.replace("normality_assessment", "")
    assert not re.search(r"\b(sex|male|female|boy|girl|gender|normal|abnormal|weeks?)\b", words)
    assert not re.search(r"\d", words)


def test_no_field_is_longer_than_the_schema_allows() -> None:
    for text in corpus():
        assert all(0 < len(v) <= MAX_FIELD for v in json.loads(text).values())


@pytest.mark.parametrize(
    ("axis", "word"),
    [
        (((0.1, 0.5), (0.9, 0.55)), "horizontal"),
        (((0.1, 0.1), (0.9, 0.9)), "oblique"),
        (((0.5, 0.9), (0.55, 0.1)), "vertical"),
    ],
)
def test_orientation_of_a_head_is_that_of_its_axis(
    axis: tuple[tuple[float, float], tuple[float, float]], word: str
) -> None:
    assert word in str(write(Seen("head", axis=axis))["fetal_orientation"])


def test_the_face_is_where_the_nose_is() -> None:
    centres = {"nasal_tip": (0.2, 0.5), "thalami": (0.6, 0.5)}
    seen = Seen("nt_view", ["nasal_tip", "thalami"], centres)
    assert "left" in str(write(seen)["fetal_orientation"])
    mirrored = {k: (1 - x, y) for k, (x, y) in centres.items()}
    assert "right" in str(write(Seen("nt_view", None, mirrored))["fetal_orientation"])


def test_what_is_not_labelled_is_unknown_not_negative() -> None:
    fields = write(Seen("nt_view"))
    assert fields["anatomical_structures"] is None
    assert fields["fetal_orientation"] is None
    assert write(Seen("head"))["fetal_orientation"] is None
    assert write(Seen("head"))["image_quality"] is None
    assert all(fillers(Seen("nt_view"))[k] for k in ("anatomical_structures", "fetal_orientation"))


def test_only_labelled_structures_are_named() -> None:
    structures = str(write(Seen("nt_view", ["NT", "palate"]))["anatomical_structures"])
    assert structures == "Nuchal translucency, palate."


def test_answers_are_compact_json() -> None:
    assert answer({"a": "b", "c": "d"}) == '{"a":"b","c":"d"}'
    assert classified(None) == f'{{"label":"{NO_PLANE}"}}'


@pytest.mark.parametrize("plane", [p for p in PLANES if p])
def test_a_planes_closed_set_holds_all_that_its_labels_say(plane: str) -> None:
    closed = allowed(plane)
    assert tuple(closed) == FIELDS
    for quality in (1.0, 0.7, 0.2):
        for count in range(1, 10):
            structures = ["NT", "nasal_bone", "nasal_tip", "nasal_skin", "palate", "thalami",
                          "midbrain", "IT", "CM"][9 - count :]  # fmt: skip
            centres = {"nasal_tip": (0.1, 0.5), "thalami": (0.5, 0.5)}
            seen = Seen(plane, structures, centres, ((0, 0), (1, 1)), quality)
            for name, value in write(seen).items():
                form = closed[name]
                said = str(value)
                if "enum" in form:
                    assert said in cast(list[str], form["enum"])
                else:
                    assert re.match(str(form["pattern"]), said)


def test_another_planes_sentences_are_not_in_the_set() -> None:
    said = cast(list[str], allowed("head")["anatomical_structures"]["enum"])
    assert "Fetal abdomen." not in said
    pattern = str(allowed("nt_view")["anatomical_structures"]["pattern"])
    assert not re.match(pattern, "Nuchal translucency, nuchal translucency.")
    assert not re.match(pattern, "Fetal head, skull outline.")
