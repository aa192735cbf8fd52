"""Phone against hub on the same images: what must be the same, and how near the rest must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from models.gates.finding import PHONE, Finding, at_least, at_most
from services.domain.report import FrameReading
from services.reading.images import geometry

LEAST_OVERLAP, MOST_GAP = 0.99, 0.01
MOST_ANGLE = 1 / 360  # a degree, of the whole turn
# Whole and equal: every label, reason and word.
_LABELS = ("in_scope", "classification", "mapping", "abstentions", "flags")


@dataclass(slots=True)
class ImageParity:
    """Over all images: differences by name of the image, the worst overlaps and gaps."""

    images: int = 0
    labels: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    texts: int = 0
    boxes: list[float] = field(default_factory=list)
    masks: list[float] = field(default_factory=list)
    confidence: float = 0.0
    points: float = 0.0
    sizes: float = 0.0
    angles: float = 0.0

    def add(self, name: str, phone: Mapping[str, Any], hub: FrameReading) -> None:
        """One image: the phone's frame as JSON, the hub's reading."""
        theirs = _plain(asdict(hub))
        self.images += 1
        self.texts += bool(theirs["interpretation"])
        if phone["interpretation"] != theirs["interpretation"]:
            self.words.append(name)
        same = all(phone[key] == theirs[key] for key in _LABELS)
        same &= all(_named(phone[key]) == _named(theirs[key]) for key in ("plane", "subplane"))
        for key in ("structures", "keypoints", "measurements", "angles", "datings"):
            same &= [_named(x) for x in phone[key]] == [_named(x) for x in theirs[key]]
        if not same:
            self.labels.append(name)
            return  # nothing to hold side by side
        self._confidences(phone, theirs)
        for mine, other in zip(phone["structures"], theirs["structures"], strict=True):
            self._structure(mine, other, theirs["width"], theirs["height"])
        size = max(theirs["width"], theirs["height"])
        for mine, other in zip(phone["keypoints"], theirs["keypoints"], strict=True):
            gap = np.hypot(mine["x"] - other["x"], mine["y"] - other["y"]) / size
            self.points = max(self.points, float(gap))
        for mine, other in zip(phone["measurements"], theirs["measurements"], strict=True):
            self._size(mine, other)
        for mine, other in zip(phone["angles"], theirs["angles"], strict=True):
            self.angles = max(self.angles, abs(mine["degrees"] - other["degrees"]) / 360)

    def _structure(
        self, mine: Mapping[str, Any], other: Mapping[str, Any], width: int, height: int
    ) -> None:
        self.boxes.append(box_overlap(mine["box"], other["box"]))
        if mine["polygon"] or other["polygon"]:
            self.masks.append(mask_overlap(mine["polygon"], other["polygon"], width, height))

    def _size(self, mine: Mapping[str, Any], other: Mapping[str, Any]) -> None:
        """Millimetres that only one of them gives are a whole gap: a scale was used by one alone."""
        for key in ("px", "mm"):
            a, b = mine[key], other[key]
            if (a is None) != (b is None):
                self.sizes = max(self.sizes, 1.0)
            elif a is not None:
                self.sizes = max(self.sizes, abs(a - b) / max(b, 1e-9))

    def _confidences(self, phone: Mapping[str, Any], hub: Mapping[str, Any]) -> None:
        pairs = [(phone[key], hub[key]) for key in ("scope_confidence", "quality")]
        by_plane = {p["label"]: p["confidence"] for p in hub["planes"]}
        pairs += [(p["confidence"], by_plane[p["label"]]) for p in phone["planes"]]
        if phone["subplane"] is not None:
            pairs.append((phone["subplane"]["confidence"], hub["subplane"]["confidence"]))
        for key in ("structures", "keypoints"):
            for mine, other in zip(phone[key], hub[key], strict=True):
                pairs.append((mine["confidence"], other["confidence"]))
        self.confidence = max(self.confidence, *(abs(a - b) for a, b in pairs))

    def findings(self) -> Iterator[Finding]:
        """The gate's lines; nothing measured where no image was read."""
        n = self.images
        yield at_most(PHONE, _names("labels differ", self.labels, n), _share(self.labels, n), 0)
        yield at_most(PHONE, _names("texts differ", self.words, n), _share(self.words, n), 0)
        if self.boxes:
            yield at_least(PHONE, "boxes, lowest IoU", min(self.boxes), LEAST_OVERLAP)
        if self.masks:
            yield at_least(PHONE, "masks, lowest IoU", min(self.masks), LEAST_OVERLAP)
        gap = self.confidence if n else None
        yield at_most(PHONE, "confidences, largest gap", gap, MOST_GAP)
        yield at_most(PHONE, "keypoints, largest gap", self.points if n else None, MOST_GAP)
        yield at_most(PHONE, "measurements, largest gap", self.sizes if n else None, MOST_GAP)
        yield at_most(PHONE, "angles, largest gap of 360°", self.angles if n else None, MOST_ANGLE)


def box_overlap(a: list[float], b: list[float]) -> float:
    """IoU of (x0, y0, x1, y1); 1 where both are the same, empty ones too."""
    if list(a) == list(b):
        return 1.0
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    common = max(w, 0.0) * max(h, 0.0)
    area = sum((x[2] - x[0]) * (x[3] - x[1]) for x in (a, b))
    return common / max(area - common, 1e-9)


def mask_overlap(a: list[Any], b: list[Any], width: int, height: int) -> float:
    """IoU of two filled outlines; 0 where only one of them is there."""
    if not a or not b:
        return 0.0
    one, other = (geometry.fill(np.array(points), width, height) for points in (a, b))
    return float((one & other).sum() / max((one | other).sum(), 1))


def _named(value: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """What names a thing: label or name, and what its millimetres rest on."""
    if value is None:
        return ()
    return tuple(value.get(key) for key in ("label", "name", "equation", "calibration"))


def _names(what: str, images: list[str], count: int) -> str:
    shown = f": {', '.join(images[:4])}{' …' if len(images) > 4 else ''}" if images else ""
    return f"{what} (share of {count} images){shown}"


def _share(differing: list[str], count: int) -> float | None:
    return len(differing) / count if count else None


def _plain(value: Any) -> Any:
    """As it comes from JSON: lists for tuples, plain strings for enumerations."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, str) else value
