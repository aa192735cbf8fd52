"""Average precision of boxes. Each structure occurs at most once in an image, and so is answered."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.evaluation.observe import Box, Observation, view_of
from services.reading.confidence import Thresholds
from services.reading.images import geometry

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detection:
    """One answer about one structure in one image: is it labelled there, how sure, how close."""

    label: str
    group: str
    present: bool
    confidence: float
    iou: float
    logit: float


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of (x0, y0, x1, y1)."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    common = w * h
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def predicted_box(
    observation: Observation, index: int, label: str, masks: tuple[str, ...], rules: Thresholds
) -> Box:
    """The box that the report shows: of the outline where there is a mask, else the box head's."""
    scale = np.array([observation.square.width, observation.square.height], np.float64)
    if label in masks:
        level = rules.mask_level.get(label, 0.0)
        traced = geometry.outline(observation.raw.masks[masks.index(label)], level)
        if traced is not None:
            border = traced * scale
            if rules.is_ellipse(observation.record.plane, label):
                border = geometry.as_ellipse(
                    border, observation.square.width, observation.square.height
                )
            return geometry.bounds(border)
    cx, cy, w, h = (float(v) for v in observation.raw.boxes[index, :4])
    box = np.clip([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 0, 1) * np.tile(scale, 2)
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def view(observation: Observation) -> tuple[str, str | None]:
    """Images whose annotated structures are the same: by data set, and by plane in those that annotate
    each plane on its own."""
    record = observation.record
    return record.dataset, record.plane if record.landmarks else None


def detections(
    observations: list[Observation],
    boxes: tuple[str, ...],
    masks: tuple[str, ...],
    rules: Thresholds,
) -> list[Detection]:
    """Answers for all structures that the image's data set annotates."""
    annotated: dict[tuple[str, str | None], set[str]] = {}
    for observation in observations:
        if observation.boxes:
            labels = annotated.setdefault(view(observation), set())
            labels.update(observation.boxes)
    items = []
    for observation in observations:
        if not observation.boxes:
            continue
        for index, label in enumerate(boxes):
            if label not in annotated[view(observation)]:
                continue
            truth = observation.boxes.get(label)
            iou = 0.0
            if truth:
                iou = box_iou(predicted_box(observation, index, label, masks, rules), truth)
            logit = float(observation.raw.boxes[index, 4])
            group = observation.record.group
            items.append(
                Detection(
                    view_of(observation.record, label),
                    group,
                    truth is not None,
                    rules.probability(label, logit),
                    iou,
                    logit,
                )
            )
    return items


def average_precision(items: list[Detection], threshold: float, ranked: bool = True) -> float:
    """Area under the interpolated precision-recall curve at an IoU threshold, 0..1.

    With `ranked` false every confidence counts as 1.0 (FADA's protocol): one point, so the area is
    precision times recall.
    """
    positives = sum(d.present for d in items)
    if not positives:
        return float("nan")
    order = sorted(items, key=lambda d: -d.confidence)
    hits = np.array([d.present and d.iou >= threshold for d in order], np.float64)
    true = np.cumsum(hits)
    precision = true / np.arange(1, len(order) + 1)
    recall = true / positives
    if not ranked:
        return float(precision[-1] * recall[-1])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], recall]))
    return float((steps * envelope).sum())
