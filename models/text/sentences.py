"""FADA's eight interpretation fields, written from labels and measurements alone.

No expert wrote these sentences and none is invented: what a data set does not label is marked as
unknown and is not learnt. Nothing is ever called normal, no age is named, no sex is spoken of.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

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
NO_PLANE: Final = "no_plane"
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the labels say about one image; None is unknown. Coordinates are 0..1 of the square.

    plane: a label of the release, or None for none of them. structures: labelled as visible.
    centres: box centres by label. axis: the two ends of the head's long axis. quality: 1 is good,
    0 is unreadable, None where nobody knows.
    """

    plane: str | None
    structures: Sequence[str] | None = None
    centres: Mapping[str, Point] | None = None
    axis: tuple[Point, Point] | None = None
    quality: float | None = None


@dataclass(frozen=True, slots=True)
class _Words:
    structures: str
    plane: str
    measurable: str
    looked_at: str
    advice: str


_BY_PLANE: Final[Mapping[str, _Words]] = {
    "head": _Words(
        "Fetal head, skull outline.",
        "Axial plane of the fetal head.",
        "HC, BPD, OFD.",
        "skull outline",
        "Measure HC on a calibrated image.",
    ),
    "abdomen": _Words(
        "Fetal abdomen.",
        "Transverse plane of the fetal abdomen.",
        "AC.",
        "abdomen",
        "Measure AC on a calibrated image.",
    ),
    "femur": _Words(
        "Fetal femur.",
        "Longitudinal plane of the fetal femur.",
        "FL.",
        "femur",
        "Measure FL on a calibrated image.",
    ),
    "thorax": _Words(
        "Fetal thorax.",
        "Plane of the fetal thorax.",
        "None.",
        "thorax",
        "No measurement in this plane.",
    ),
    "nt_view": _Words(
        "",
        "Mid-sagittal NT view of the fetal head and neck.",
        "NT.",
        "NT view",
        "Measure NT on a calibrated image.",
    ),
    "intrapartum": _Words(
        "Fetal head, pubic symphysis.",
        "Transperineal plane in labour.",
        "AoP.",
        "fetal head and pubic symphysis",
        "Measure the angle of progression.",
    ),
    NO_PLANE: _Words(
        "No known fetal plane.",
        "No known fetal plane.",
        "None.",
        "no known fetal plane",
        "Repeat the scan.",
    ),
}
NT_NAMES: Final = {
    "NT": "nuchal translucency",
    "nasal_bone": "nasal bone",
    "nasal_tip": "nasal tip",
    "nasal_skin": "nasal skin",
    "palate": "palate",
    "thalami": "thalami",
    "midbrain": "midbrain",
    "IT": "intracranial translucency",
    "CM": "cisterna magna",
}
_AXES: Final = ("horizontal", "oblique", "vertical")
_QUALITIES: Final = ("Good.", "Reduced.", "Poor.")
_UNKNOWN_ORIENTATION: Final = "Not determined."


def write(seen: Seen) -> dict[str, str | None]:
    """The eight fields in order; None where the labels do not tell."""
    plane = seen.plane or NO_PLANE
    words = _BY_PLANE[plane]
    return {
        "anatomical_structures": _structures(seen) if plane == "nt_view" else words.structures,
        "fetal_orientation": _orientation(seen),
        "imaging_plane": words.plane,
        "biometric_measurements": words.measurable,
        "gestational_age": "Not stated: needs a calibrated measurement.",
        "image_quality": "Not assessed." if plane == NO_PLANE else _quality(seen.quality),
        "normality_assessment": f"Not assessed. Looked at: {words.looked_at}.",
        "clinical_recommendations": f"{words.advice} Review by a trained person.",
    }


def _structures(seen: Seen) -> str | None:
    if seen.structures is None:
        return None
    names = [name for label, name in NT_NAMES.items() if label in seen.structures]
    if not names:
        return None
    text = ", ".join(names)
    return f"{text[0].upper()}{text[1:]}."


def _orientation(seen: Seen) -> str | None:
    if seen.plane == "head":
        return None if seen.axis is None else _axis_text(*seen.axis)
    if seen.plane == "nt_view":
        centres = seen.centres or {}
        face = [centres[k][0] for k in ("nasal_tip", "nasal_bone", "nasal_skin") if k in centres]
        back = [centres[k][0] for k in ("thalami", "midbrain", "CM", "IT", "NT") if k in centres]
        if not face or not back:
            return None
        side = "left" if sum(face) / len(face) < sum(back) / len(back) else "right"
        return f"Face towards the {side} of the image."
    return _UNKNOWN_ORIENTATION


def _axis_text(start: Point, end: Point) -> str:
    angle = math.degrees(math.atan2(abs(end[1] - start[1]), abs(end[0] - start[0])))
    name = _AXES[0 if angle < 30 else 1 if angle < 60 else 2]
    return f"Long axis of the head {name} in the image."


def _quality(quality: float | None) -> str | None:
    if quality is None:
        return None
    return _QUALITIES[0 if quality > 0.9 else 1 if quality > 0.5 else 2]


def answer(fields: Mapping[str, str]) -> str:
    """The compact JSON that the model learns to write: fewer tokens, the same object."""
    return json.dumps(dict(fields), separators=(",", ":"), ensure_ascii=False)


def classified(plane: str | None) -> str:
    """The answer of the classify phase."""
    return json.dumps({"label": plane or NO_PLANE}, separators=(",", ":"))


def fillers(seen: Seen) -> dict[str, tuple[str, ...]]:
    """Possible values of each field that the labels can leave open, for teacher forcing."""
    orientation = tuple(f"Long axis of the head {a} in the image." for a in _AXES)
    if seen.plane == "nt_view":
        orientation = tuple(f"Face towards the {s} of the image." for s in ("left", "right"))
    return {
        "anatomical_structures": ("Nuchal translucency, nasal bone, palate, thalami.",),
        "fetal_orientation": orientation,
        "image_quality": _QUALITIES,
    }


def allowed(plane: str) -> dict[str, dict[str, object]]:
    """What each field may say about a plane, as JSON Schema: a release's closed set of sentences."""
    seen = Seen(None if plane == NO_PLANE else plane, quality=1.0)
    open_fields = fillers(seen)
    forms: dict[str, dict[str, object]] = {}
    for name, value in write(seen).items():
        several = name == "image_quality" and plane != NO_PLANE
        options = list(open_fields[name]) if value is None or several else [value]
        forms[name] = {"enum": options}
    if plane == "nt_view":
        pattern = f"^({'|'.join(_lists(list(NT_NAMES.values())))})\\.$"
        forms["anatomical_structures"] = {"type": "string", "pattern": pattern}
    return forms


def _lists(names: Sequence[str]) -> Iterator[str]:
    """Patterns of all lists of the names in order, each at most once, the first with a capital."""
    for index, first in enumerate(names):
        rest = "".join(f"(, {name})?" for name in names[index + 1 :])
        yield f"{first[0].upper()}{first[1:]}{rest}"


def corpus() -> Iterator[str]:
    """Texts that hold every word the model may write: what the tokenizer is trained on."""
    names = list(NT_NAMES)
    for plane, quality in product(_BY_PLANE, (1.0, 0.7, 0.2)):
        for axis in (((0.0, 0.0), (1.0, 0.0)), ((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (0.1, 1.0))):
            for count in range(1, len(names) + 1):
                for side in (0.1, 0.9):
                    centres = {"nasal_tip": (side, 0.5), "thalami": (0.5, 0.5)}
                    label = None if plane == NO_PLANE else plane
                    chosen = names[-count:] if side < 0.5 else names[:count]
                    seen = Seen(label, chosen, centres, axis, quality)
                    yield answer({k: v or "Not determined." for k, v in write(seen).items()})
        yield classified(None if plane == NO_PLANE else plane)
