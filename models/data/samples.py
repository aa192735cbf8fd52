"""Images and labels held in memory, squared once to the size that training reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from models.data.ellipse import axis_ends
from models.data.manifest import Record
from models.fada.labels import (
    BOXES,
    BOXES_OF_PLANE,
    KEYPOINTS,
    MASKS,
    MASKS_OF_PLANE,
    NT_STRUCTURES,
    PLANES,
    SUBPLANES,
)

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

PLANE_UNKNOWN = -1
SUBPLANE_UNKNOWN = -1
NT = PLANES.index("nt_view")
SHAFT = 0.035  # width of the femur's mask, a bar between the ends that were marked, in sides
MEASURED = "MEASURED"  # the pool of heads and femurs that have ends of measured lines
ABDOMEN = "ABDOMEN"  # the pool of abdomens that have them
BRAIN = "BRAIN"  # the pool of heads cut higher or lower than where they are measured


@dataclass(slots=True)
class Sample:
    """One image on the square. Coordinates are 0..1 of the square.

    image [C, C]; masks: what is labelled and not empty, by index, each [C, C] (0 to 255);
    mask_known [M]: 1 labelled (or known to be absent), 0 unknown; boxes [K, 4] as cx, cy, w, h;
    present [K]: 1, 0 (known to be absent) or -1 (unknown); keypoints [Q, 2] and keypoints_known
    [Q]; plane: index, or -1 for out of scope; subplane: index, or -1 where unknown; pool: what the
    mix of a batch knows the image by.
    """

    image: Gray
    masks: Mapping[int, Gray]
    mask_known: Floats
    boxes: Floats
    present: Floats
    keypoints: Floats
    keypoints_known: Floats
    plane: int
    dataset: str
    subplane: int = SUBPLANE_UNKNOWN
    pool: str = field(default="")

    def __post_init__(self) -> None:
        self.pool = self.pool or self.dataset


def square(image: Image.Image, size: int) -> Gray:
    """Stretches to size x size by the antialiased triangle filter, like the hub does."""
    return np.asarray(image.convert("L").resize((size, size), Image.Resampling.BILINEAR))


def known_absent(plane: int) -> list[int]:
    """Indices of the box classes that a plane cannot show."""
    shown = BOXES_OF_PLANE[PLANES[plane]] if plane >= 0 else ()
    return [i for i, name in enumerate(BOXES) if name not in shown]


def absent_masks(plane: int) -> list[int]:
    """Indices of the masks that a plane cannot show."""
    shown = MASKS_OF_PLANE[PLANES[plane]] if plane >= 0 else ()
    return [i for i, name in enumerate(MASKS) if name not in shown]


def load_sample(record: Record, size: int) -> Sample:
    """Decodes one record at `size`. Raises OSError where a file cannot be read."""
    plane = PLANES.index(record.plane) if record.plane else PLANE_UNKNOWN
    with Image.open(record.path) as opened:
        width, height = opened.size
        image = square(opened, size)
    scale = np.array([width, height], np.float32)
    known = np.zeros(len(MASKS), np.float32)
    known[absent_masks(plane)] = 1.0
    masks: dict[int, Gray] = {}
    points = np.full((len(KEYPOINTS), 2), 0.5, np.float32)
    points_known = np.zeros(len(KEYPOINTS), np.float32)
    if record.mask_path:
        classes = np.asarray(Image.open(record.mask_path))
        masks = _masks(classes, record, size)
        if record.plane == "head" and not record.landmarks and "fetal_head" in _labels(masks):
            ends = axis_ends(head_of(classes, record.mask_labels))
            if ends is not None:
                points[:4], points_known[:4] = ends, 1.0
    for name, place in record.landmarks.items():
        index = KEYPOINTS.index(name)
        points[index], points_known[index] = np.array(place, np.float32) / scale, 1.0
    if "femur_a" in record.landmarks:
        at = KEYPOINTS.index("femur_a")
        masks[MASKS.index("femur")] = bar(points[at], points[at + 1], size)
    known[list(masks)] = 1.0
    boxes, present = _boxes(record, plane, scale)
    return Sample(
        image,
        masks,
        known,
        boxes,
        present,
        points,
        points_known,
        plane,
        record.dataset,
        SUBPLANES.index(record.subplane) if record.subplane else SUBPLANE_UNKNOWN,
        _pool(record),
    )


def _pool(record: Record) -> str:
    if record.landmarks:
        return ABDOMEN if record.plane == "abdomen" else MEASURED
    return BRAIN if record.subplane else record.dataset


def _labels(masks: Mapping[int, Gray]) -> set[str]:
    return {MASKS[index] for index in masks}


def _boxes(record: Record, plane: int, scale: Floats) -> tuple[Floats, Floats]:
    width, height = (float(v) for v in scale)
    boxes = np.full((len(BOXES), 4), 0.5, np.float32)
    present = np.full(len(BOXES), -1.0, np.float32)
    present[known_absent(plane)] = 0.0
    if not record.boxes:
        return boxes, present
    if plane == NT:
        present[: len(NT_STRUCTURES)] = 0.0
    if "lateral_ventricle" in record.mask_labels.values():
        present[[BOXES.index("CSP"), BOXES.index("lateral_ventricle")]] = 0.0
    for label, (x, y, w, h) in record.boxes.items():
        if label in BOXES:
            index = BOXES.index(label)
            present[index] = 1.0
            boxes[index] = ((x + w / 2) / width, (y + h / 2) / height, w / width, h / height)
    return boxes, present


def head_of(classes: npt.NDArray[np.uint8], labels: Mapping[int, str]) -> npt.NDArray[np.bool_]:
    """Where the head is in a class-index mask [H, W]: what lies inside of it belongs to it."""
    inner = [value for value, name in labels.items() if name in ("CSP", "lateral_ventricle")]
    own = [value for value, name in labels.items() if name == "fetal_head"]
    return np.isin(classes, [*own, *inner])


def bar(a: Floats, b: Floats, size: int) -> Gray:
    """A bar `SHAFT` wide between two points in 0..1, its ends cut straight: [size, size], 0 to 255.

    Its length is that of the ellipse with its moments times sqrt(3) / 2, whatever its width.
    """
    fine = 2
    along = b - a
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6) * SHAFT / 2
    corners = [a + across, b + across, b - across, a - across]
    canvas = Image.new("L", (size * fine, size * fine))
    ImageDraw.Draw(canvas).polygon(
        [(float(x) * size * fine, float(y) * size * fine) for x, y in corners], fill=255
    )
    return np.asarray(canvas.resize((size, size), Image.Resampling.BOX))


def _masks(classes: npt.NDArray[np.uint8], record: Record, size: int) -> dict[int, Gray]:
    masks: dict[int, Gray] = {}
    for value, label in record.mask_labels.items():
        if label not in MASKS:
            continue
        inside = classes == value
        if label == "fetal_head":
            inside = head_of(classes, record.mask_labels)
        masks[MASKS.index(label)] = square(Image.fromarray(inside.astype(np.uint8) * 255), size)
    return masks


def load_samples(records: Iterable[Record], size: int) -> list[Sample]:
    """All records, decoded, in order."""
    return [load_sample(record, size) for record in records]
