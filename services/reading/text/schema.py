"""The JSON Schemas of FADA's phases. The text model cannot write anything else: they are its grammar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

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


def interpret(sentences: Mapping[str, Schema] | None = None) -> Schema:
    """Phase 1: eight fields, none of them empty. ``sentences`` narrows fields to a closed set."""
    plain = {"type": "string", "pattern": _PLAIN}
    closed = sentences or {}
    return _object({name: closed.get(name, plain) for name in FIELDS})


def classify(labels: Sequence[str]) -> Schema:
    """Phase 2: one of the release's labels."""
    return _object({"label": {"enum": list(labels)}})


def detect(labels: Sequence[str]) -> Schema:
    """Phase 4: boxes of the structures that phase 3 asked for."""
    item = _object({"bbox_2d": _coordinates(4), "label": {"enum": list(labels)}})
    return _array(item, min(MAX_FOUND, 2 * len(labels)))


def segment(labels: Sequence[str]) -> Schema:
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
