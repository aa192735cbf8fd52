"""A person's hand on the pages: calipers that belong together move together, and none is lost."""

from __future__ import annotations

import math
from typing import Any

import pytest
from typescript import needs_node, run

pytestmark = needs_node
ADJUST, CONTRADICTIONS = "hub/src/review/adjust.ts", "hub/src/review/contradictions.ts"
DRAFT = "hub/src/review/draft.ts"
HC = {"name": "HC", "points": [[0, 50], [100, 50], [50, 10], [50, 90]]}


def by_name(calipers: list[dict[str, Any]]) -> dict[str, list[list[float]]]:
    return {one["name"]: one["points"] for one in calipers}


def test_an_ellipse_brings_its_axes_and_an_axis_takes_the_ellipse_along() -> None:
    (first,) = run((ADJUST, "withCaliper", [[], HC]))
    assert by_name(first) == {
        "HC": HC["points"], "OFD": [[0, 50], [100, 50]], "BPD": [[50, 10], [50, 90]],
    }  # fmt: skip
    shorter = {"name": "BPD", "points": [[50, 20], [50, 90]]}
    (second,) = run((ADJUST, "withCaliper", [first, shorter]))
    assert by_name(second)["HC"] == [[0, 50], [100, 50], [50, 20], [50, 90]]
    (gone,) = run((ADJUST, "withoutCaliper", [second, "HC"]))
    assert gone == []


def test_a_caliper_set_apart_stays_as_it_was_set() -> None:
    apart = {"name": "BPD", "points": [[20, 20], [20, 60]]}
    other = {"name": "FL", "points": [[1, 1], [9, 9]]}
    hc_alone = [HC, apart, other]
    moved = {"name": "BPD", "points": [[20, 10], [20, 60]]}
    changed, without = run(
        (ADJUST, "withCaliper", [hc_alone, moved]), (ADJUST, "withoutCaliper", [hc_alone, "HC"])
    )
    assert by_name(changed) == {"HC": HC["points"], "BPD": moved["points"], "FL": other["points"]}
    assert by_name(without) == {"BPD": apart["points"], "FL": other["points"]}


def test_a_circumference_that_its_axes_do_not_give_is_named() -> None:
    def measured(hc: float) -> list[dict[str, Any]]:
        return [{"name": n, "mm": mm} for n, mm in (("HC", hc), ("BPD", 80.0), ("OFD", 100.0))]

    fits, apart, alone = run(
        (CONTRADICTIONS, "contradictions", [measured(284.0)]),
        (CONTRADICTIONS, "contradictions", [measured(320.0)]),
        (CONTRADICTIONS, "contradictions", [measured(320.0)[:2]]),
    )
    assert fits == []
    assert alone == []
    assert apart == [{"measure": "HC", "value": "320.0", "implied": "283.6"}]


def test_a_persons_caliper_outlives_every_other_change() -> None:
    """Another plane, no structure any more: the caliper is measured all the same."""
    frame = {
        "seriesUid": "1", "sopUid": "1.2", "frame": 1, "width": 400, "height": 300, "reading": None,
        "calibration": {"regions": [], "spacing": {"mm_x": 0.5, "mm_y": 0.5, "source": "pixel_spacing"}},
    }  # fmt: skip
    draft = {
        "marks": [], "calipers": [{"name": "FL", "points": [[0, 0], [100, 0]]}], "texts": {}, "plane": "abdomen",
        "changed": {"marks": True, "calipers": True, "texts": False, "plane": True},
    }  # fmt: skip
    (reading,) = run((DRAFT, "readingWith", [frame, draft]))
    assert reading["in_scope"]
    assert reading["plane"] == {"label": "abdomen", "confidence": 1}
    (measurement,) = reading["measurements"]
    assert (measurement["name"], measurement["mm"]) == ("FL", pytest.approx(50.0))
    assert measurement["method"].startswith("caliper")


def measured(reading: dict[str, Any], draft: dict[str, Any]) -> list[dict[str, Any]]:
    calibration = {"regions": [], "spacing": {"mm_x": 0.5, "mm_y": 0.5, "source": "pixel_spacing"}}
    (figures,) = run((DRAFT, "figures", [reading, draft, calibration, None]))
    return list(figures["measurements"])


def test_an_outline_that_no_hand_touched_keeps_the_models_figures() -> None:
    """As on the hub: another structure on the same image changes none of them."""
    ring = [[100 + 40 * math.cos(a / 8), 100 + 30 * math.sin(a / 8)] for a in range(50)]
    of_model = {"name": "HC", "px": 220.0, "mm": 110.0, "mm_low": 105.0, "mm_high": 115.0, "calibration": "pixel_spacing",
                "method": "ellipse", "points": []}  # fmt: skip
    reading = {"measurements": [of_model], "datings": [], "centiles": []}
    head = {
        "id": "1",
        "label": "fetal_head",
        "confidence": 0.99,
        "box": [60, 70, 140, 130],
        "polygon": ring,
        "raster": None,
    }
    other = {**head, "id": "2", "label": "abdomen", "confidence": None}
    draft = {
        "marks": [head, other], "calipers": [], "texts": {}, "plane": "head",
        "changed": {"marks": True, "calipers": False, "texts": False, "plane": False},
    }  # fmt: skip
    assert measured(reading, draft) == [of_model]
    drawn = measured(reading, {**draft, "marks": [{**head, "confidence": None}]})
    assert {one["name"] for one in drawn} == {"HC", "BPD", "OFD"}
    assert all(one["method"].endswith("drawn by a person") for one in drawn)
    assert measured(reading, {**draft, "marks": [other]}) == []
