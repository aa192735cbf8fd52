"""From a release's words to values: strict, so that a broken answer fails the job and is never shown.

Boxes and polygons come as FADA writes them (0 to 1000) and leave in 0..1 of the square, the same
coordinates as the dense heads', so that both kinds of release share all that follows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput
from services.reading.images import geometry
from services.reading.text.schema import FIELDS, MAX_FIELD, MAX_FOUND, MAX_POINTS, SCALE

_SURE = 6.0  # logit of what a text model names: it has no confidence of its own


@dataclass(frozen=True, slots=True)
class TextStructure:
    """One structure as a text model names it: x0, y0, x1, y1 and polygon in 0..1 of the square."""

    label: str
    box: tuple[float, float, float, float]
    polygon: tuple[tuple[float, float], ...] = ()


def interpretation(text: str) -> dict[str, str]:
    """The eight fields.

    Raises:
        InvalidModelOutput: not that object, or a field is empty.
    """
    value = _json(text)
    if not isinstance(value, dict) or set(value) != set(FIELDS):
        raise InvalidModelOutput("The interpretation does not have its eight fields.")
    for field in value.values():
        if not isinstance(field, str) or not 0 < len(field.strip()) <= MAX_FIELD:
            raise InvalidModelOutput("A field of the interpretation is empty or too long.")
    return {name: value[name] for name in FIELDS}


def label(text: str, labels: Sequence[str]) -> str:
    """The class label.

    Raises:
        InvalidModelOutput: not one of the release's labels.
    """
    value = _json(text)
    if not isinstance(value, dict) or set(value) != {"label"} or value["label"] not in labels:
        raise InvalidModelOutput("The classification is not one of the release's labels.")
    return str(value["label"])


def structures(text: str, labels: Sequence[str]) -> tuple[TextStructure, ...]:
    """The structures of a detect or a segment answer; an empty list is a valid answer.

    Raises:
        InvalidModelOutput: another form, a coordinate outside 0 to 1000 or an unknown label.
    """
    value = _json(text)
    if not isinstance(value, list) or len(value) > MAX_FOUND:
        raise InvalidModelOutput("The model's list of structures is not a list.")
    return tuple(_one(item, labels) for item in value)


def _one(item: object, labels: Sequence[str]) -> TextStructure:
    if not isinstance(item, dict) or item.get("label") not in labels:
        raise InvalidModelOutput("The model names a structure that nobody asked for.")
    x0, y0, x1, y1 = _numbers(item.get("bbox_2d"), 4)
    points = item.get("mask", [])
    if not isinstance(points, list) or len(points) > MAX_POINTS or 0 < len(points) < 3:
        raise InvalidModelOutput("The model's polygon is not one.")
    polygon = tuple((x, y) for x, y in (_numbers(p, 2) for p in points))
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return TextStructure(str(item["label"]), box, polygon)


def _numbers(values: object, count: int) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != count:
        raise InvalidModelOutput("The model's coordinates are incomplete.")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidModelOutput("The model's coordinates are not numbers.")
        if not 0 <= value <= SCALE:
            raise InvalidModelOutput("The model's coordinates leave the image.")
    return tuple(float(v) / SCALE for v in values)


def box_tensor(items: Sequence[TextStructure], labels: Sequence[str]) -> NDArray[np.float32]:
    """[K, 5] as the dense heads give it; of several structures of one label the largest stays."""
    out = np.tile(np.array([0.5, 0.5, 0.0, 0.0, -_SURE], np.float32), (len(labels), 1))
    for item in sorted(items, key=lambda i: (i.box[2] - i.box[0]) * (i.box[3] - i.box[1])):
        if item.label in labels:
            x0, y0, x1, y1 = item.box
            row = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, _SURE)
            out[labels.index(item.label)] = row
    return out


def mask_tensor(
    items: Sequence[TextStructure], labels: Sequence[str], side: int
) -> NDArray[np.float32]:
    """[M, side, side] logits: a polygon becomes a mask by the same fill as everywhere else."""
    out = np.full((len(labels), side, side), -_SURE, np.float32)
    for item in items:
        if item.polygon and item.label in labels:
            inside = geometry.fill(np.array(item.polygon) * side, side, side)
            out[labels.index(item.label)][inside] = _SURE
    return out


def _json(text: str) -> Any:
    if not text.strip():
        raise InvalidModelOutput("The model answered nothing.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidModelOutput("The model's answer is not complete JSON.") from error
