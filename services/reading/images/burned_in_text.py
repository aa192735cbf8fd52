"""Is there text burned into a frame? Letters are bright, of one height, on one baseline, close together.

Nothing reads the text: no model is given it as words. Seeing that it is there tells people that the
picture holds words which the results did not follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

from services.domain.report import FrameReading
from services.reading.images.square import to_gray

FLAG = "burned_in_text"
_BRIGHT = (110.0, 170.0, 225.0)  # scanners write in white or gray, over dark or over tissue
_HEIGHTS = (6.0, 40.0)  # pixels
_LETTERS = 5  # so many in a row are no chance of speckle


def flag_text(reading: FrameReading, pixels: NDArray[np.uint8]) -> FrameReading:
    """The reading, flagged where its frame, (H, W) or (H, W, 3) uint8, holds text; else as it was."""
    if not has_text(to_gray(pixels)):
        return reading
    return replace(reading, flags=(*reading.flags, FLAG))


def has_text(gray: NDArray[np.uint8]) -> bool:
    """Whether a (H, W) uint8 frame shows a row of at least five letters or digits."""
    generator = contour_generator(z=gray.astype(np.float64), name="serial")
    for level in _BRIGHT:
        boxes = _boxes(generator.lines(level))
        order = boxes[np.lexsort(boxes.T[::-1])]  # by x0, then y0, x1, y1
        if any(_row(order, start) >= _LETTERS for start in range(len(order))):
            return True
    return False


def _boxes(lines: Sequence[Any]) -> NDArray[np.float64]:
    """(n, 4) x0, y0, x1, y1 of bright shapes that could be letters."""
    extents = [np.concatenate([line.min(axis=0), line.max(axis=0)]) for line in lines]
    if not extents:
        return np.empty((0, 4))
    # A millionth of a pixel is noise of the arithmetic, which a phone does in another order.
    boxes = np.round(np.array(extents), 6)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    fits = (height >= _HEIGHTS[0]) & (height <= _HEIGHTS[1]) & (width <= 1.4 * height)
    return np.asarray(boxes[fits])


def _row(boxes: NDArray[np.float64], start: int) -> int:
    """Letters in the row that begins with ``start``: same height and baseline, little space between."""
    here, count = boxes[start], 1
    height = here[3] - here[1]
    for box in boxes[start + 1 :]:
        gap = box[0] - here[2]
        if gap > 1.2 * height:
            break
        same = abs(box[3] - here[3]) <= 1.2 and abs((box[3] - box[1]) - height) <= 0.15 * height
        if same and gap >= 0:
            here, count = box, count + 1
    return count
