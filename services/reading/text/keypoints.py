"""The keypoints that a text model names: the ends of CRL and NT, and of the picture's scale bar.

FADA's published form is a list of ``{"bbox_2d": [x0, y0, x1, y1], "label": "CRL_KP", "keypoints":
[[x, y, visibility], ...]}`` with integers, coordinates 0 to 1000 (arXiv 2606.11106; CRL_KP, NTKpoints and
ScaleBarKpoints). How many points a label has was not published: a length is taken from exactly two that
are visible, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput
from services.reading.text import prompting

# What this system calls the two ends that a label of FADA's stands for.
ENDS: Final[Mapping[str, tuple[str, str]]] = {
    "CRL_KP": ("crl_a", "crl_b"),
    "NTKpoints": ("nt_a", "nt_b"),
    "ScaleBarKpoints": ("scale_a", "scale_b"),
}
MAX_POINTS: Final = 8
HIDDEN, SHOWN = 0, 2  # visibility: 0 not there, 1 there but covered, 2 visible
_SURE: Final = 6.0  # logit of what a text model names: it has no confidence of its own


@dataclass(frozen=True, slots=True)
class TextKeypoints:
    """One answer: x0, y0, x1, y1 and the points (x, y, visibility), in 0..1 of the square."""

    label: str
    box: tuple[float, float, float, float]
    points: tuple[tuple[float, float, int], ...]

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """The two points that are not hidden, from left to right; nothing where they are not two."""
        seen = sorted((x, y) for x, y, visibility in self.points if visibility > HIDDEN)
        return tuple(seen) if len(seen) == 2 else ()


def schema(labels: Sequence[str]) -> prompting.Schema:
    """What may be answered: at most one item for each label."""
    place = {"type": "integer", "minimum": 0, "maximum": prompting.SCALE}
    seen = {"type": "integer", "minimum": HIDDEN, "maximum": SHOWN}
    point = {"type": "array", "prefixItems": [place, place, seen], "items": False, "minItems": 3}
    points = {"type": "array", "items": point, "minItems": 1, "maxItems": MAX_POINTS}
    box = {"type": "array", "items": place, "minItems": 4, "maxItems": 4}
    properties = {"bbox_2d": box, "label": {"enum": list(labels)}, "keypoints": points}
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "array", "items": item, "maxItems": len(labels)}


def read(text: str, labels: Sequence[str]) -> tuple[TextKeypoints, ...]:
    """The keypoints of an answer; an empty list is a valid answer.

    Raises:
        InvalidModelOutput: another form, a coordinate outside 0 to 1000 or an unknown label.
    """
    value = prompting.read_json(text)
    if not isinstance(value, list) or len(value) > prompting.MAX_FOUND:
        raise InvalidModelOutput("The model's list of keypoints is not a list.")
    return tuple(_one(item, labels) for item in value)


def _one(item: Any, labels: Sequence[str]) -> TextKeypoints:
    if not isinstance(item, dict) or item.get("label") not in labels:
        raise InvalidModelOutput("The model marks a structure that nobody asked for.")
    x0, y0, x1, y1 = prompting.read_numbers(item.get("bbox_2d"), 4)
    points = item.get("keypoints")
    if not isinstance(points, list) or not 0 < len(points) <= MAX_POINTS:
        raise InvalidModelOutput("The model's keypoints are none.")
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return TextKeypoints(str(item["label"]), box, tuple(_point(p) for p in points))


def _point(value: Any) -> tuple[float, float, int]:
    if not isinstance(value, list) or len(value) != 3:
        raise InvalidModelOutput("A keypoint of the model's is not x, y and visibility.")
    x, y = prompting.read_numbers(value[:2], 2)
    visibility = value[2]
    if isinstance(visibility, bool) or visibility not in range(HIDDEN, SHOWN + 1):
        raise InvalidModelOutput("A keypoint's visibility is not 0, 1 or 2.")
    return x, y, int(visibility)


def tensor(items: Sequence[TextKeypoints], names: Sequence[str]) -> NDArray[np.float32]:
    """[Q, 3] as the dense heads give it (x, y, visibility logit), at least one row; of several answers for
    one label the first that has two ends stays."""
    out = np.tile(np.array([0.5, 0.5, -_SURE], np.float32), (max(len(names), 1), 1))
    for item in reversed(items):
        for name, place in zip(ENDS[item.label], item.ends, strict=False):
            if name in names:
                out[list(names).index(name)] = (*place, _SURE)
    return out
