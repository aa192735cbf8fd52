"""Where words are written in a picture: PP-OCRv4's text detector (PaddleOCR, Apache-2.0), by ONNX Runtime.

A segmentation network (differentiable binarization, arXiv 1911.08947) whose map is high where text is.
Nothing is read: what is found is a place. Why this one: decision 46. Used inside bounded children alone.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
MODEL: Final = Path(__file__).with_name("text_detector.onnx")
_PASSES: Final = (
    ("shown", 640),
    ("shown", 960),
    ("thin", 960),
    ("tint", 960),
)  # what is looked at, its long side in px
_SMALL: Final = 320  # pixels of a long side where letters are 7 high, and tissue's grain as coarse
_PASSES_OF_SMALL: Final = (*_PASSES, ("inverse", 1280))
_STEP: Final = 32
_SEEN, _SURE = 0.3, 0.6  # of the map: in a place, and on average over it
_FILLED: Final = 0.45  # of a place's box: a line of text is straight
_SMALLEST: Final = 12  # pixels of a place
_TALLEST: Final = 0.08  # of the picture's long side: what is taller is a picture of its own
_MARGINS: Final = (1.3, 0.7)  # along and across, in heights of a line, which the map shows shrunk
_THIN: Final = 36  # of the picture's long side: what is thinner stands out over tissue
_TINTED: Final = 48  # levels between the channels: JPEG leaves fewer in grey tissue


def text_in(picture: NDArray[np.uint8]) -> Mask:
    """(H, W): the boxes of lines of text with a margin.

    Args:
        picture: (H, W) or (H, W, 3) uint8.
    """
    longest = max(picture.shape[:2])
    looked_at = {"shown": _colour(picture), "thin": _colour(_thin(picture, longest // _THIN))}
    small = longest <= _SMALL
    if small:
        looked_at["inverse"] = ~_colour(picture)  # dark on light, as on pages
    if (tint := _tint(picture)) is not None:
        looked_at["tint"] = _colour(tint)
    mask = np.zeros(picture.shape[:2], np.bool_)
    for what, side in _PASSES_OF_SMALL if small else _PASSES:
        if what not in looked_at:
            continue
        for x, y, w, h in _lines(_map(looked_at[what], side / longest)):
            along, across = (max(2, round(share * min(w, h))) for share in _MARGINS)
            dx, dy = (along, across) if w >= h else (across, along)
            mask[max(0, y - dy) : y + h + dy, max(0, x - dx) : x + w + dx] = True
    return mask


def _lines(seen: NDArray[np.float32]) -> list[tuple[int, int, int, int]]:
    """x, y, width and height of what the map is sure of and that has a line's form."""
    marks = (seen > _SEEN).astype(np.uint8)
    count, labels, places, _ = cv2.connectedComponentsWithStats(marks)
    sums = np.bincount(labels.ravel(), seen.ravel(), minlength=count)
    lines = []
    for number in range(1, count):
        x, y, w, h, area = (int(value) for value in places[number])
        formed = area >= max(_SMALLEST, _FILLED * w * h) and min(w, h) <= _TALLEST * max(seen.shape)
        if formed and sums[number] >= _SURE * area:
            lines.append((x, y, w, h))
    return lines


def _colour(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _thin(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """(H, W): bright strokes alone, twice as bright: letters over tissue (a white top-hat)."""
    light = np.ascontiguousarray(picture if picture.ndim == 2 else picture.max(axis=2))
    kernel = np.ones((max(9, side), max(9, side)), np.uint8)
    strokes = cv2.morphologyEx(light, cv2.MORPH_TOPHAT, kernel)
    return np.asarray(cv2.convertScaleAbs(strokes, alpha=2.0), np.uint8)


def _tint(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """(H, W): twice how far from grey: coloured words, which bright tissue hides. None: all is grey."""
    if picture.ndim == 2:
        return None
    apart = cv2.subtract(picture.max(axis=2), picture.min(axis=2))
    if np.count_nonzero(apart > _TINTED) < _SMALLEST:
        return None
    return np.asarray(cv2.convertScaleAbs(apart, alpha=2.0), np.uint8)


def _map(colour: NDArray[np.uint8], scale: float) -> NDArray[np.float32]:
    """(H, W) 0..1: how sure the network is of text."""
    height, width = colour.shape[:2]
    size = [max(_STEP, round(side * scale / _STEP) * _STEP) for side in (width, height)]
    scaled = cv2.resize(colour, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    network = _network()
    given = (scaled / 127.5 - 1.0).transpose(2, 0, 1)[None]
    (probabilities,) = network.run(None, {network.get_inputs()[0].name: given})
    return np.asarray(cv2.resize(probabilities[0, 0], (width, height)), np.float32)


@lru_cache(maxsize=1)
def _network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the child's memory is bounded
    return onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
