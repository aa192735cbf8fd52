"""What a release's text model is asked in each phase, what it may answer, and how its answer is read.

The prompts come from the release's manifest, never from code; none holds anything about a patient. The
text model cannot write anything but the JSON of its phase: the schemas are its grammar. Answers are read
strictly, so that a broken one fails the job and is never shown. Boxes and polygons come as FADA writes
them (0 to 1000) and leave in 0..1 of the square, the same coordinates as the dense heads', so that both
kinds of release share all that follows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput
from services.reading.images import geometry

IMAGE, FINDINGS, PROMPT, PLANE = "{image}", "{findings}", "{prompt}", "{plane}"
NAMES: Final = "{structures}"
TURN: Final = "<|im_start|>user\n{image}{prompt}<|im_end|>\n<|im_start|>assistant\n"


@dataclass(frozen=True, slots=True)
class Prompts:
    """A release's constant words: one prompt a phase; empty: that phase is not asked of its text model.

    ``interpret_plane`` holds {plane}: it is asked where the release's heads have named a plane, so
    that the words speak of the same one. ``detect``, ``segment`` and ``keypoints`` may hold
    {structures}, where the names that are asked for stand. ``template`` is the whole turn with
    {image} before {prompt}: what stands before the prompt is the same for all phases, so that the
    image is encoded once; {findings} in its place says that the text model reads the heads' findings
    instead. The separators are those of the JSON that the release was taught; no other white space is
    let through, so that no model can fill its answer with it.
    """

    version: str
    interpret: str = ""
    classify: str = ""
    detect: str = ""
    segment: str = ""
    template: str = TURN
    item_separator: str = ","
    key_separator: str = ":"
    interpret_plane: str = ""
    keypoints: str = ""

    def __post_init__(self) -> None:
        seen, prompt = self.template.find(self._seen), self.template.find(PROMPT)
        if not 0 <= seen < prompt:
            raise ValueError("the template must hold {image} or {findings}, then {prompt}")

    @property
    def reads_findings(self) -> bool:
        """Whether the heads' findings stand in the place of the image."""
        return FINDINGS in self.template

    @property
    def _seen(self) -> str:
        return FINDINGS if self.reads_findings else IMAGE

    def interpretation(self, plane: str | None) -> str:
        """Phase 1's prompt, with the plane where it is known and the release was taught so."""
        if plane is None or not self.interpret_plane:
            return self.interpret
        return self.interpret_plane.replace(PLANE, plane)

    def asking(self, prompt: str, labels: Sequence[str]) -> str:
        """A prompt with the names of what is asked for, where it holds a place for them."""
        return prompt.replace(NAMES, ", ".join(labels))

    @property
    def before(self) -> str:
        """What stands before the image or the findings."""
        return self.template[: self.template.index(self._seen)]

    def after(self, prompt: str) -> str:
        """What stands after the image or the findings, for one phase."""
        rest = self.template[self.template.index(self._seen) + len(self._seen) :]
        return rest.replace(PROMPT, prompt)


FIELDS: Final = (
    "anatomical_structures",
    "fetal_orientation",
    "imaging_plane",
    "biometric_measurements",
    "gestational_age",
    "image_quality",
    "normality_assessment",
    "clinical_recommendations",
)
MAX_FIELD: Final = 240  # characters
MAX_FOUND: Final = 24  # structures in one answer
MAX_POINTS: Final = 64
SCALE: Final = 1000  # coordinates are 0 to 1000 of the image's sides

# Printable ASCII without quote and backslash: no character is more than one byte or escaped, so
# that a bound in characters is a bound in tokens, and every answer comes to its end.
_PLAIN: Final = rf"^[ !#-\[\]-~]{{1,{MAX_FIELD}}}$"
Schema = dict[str, Any]


def interpretation_schema(sentences: Mapping[str, Schema] | None = None) -> Schema:
    """Phase 1: eight fields, none of them empty. ``sentences`` narrows fields to a closed set."""
    plain = {"type": "string", "pattern": _PLAIN}
    closed = sentences or {}
    return _object({name: closed.get(name, plain) for name in FIELDS})


def classification_schema(labels: Sequence[str]) -> Schema:
    """Phase 2: one of the release's labels."""
    return _object({"label": {"enum": list(labels)}})


def detection_schema(labels: Sequence[str]) -> Schema:
    """Phase 4: boxes of the structures that phase 3 asked for."""
    item = _object({"bbox_2d": _coordinates(4), "label": {"enum": list(labels)}})
    return _array(item, min(MAX_FOUND, 2 * len(labels)))


def segmentation_schema(labels: Sequence[str]) -> Schema:
    """Phase 5: the same with a polygon each."""
    polygon = {"type": "array", "items": _coordinates(2), "minItems": 3, "maxItems": MAX_POINTS}
    label = {"enum": list(labels)}
    item = _object({"bbox_2d": _coordinates(4), "label": label, "mask": polygon})
    return _array(item, min(MAX_FOUND, len(labels)))


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: Schema, most: int) -> Schema:
    return {"type": "array", "items": items, "maxItems": most}


def _coordinates(count: int) -> Schema:
    number = {"type": "integer", "minimum": 0, "maximum": SCALE}
    return {"type": "array", "items": number, "minItems": count, "maxItems": count}


_SURE = 6.0  # logit of what a text model names: it has no confidence of its own


@dataclass(frozen=True, slots=True)
class TextStructure:
    """One structure as a text model names it: x0, y0, x1, y1 and polygon in 0..1 of the square."""

    label: str
    box: tuple[float, float, float, float]
    polygon: tuple[tuple[float, float], ...] = ()


def read_interpretation(text: str) -> dict[str, str]:
    """The eight fields.

    Raises:
        InvalidModelOutput: not that object, or a field is empty.
    """
    value = read_json(text)
    if not isinstance(value, dict) or set(value) != set(FIELDS):
        raise InvalidModelOutput("The interpretation does not have its eight fields.")
    for field in value.values():
        if not isinstance(field, str) or not 0 < len(field.strip()) <= MAX_FIELD:
            raise InvalidModelOutput("A field of the interpretation is empty or too long.")
    return {name: value[name] for name in FIELDS}


def read_label(text: str, labels: Sequence[str]) -> str:
    """The class label.

    Raises:
        InvalidModelOutput: not one of the release's labels.
    """
    value = read_json(text)
    if not isinstance(value, dict) or set(value) != {"label"} or value["label"] not in labels:
        raise InvalidModelOutput("The classification is not one of the release's labels.")
    return str(value["label"])


def read_structures(text: str, labels: Sequence[str]) -> tuple[TextStructure, ...]:
    """The structures of a detect or a segment answer; an empty list is a valid answer.

    Raises:
        InvalidModelOutput: another form, a coordinate outside 0 to 1000 or an unknown label.
    """
    value = read_json(text)
    if not isinstance(value, list) or len(value) > MAX_FOUND:
        raise InvalidModelOutput("The model's list of structures is not a list.")
    return tuple(_one(item, labels) for item in value)


def _one(item: object, labels: Sequence[str]) -> TextStructure:
    if not isinstance(item, dict) or item.get("label") not in labels:
        raise InvalidModelOutput("The model names a structure that nobody asked for.")
    x0, y0, x1, y1 = read_numbers(item.get("bbox_2d"), 4)
    points = item.get("mask", [])
    if not isinstance(points, list) or len(points) > MAX_POINTS or 0 < len(points) < 3:
        raise InvalidModelOutput("The model's polygon is not one.")
    polygon = tuple((x, y) for x, y in (read_numbers(p, 2) for p in points))
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return TextStructure(str(item["label"]), box, polygon)


def read_numbers(values: object, count: int) -> tuple[float, ...]:
    """``count`` coordinates, as shares of the square's side.

    Raises:
        InvalidModelOutput: another count, no numbers, or outside 0 to 1000.
    """
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


def read_json(text: str) -> Any:
    """Any JSON value.

    Raises:
        InvalidModelOutput: nothing, or not complete JSON.
    """
    if not text.strip():
        raise InvalidModelOutput("The model answered nothing.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidModelOutput("The model's answer is not complete JSON.") from error
