"""Images and labels held in memory, squared once to the size that training reads."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.data.ellipse import axis_ends
from models.data.manifest import Record
from models.fada.labels import BOXES, MASKS, PLANES

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

PLANE_UNKNOWN = -1
NT = PLANES.index("nt_view")
HEAD = PLANES.index("head")


@dataclass(slots=True)
class Sample:
    """One image on the square. Coordinates are 0..1 of the square.

    image [C, C]; masks [M, C, C] (0 or 255) or None; mask_known [M]: 1 labelled, 0 unknown; boxes
    [K, 4] as cx, cy, w, h; present [K]: 1, 0 (known to be absent) or -1 (unknown); keypoints
    [4, 2] or None; plane: index, or -1 for out of scope.
    """

    image: Gray
    masks: Gray | None
    mask_known: Floats
    boxes: Floats
    present: Floats
    keypoints: Floats | None
    plane: int
    dataset: str


def square(image: Image.Image, size: int) -> Gray:
    """Stretches to size x size by the antialiased triangle filter, like the hub does."""
    return np.asarray(image.convert("L").resize((size, size), Image.Resampling.BILINEAR))


def known_absent(plane: int) -> list[int]:
    """Box classes that a plane cannot show. A head plane may show thalami, midbrain and CM."""
    if plane == NT:
        return []
    if plane == HEAD:
        outside = {"NT", "nasal_bone", "nasal_tip", "nasal_skin", "palate"}
        return [i for i, name in enumerate(BOXES) if name in outside]
    return list(range(len(BOXES)))


def load_sample(record: Record, size: int) -> Sample:
    """Decodes one record. Raises OSError where a file cannot be read."""
    plane = PLANES.index(record.plane) if record.plane else PLANE_UNKNOWN
    with Image.open(record.path) as opened:
        width, height = opened.size
        image = square(opened, size)
    masks: Gray | None = None
    known = np.zeros(len(MASKS), np.float32)
    points: Floats | None = None
    if record.mask_path:
        classes = np.asarray(Image.open(record.mask_path))
        masks, known, points = _masks(classes, record, size)
    elif plane not in (HEAD, NT):
        known[:] = 1.0
    boxes = np.full((len(BOXES), 4), 0.5, np.float32)
    present = np.full(len(BOXES), -1.0, np.float32)
    present[known_absent(plane)] = 0.0
    if record.boxes:
        if plane == NT:
            present[: len(BOXES) - 3] = 0.0
        if "lateral_ventricle" in record.mask_labels.values():
            present[-2:] = 0.0
        for label, (x, y, w, h) in record.boxes.items():
            if label in BOXES:
                index = BOXES.index(label)
                present[index] = 1.0
                boxes[index] = (
                    (x + w / 2) / width,
                    (y + h / 2) / height,
                    w / width,
                    h / height,
                )
    return Sample(image, masks, known, boxes, present, points, plane, record.dataset)


def _masks(
    classes: npt.NDArray[np.uint8], record: Record, size: int
) -> tuple[Gray, Floats, Floats | None]:
    masks = np.zeros((len(MASKS), size, size), np.uint8)
    known = np.zeros(len(MASKS), np.float32)
    points: Floats | None = None
    for value, label in record.mask_labels.items():
        if label not in MASKS:
            continue
        index = MASKS.index(label)
        known[index] = 1.0
        inside = classes == value
        if label == "fetal_head":
            inside = classes > 0
            points = axis_ends(inside)
        masks[index] = square(Image.fromarray(inside.astype(np.uint8) * 255), size)
    return masks, known, points


def load_samples(records: Iterable[Record], size: int) -> list[Sample]:
    """All records, decoded, in order."""
    return [load_sample(record, size) for record in records]
