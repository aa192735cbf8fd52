"""A broken answer is never a blank report."""

import json

import numpy as np
import pytest

from services.domain.errors import InvalidModelOutput
from services.reading.text import prompting

WHOLE = dict.fromkeys(prompting.FIELDS, "text")


def test_a_whole_interpretation_passes_in_order() -> None:
    interpretation = prompting.read_interpretation(json.dumps(dict(reversed(WHOLE.items()))))
    assert tuple(interpretation) == prompting.FIELDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "null",
        "[]",
        "{",
        json.dumps({**WHOLE, "more": "x"}),
        json.dumps({**WHOLE, "image_quality": ""}),
        json.dumps({**WHOLE, "image_quality": "  "}),
        json.dumps({**WHOLE, "image_quality": 3}),
        json.dumps({**WHOLE, "image_quality": "x" * 999}),
        json.dumps({k: v for k, v in WHOLE.items() if k != "image_quality"}),
        "[" * 100_000,
    ],
)
def test_anything_else_fails(text: str) -> None:
    with pytest.raises(InvalidModelOutput):
        prompting.read_interpretation(text)


@pytest.mark.parametrize("text", ["", "{}", '{"label": "liver"}', '{"label": ["head"]}', '"head"'])
def test_a_label_is_one_of_the_releases(text: str) -> None:
    assert prompting.read_label('{"label": "head"}', ("head",)) == "head"
    with pytest.raises(InvalidModelOutput):
        prompting.read_label(text, ("head",))


def test_boxes_and_polygons_become_tensors() -> None:
    text = json.dumps(
        [
            {"bbox_2d": [100, 200, 300, 600], "label": "fetal_head",
             "mask": [[100, 200], [300, 200], [300, 600], [100, 600]]},
            {"bbox_2d": [0, 0, 10, 10], "label": "fetal_head"},
        ]
    )  # fmt: skip
    structures = prompting.read_structures(text, ("fetal_head", "CSP"))
    boxes = prompting.box_tensor(structures, ("CSP", "fetal_head"))
    assert boxes[1] == pytest.approx([0.2, 0.4, 0.2, 0.4, 6.0])  # the larger of the two
    assert boxes[0, 4] == -6.0
    masks = prompting.mask_tensor(structures, ("fetal_head", "CSP"), 100)
    assert (masks[0] > 0).sum() == pytest.approx(20 * 40, abs=1)
    assert not (masks[1] > 0).any()
    assert np.isfinite(masks).all()


def test_nothing_found_is_an_answer() -> None:
    assert prompting.read_structures("[]", ("NT",)) == ()


@pytest.mark.parametrize(
    "item",
    [
        {"bbox_2d": [0, 0, 1], "label": "NT"},
        {"bbox_2d": [0, 0, 1, 1001], "label": "NT"},
        {"bbox_2d": [0, 0, 1, -1], "label": "NT"},
        {"bbox_2d": [0, 0, 1, True], "label": "NT"},
        {"bbox_2d": [0, 0, 1, "1"], "label": "NT"},
        {"bbox_2d": [0, 0, 1, 1], "label": "sex"},
        {"bbox_2d": [0, 0, 1, 1], "label": "NT", "mask": [[1, 1], [2, 2]]},
        {"bbox_2d": [0, 0, 1, 1], "label": "NT", "mask": [[1, 1]] * 65},
        {"label": "NT"},
        [],
    ],
)
def test_a_broken_structure_fails_the_whole(item: object) -> None:
    with pytest.raises(InvalidModelOutput):
        prompting.read_structures(json.dumps([item]), ("NT",))


def test_not_a_number_in_json_fails() -> None:
    with pytest.raises(InvalidModelOutput):
        prompting.read_structures('[{"bbox_2d": [0, 0, 1, NaN], "label": "NT"}]', ("NT",))


def test_turned_corners_are_put_right() -> None:
    (structure,) = prompting.read_structures(
        '[{"bbox_2d": [300, 600, 100, 200], "label": "NT"}]', ("NT",)
    )
    assert structure.box == pytest.approx((0.1, 0.2, 0.3, 0.6))
