"""Outlines are filled and masks are read within bounded memory, and as exactly as before."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.domain.errors import InvalidInput, TooLarge
from services.reading.images import geometry
from services.reading.images.drawn_mask import check_area, read_mask, trace


def by_centres(points: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """The even-odd rule as it is defined, for each pixel's centre."""
    ys, xs = np.mgrid[0:height, 0:width] + 0.5
    inside = np.zeros((height, width), bool)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (np.minimum(y0, y1) <= ys) & (ys < np.maximum(y0, y1))
            inside ^= crosses & (x0 + (ys - y0) * (x1 - x0) / (y1 - y0) <= xs)
    return inside


@pytest.mark.parametrize("seed", range(8))
def test_a_pixel_belongs_when_its_centre_lies_inside(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = np.random.default_rng(seed).uniform(-20, 120, (40, 2))
    whole = geometry.fill(points, 90, 70)
    assert np.array_equal(whole, by_centres(points, 90, 70))
    monkeypatch.setattr(geometry, "_CROSSINGS", 50)
    assert np.array_equal(geometry.fill(points, 90, 70), whole), "in parts as in one"


def peak_of(points: NDArray[np.float64], side: int) -> float:
    """Bytes a pixel."""
    tracemalloc.start()
    try:
        geometry.fill(points, side, side)
        return tracemalloc.get_traced_memory()[1] / side**2
    finally:
        tracemalloc.stop()


def test_filling_takes_few_bytes_a_pixel() -> None:
    side = 6000
    square = np.array([(10.0, 10.0), (side - 10, 20.0), (side - 20, side - 10), (5.0, side - 30)])
    assert peak_of(square, side) < 1.5
    zigzag = np.array([(2.0 * n, (side - 1) * (n % 2) + 0.2) for n in range(2000)])
    assert peak_of(zigzag, side) < 3, "an outline that crosses every row two thousand times"


def png(mask: NDArray[np.bool_]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("top", [0, 30])
def test_a_part_is_traced_as_the_whole(top: int) -> None:
    mask = np.zeros((90, 120), bool)
    mask[top : top + 41, 0:50] = mask[60:65, 100:120] = True
    read = read_mask(png(mask), 120, 90)
    assert np.array_equal(read, mask)
    whole = geometry.outline(np.where(mask, 1.0, -1.0).astype(np.float32))
    assert whole is not None
    expected = geometry.resample(whole * np.array([120, 90]))
    assert np.allclose(trace(read).polygon, expected, atol=0.006)


def test_what_is_too_large_or_no_mask_is_refused() -> None:
    check_area(8000, 6250, 5)  # a model's most, on the largest picture
    for width, height, masks in ((8192, 8192, 1), (8000, 6250, 6), (1000, 1000, 251)):
        with pytest.raises(TooLarge):
            check_area(width, height, masks)
    with pytest.raises(TooLarge):
        read_mask(png(np.ones((2, 2), bool)), 8192, 8192)
    for data in (b"no PNG", png(np.ones((9, 9), bool))):
        with pytest.raises(InvalidInput):
            read_mask(data, 90, 70)
    with pytest.raises(InvalidInput):
        trace(np.zeros((9, 9), bool))
