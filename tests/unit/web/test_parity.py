"""The pages measure by the same formulae as the hub: the very same numbers."""

from __future__ import annotations

import base64
import io
import math
import random
from dataclasses import asdict
from datetime import date, timedelta

import numpy as np
import pytest
from PIL import Image
from typescript import needs_node, run

from services.domain import biometry
from services.domain.biometry import age_by_last_period
from services.domain.calibration import Calibration, PixelSize, Region
from services.domain.dicom.values import STUDY_DATE
from services.domain.report import FEMUR_ANGLE, STEEP
from services.reading.confidence import Thresholds
from services.reading.images import geometry
from services.reading.measures import measure_head

pytestmark = needs_node
BIOMETRY, GEOMETRY, MASK = (
    f"shared/measurement/{name}.ts" for name in ("biometry", "geometry", "mask")
)
ANGLE = "shared/measurement/angle.ts"
FETAL_SEX_FILTER = "shared/text/fetalSexFilter.ts"


def test_ages_and_centiles() -> None:
    sizes = [60, 67.9, 68, 95.7, 144, 144.1, 219, 247.1, 250, 280.5, 325, 340, 360, 360.1]
    days = [97, 98, 140, 141.3, 200, 279.9, 280, 281]
    answers = run(
        *((BIOMETRY, "hadlockHc", [v]) for v in sizes),
        *((BIOMETRY, "intergrowthHc", [v]) for v in sizes),
        *((BIOMETRY, "intergrowthCentile", [v, d]) for v in (90.0, 172.48, 300.0) for d in days),
    )
    expected = [
        *(biometry.hadlock_hc(v) for v in sizes),
        *(biometry.intergrowth_hc(v) for v in sizes),
        *(biometry.intergrowth_hc_centile(v, d) for v in (90.0, 172.48, 300.0) for d in days),
    ]
    for got, want in zip(answers, expected, strict=True):
        if want is None:
            assert got is None
            continue
        for name, value in asdict(want).items():
            assert got[name] == (
                pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            )


def test_weeks_and_days_round_alike() -> None:
    values = [143.4, 143.5, 144.5, 143.49, 0.0, 140.0]
    assert run(*((BIOMETRY, "weeksAndDays", [v]) for v in values)) == [
        biometry.weeks_and_days(v) for v in values
    ]


def test_age_by_last_period() -> None:
    scan = date(2026, 3, 1)
    offsets = [-1, 0, 1, 2, 97, 280, 309, 310, 311, 314, 315, 316, 400]
    periods = [scan - timedelta(days=n) for n in offsets]
    here = run(*((BIOMETRY, "daysByPeriod", [p.isoformat(), scan.isoformat()]) for p in periods))
    seen = {STUDY_DATE: {"vr": "DA", "Value": [scan.strftime("%Y%m%d")]}}
    assert here == [age_by_last_period(seen, p) for p in periods]
    assert here.count(None) == 4
    assert run((BIOMETRY, "daysByPeriod", [None, scan.isoformat()])) == [None]


def test_head_from_an_outline() -> None:
    chance = random.Random(5)
    outline = [
        [
            300 + 150 * math.cos(a) + chance.uniform(-4, 4),
            220 + 110 * math.sin(a) + chance.uniform(-4, 4),
        ]
        for a in np.linspace(0, 2 * math.pi, 50, endpoint=False)
    ]
    region = {"x0": 0, "y0": 0, "x1": 599, "y1": 449, "mm_x": 0.29, "mm_y": 0.31}
    calibration = Calibration((Region(**region),))  # type: ignore[arg-type]
    (head, none) = run(
        (BIOMETRY, "measureHead", [outline, {"regions": [region], "spacing": None}]),
        (BIOMETRY, "measureHead", [outline, None]),
    )
    for got, want in zip(
        head, measure_head(np.array(outline), calibration, Thresholds()), strict=True
    ):
        assert got["name"] == want.name
        assert got["px"] == pytest.approx(want.px, abs=0.006)
        assert got["mm"] == pytest.approx(want.mm, abs=0.06)
        assert got["calibration"] == want.calibration
        assert np.allclose(got["points"], want.points, atol=0.006)
    assert [m["mm"] for m in none] == [None, None, None]
    assert none[0]["calibration"] == "not_calibrated"


def test_scale_is_never_guessed() -> None:
    two = [
        {"x0": 0, "y0": 0, "x1": 99, "y1": 99, "mm_x": 0.1, "mm_y": 0.1},
        {"x0": 100, "y0": 0, "x1": 199, "y1": 99, "mm_x": 0.2, "mm_y": 0.2},
        # A colour box over the first, the same but for rounding; and one over the second, which is not.
        {"x0": 0, "y0": 0, "x1": 50, "y1": 50, "mm_x": 0.1000001, "mm_y": 0.1},
        {"x0": 150, "y0": 0, "x1": 199, "y1": 99, "mm_x": 0.201, "mm_y": 0.2},
    ]
    calibration = {"regions": two, "spacing": None}
    ours = Calibration(tuple(Region(**r) for r in two))  # type: ignore[arg-type]
    points = [
        [[10, 10], [90, 90]],
        [[10, 10], [110, 10]],
        [[120, 10], [130, 20]],
        [[300, 10], [310, 10]],
        [[10, 10], [40, 40]],
        [[160, 10], [170, 20]],
    ]
    answers = run(*((BIOMETRY, "pixelSize", [calibration, p]) for p in points))
    assert answers == [
        asdict(size) if (size := ours.for_points([(float(x), float(y)) for x, y in p])) else None
        for p in points
    ]
    spacing = {"mm_x": 0.5, "mm_y": 0.6, "source": "pixel_spacing"}
    (pixel_size,) = run((BIOMETRY, "pixelSize", [{"regions": [], "spacing": spacing}, points[0]]))
    assert PixelSize(**pixel_size) == PixelSize(**spacing)  # type: ignore[arg-type]


def test_masks_fill_trace_and_png() -> None:
    width, height = 64, 48
    outline = [[10.2, 8.1], [50.7, 6.3], [58.0, 30.9], [33.3, 44.4], [9.1, 35.5]]
    (filled,) = run((MASK, "fill", [outline, width, height]))
    ours = geometry.fill(np.array(outline), width, height)
    assert np.array_equal(np.frombuffer(filled["data"], np.uint8).reshape(height, width) != 0, ours)
    (border, png) = run((MASK, "trace", [filled]), (MASK, "maskPng", [filled]))
    traced = geometry.outline(np.where(ours, 1.0, -1.0).astype(np.float32))
    assert traced is not None
    there = geometry.ellipse(traced * np.array([width, height]))
    here = geometry.ellipse(np.array(border))
    assert here is not None
    assert there is not None
    assert here.perimeter == pytest.approx(there.perimeter, rel=2e-3)
    image = Image.open(io.BytesIO(base64.b64decode(png)))
    assert image.mode == "L"
    assert np.array_equal(np.array(image) == 255, ours)


def test_an_ellipse_drawn_is_the_ellipse_measured() -> None:
    drawn = {"cx": 100, "cy": 90, "a": 60, "b": 42, "angle": 0.4}
    (polygon,) = run((GEOMETRY, "ellipsePolygon", [drawn]))
    shape = geometry.ellipse(np.array(polygon))
    assert shape is not None
    assert (shape.a, shape.b, shape.angle) == pytest.approx((60, 42, 0.4), abs=1e-6)


def test_a_femur_is_too_steep_from_where_the_hub_says() -> None:
    asked = [(FEMUR_ANGLE, STEEP), (FEMUR_ANGLE, STEEP + 0.1), ("AoP", 120.0)]
    steep = run(*((ANGLE, "isSteep", [{"name": n, "degrees": d}]) for n, d in asked))
    assert steep == [False, True, False]


TELLING = (
    "It is a boy.",
    "female fetus",
    "♂",
    "m a l e",
    "fe\u200bmale",
    "Sexe masculin",
    "menina",
    "लड़का है",
    "mtoto wa kike",
    "G I R L",
    "XY",
    "penis seen",
)
HARMLESS = (
    "Fetal head, skull outline.",
    "Axial plane of the head.",
    "Essex hospital",
    "Not assessed.",
    "Measure HC.",
    "malest",
    "transvaginal probe",
)


def test_text_that_tells_the_sex_is_withheld() -> None:
    answers = run(*((FETAL_SEX_FILTER, "tellsSex", [text]) for text in (*TELLING, *HARMLESS)))
    assert [t for t, answer in zip(TELLING, answers, strict=False) if not answer] == []
    assert [t for t, answer in zip(HARMLESS, answers[len(TELLING) :], strict=True) if answer] == []
    assert run(
        (FETAL_SEX_FILTER, "tellsSex", ["Her last period is not known."]),
        (FETAL_SEX_FILTER, "tellsSex", ["He moves.", True]),
    ) == [False, True]
