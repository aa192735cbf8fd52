"""Masks that people drew: read from PNG, traced, and how much of them is drawn at once.

What comes from outside is read and traced in a bounded child; only pixels and an outline leave it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from services.domain.errors import InvalidInput, TooLarge
from services.domain.mapping.rules import MOST_STRUCTURES
from services.domain.report import Structure
from services.reading.images import geometry
from services.reading.images.picture import MAX_PICTURE_PIXELS

Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]
Polygon = tuple[tuple[float, float], ...]
# Of a frame's masks together, a byte each: a model finds five structures at most, of the largest frame, too.
MAX_MASK_PIXELS = MOST_STRUCTURES * MAX_PICTURE_PIXELS


@dataclass(frozen=True, slots=True)
class DrawnMask:
    """(H, W) ``pixels`` of a frame; box and outline of the largest region, in pixels."""

    pixels: Mask
    box: Box
    polygon: Polygon


def check_area(width: int, height: int, masks: int = 1) -> None:
    """Raises TooLarge: a frame of this size, or so many masks of it, take too much memory to draw."""
    if width * height > MAX_PICTURE_PIXELS:
        limit = MAX_PICTURE_PIXELS // 1_000_000
        raise TooLarge(f"Outlines are drawn on frames of at most {limit} megapixels.")
    if width * height * masks > MAX_MASK_PIXELS:
        raise TooLarge("The frame has too many masks for its size.")


def check_drawn(width: int, height: int, structures: Iterable[Structure]) -> None:
    """What is drawn of a frame must fit into a SEG of it; a box alone is not drawn. Raises TooLarge."""
    if drawn := sum(bool(one.mask or one.polygon) for one in structures):
        check_area(width, height, drawn)


def read_mask(data: bytes, width: int, height: int) -> Mask:
    """A PNG of ``width`` x ``height``; light pixels belong. Its size is checked before it is decoded.

    Raises InvalidInput, TooLarge.
    """
    check_area(width, height)
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        if image.size != (width, height):
            raise InvalidInput("The mask has another size than the frame.")
        if "A" in image.getbands():  # drawn on a transparent canvas: what is opaque belongs
            return np.asarray(image.getchannel("A"), dtype=np.uint8) > 127
        return np.asarray(image.convert("L"), dtype=np.uint8) > 127
    except (ValueError, OSError, SyntaxError, UnidentifiedImageError) as error:
        raise InvalidInput("The mask is not a readable PNG.") from error
    except Image.DecompressionBombError as error:
        raise TooLarge("The mask has too many pixels.") from error


def trace(mask: Mask) -> DrawnMask:
    """The mask with the outline of its largest region. Raises InvalidInput: it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise InvalidInput("The mask is empty.")
    # Tracing takes some thirty bytes a pixel. The border needs one pixel around what belongs.
    top, left = max(int(rows[0]) - 1, 0), max(int(columns[0]) - 1, 0)
    part = mask[top : int(rows[-1]) + 2, left : int(columns[-1]) + 2]
    traced = geometry.outline(np.where(part, np.float32(1), np.float32(-1)))
    if traced is None:
        raise InvalidInput("The mask is empty.")
    size = np.array([part.shape[1], part.shape[0]], dtype=np.float64)
    return outlined(traced * size + np.array([left, top], dtype=np.float64), mask)


def outlined(outline: geometry.Points, mask: Mask) -> DrawnMask:
    """A mask with an outline that is known; hundredths of a pixel, at most 64 points."""
    x0, y0, x1, y1 = (round(v, 2) for v in geometry.bounds(outline))
    polygon = tuple((round(float(x), 2), round(float(y), 2)) for x, y in geometry.resample(outline))
    return DrawnMask(mask, (x0, y0, x1, y1), polygon)
