"""Runs a release over labelled images: what it said beside what is true."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.data.manifest import Record
from models.data.samples import head_of
from models.fada.labels import MASKS
from services.reading.contract import RawReading
from services.reading.images.picture import Square, square

Gray = npt.NDArray[np.uint8]
Change = Callable[[Gray, np.random.Generator], Gray]
Box = tuple[float, float, float, float]


class DenseModel(Protocol):
    """Whatever gives the contract's dense tensors: a vision graph, or a release that answers in text."""

    @property
    def side(self) -> int:
        """The square's side."""

    def run(self, images: Sequence[Gray]) -> dict[str, npt.NDArray[np.float32]]:
        """Squares to tensors by name, the first axis is the image."""


def view_of(record: Record, label: str) -> str:
    """The name under which a structure is scored: a head that labour or landmarks show is another
    task than one that was outlined in its own plane."""
    if label != "fetal_head":
        return label
    if record.plane == "intrapartum":
        return "fetal_head_intrapartum"
    return "fetal_head_by_landmarks" if record.landmarks else label


@dataclass(slots=True)
class Observation:
    """One image. Boxes are (x0, y0, x1, y1) in the image's pixels; masks are [H, W].

    `boxes` is None where nobody annotated any; a structure that is not in `boxes` of an annotated
    image is absent.
    """

    record: Record
    square: Square
    raw: RawReading
    boxes: dict[str, Box] | None = None
    masks: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)


def raw_reading(outputs: dict[str, npt.NDArray[np.float32]], index: int) -> RawReading:
    """Image `index` of a batch's tensors, without text."""
    return RawReading(
        outputs["PLANE"][index],
        float(outputs["SCOPE"][index, 0]),
        float(outputs["QUALITY"][index, 0]),
        outputs["MASKS"][index],
        outputs["BOXES"][index],
        outputs["KEYPOINTS"][index],
        "",
        "",
        "",
        {},
        outputs["SUBPLANE"][index] if "SUBPLANE" in outputs else None,
    )


def load_gray(record: Record) -> Gray:
    """The image as stored, [H, W]."""
    with Image.open(record.path) as opened:
        return np.asarray(opened.convert("L"))


def observe(
    vision: DenseModel,
    records: list[Record],
    change: Change | None = None,
    seed: int = 0,
    batch: int = 8,
) -> Iterator[Observation]:
    """Every record through the vision graph; `change` alters images (labels are then dropped)."""
    rng = np.random.default_rng(seed)
    for start in range(0, len(records), batch):
        part = records[start : start + batch]
        squares = []
        for record in part:
            image = load_gray(record)
            squares.append(square(change(image, rng) if change else image, vision.side))
        outputs = vision.run([s.pixels for s in squares])
        for index, record in enumerate(part):
            observation = Observation(record, squares[index], raw_reading(outputs, index))
            if change is None:
                add_truth(observation)
            yield observation


def add_truth(observation: Observation) -> None:
    """Reads the labelled masks and boxes of the record."""
    record = observation.record
    if record.boxes:
        observation.boxes = {
            label: (x, y, x + w, y + h) for label, (x, y, w, h) in record.boxes.items()
        }
    if record.mask_path:
        classes = np.asarray(Image.open(record.mask_path))
        for value, label in record.mask_labels.items():
            if label in MASKS:
                head = label == "fetal_head"
                inside = head_of(classes, record.mask_labels) if head else classes == value
                observation.masks[label] = inside


def observe_images(vision: DenseModel, images: list[Gray], batch: int = 8) -> list[RawReading]:
    """Unlabelled pictures (negatives) through the vision graph."""
    readings: list[RawReading] = []
    for start in range(0, len(images), batch):
        part = [square(image, vision.side).pixels for image in images[start : start + batch]]
        outputs = vision.run(part)
        readings += [raw_reading(outputs, index) for index in range(len(part))]
    return readings
