"""The heads' findings as one canonical line: what a release's decoder reads in place of the image.

Everything is rounded to what words can say, nothing about a patient is in it, and the line is the only
source of the words: ``Findings.read`` gives back what ``Findings.line`` wrote. The phone writes the same
line (web/phone/src/reading/findings.ts).

    plane head 9;image good 8;found fetal_head,CSP;sure 9 4;unclear CSP;axis oblique 30
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from services.reading.confidence import Thresholds, softmax
from services.reading.images import geometry

if TYPE_CHECKING:
    from services.reading.releases.manifest import Manifest
    from services.reading.text.finding_words import FindingWords

Dense = Mapping[str, NDArray[np.float32]]
LEFT, RIGHT = "left", "right"
_EDGE: Final = (
    0.01  # of the square's side: a box that comes nearer is cut off by the image's border
)
_SEEN: Final = 0.5  # probability from which the end of an axis is taken as seen


@dataclass(frozen=True, slots=True)
class Findings:
    """What the heads found.

    ``sure`` and ``image``: tenths (0 to 9) of the plane's probability and of the image's quality;
    ``level``: the release's word for the latter. ``found``: labels with the tenths of the probability
    that their box is right; of these ``unclear`` are those that are too little sure, ``cut`` those that
    the image's border cuts off, and none is in both. ``missing``: what the plane should show, the
    release looks for, and nothing was found of. ``axis``: the long axis' angle to the horizontal of the
    square, in whole tens of degrees from 0 to 90; ``face``: the side it looks to; None where they are
    not known.
    """

    plane: str
    sure: int
    level: str
    image: int
    found: tuple[tuple[str, int], ...] = ()
    unclear: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    axis: int | None = None
    face: str | None = None

    def line(self) -> str:
        """The canonical text; what is empty is left out."""
        parts = [f"plane {self.plane} {self.sure}", f"image {self.level} {self.image}"]
        if self.found:
            parts.append(f"found {','.join(label for label, _ in self.found)}")
            parts.append(f"sure {' '.join(str(tenths) for _, tenths in self.found)}")
        lists = {name: ",".join(getattr(self, name)) for name in _LISTS}
        parts += [f"{name} {labels}" for name, labels in lists.items() if labels]
        parts += [f"axis {self.axis_word} {self.axis}"] if self.axis is not None else []
        parts += [f"face {self.face}"] if self.face is not None else []
        return ";".join(parts)

    @classmethod
    def read(cls, line: str) -> Findings:
        """The inverse of ``line``.

        Raises:
            ValueError: it is no such line.
        """
        parts = dict(part.split(" ", 1) for part in line.split(";"))
        if not _NEEDED <= set(parts) <= _PARTS:
            raise ValueError("this is no line of findings")
        (plane, sure), (level, image) = parts["plane"].split(" "), parts["image"].split(" ")
        labels, tenths = parts.get("found", "").split(","), parts.get("sure", "").split(" ")
        seen = [(k, int(t)) for k, t in zip(labels, tenths, strict=True) if k]
        unclear, cut, missing = (
            tuple(filter(None, parts.get(name, "").split(","))) for name in _LISTS
        )
        axis = int(parts["axis"].split(" ")[1]) if "axis" in parts else None
        given = plane, int(sure), level, int(image), tuple(seen), unclear, cut, missing
        return cls(*given, axis=axis, face=parts.get("face"))

    def looks_for(self, label: str) -> bool:
        """Whether the release looks for it, where its absence would be said: it was found, or is missing."""
        return label in self.missing or any(label == name for name, _ in self.found)

    @property
    def axis_word(self) -> str:
        """How the long axis lies, as far as it is known."""
        if self.axis is None:
            return ""
        return "horizontal" if self.axis < 30 else "oblique" if self.axis < 60 else "vertical"


_LISTS: Final = ("unclear", "cut", "missing")
_NEEDED: Final = {"plane", "image"}
_PARTS: Final = _NEEDED | {"found", "sure", *_LISTS, "axis", "face"}


def findings_of(dense: Dense, manifest: Manifest, words: FindingWords) -> Findings:
    """The findings of one image's dense tensors, [1, ...] each, by the rules with which the judge shows
    structures: the same thresholds, and the same outlines taken as leaked. ``words`` say what a plane
    should show and which points tell how the fetus lies.

    Raises:
        KeyError: a plane that ``words`` do not know.
    """
    rules = manifest.thresholds
    chances = softmax(dense["PLANE"][0], rules.plane_temperature)
    best = int(chances.argmax())
    plane = manifest.planes[best]
    about = words.planes[plane]
    seen: dict[str, int] = {}
    cut, places = [], {}
    for label in manifest.structures_by_plane.get(plane, ()):
        box = [float(v) for v in dense["BOXES"][0, manifest.boxes.index(label)]]
        sure = rules.probability(label, box[4])
        if sure < rules.threshold(label) or _has_leaked(label, dense, manifest, rules):
            continue
        seen[label], places[label] = _tenths(sure), box[0]
        if _is_cut(*box[:4]):
            cut.append(label)
    image = _tenths(rules.quality_platt(float(dense["QUALITY"][0, 0])))
    unclear = [k for k, tenths in seen.items() if tenths < words.unclear and k not in cut]
    return Findings(
        plane,
        _tenths(float(chances[best])),
        words.level(image),
        image,
        tuple(seen.items()),
        tuple(unclear),
        tuple(cut),
        tuple(k for k in about.expected if k in manifest.boxes and k not in seen),
        _axis(about.axis, dense["KEYPOINTS"][0], manifest),
        _face(about.front, about.back, places),
    )


def _is_cut(cx: float, cy: float, width: float, height: float) -> bool:
    nearest = min(cx - width / 2, cy - height / 2, 1 - cx - width / 2, 1 - cy - height / 2)
    return nearest < _EDGE


def _has_leaked(label: str, dense: Dense, manifest: Manifest, rules: Thresholds) -> bool:
    least = rules.filling.get(label, 0.0)
    if not least or label not in manifest.masks:
        return False
    mask = dense["MASKS"][0, manifest.masks.index(label)]
    traced = geometry.outline(mask, rules.mask_level.get(label, 0.0))
    return traced is not None and geometry.filling(traced) < least


def _axis(ends: Sequence[str], keypoints: NDArray[np.float32], manifest: Manifest) -> int | None:
    if len(ends) != 2 or not set(ends) <= set(manifest.keypoints):
        return None
    points = [keypoints[manifest.keypoints.index(name)].astype(np.float64) for name in ends]
    for name, point in zip(ends, points, strict=True):
        if manifest.thresholds.probability(name, float(point[2])) < _SEEN:
            return None
    across, down = np.abs(points[1] - points[0])[:2]
    return math.floor(math.degrees(math.atan2(down, across)) / 10) * 10


def _face(front: Sequence[str], back: Sequence[str], seen: Mapping[str, float]) -> str | None:
    """``seen`` holds the place of each structure from left to right, 0 to 1."""
    face = [seen[label] for label in front if label in seen]
    neck = [seen[label] for label in back if label in seen]
    if not face or not neck:
        return None
    return LEFT if sum(face) / len(face) < sum(neck) / len(neck) else RIGHT


def _tenths(share: float) -> int:
    return min(9, max(0, math.floor(share * 10)))
