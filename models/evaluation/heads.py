"""Masks, the head's circumference and the ends of its axes against the labels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from models.data.ellipse import axis_ends
from models.evaluation.observe import Observation, view_of
from services.reading.confidence import Thresholds
from services.reading.images import geometry

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MaskScore:
    """Overlap of one mask with its label, ours (own pixels) and on FADA's 1000 x 1000 canvas."""

    label: str
    group: str
    dataset: str
    dice: float
    iou: float
    dice_fada: float
    iou_fada: float
    file: str


@dataclass(frozen=True, slots=True)
class HeadScore:
    """Circumference in mm, found and published, and the mean keypoint error in mm."""

    group: str
    hc_mm: float
    truth_mm: float
    keypoints_mm: float
    file: str


def overlap(a: Bools, b: Bools) -> tuple[float, float]:
    """(Dice, IoU); both 1 for two empty masks."""
    common, total = int((a & b).sum()), int(a.sum() + b.sum())
    if total == 0:
        return 1.0, 1.0
    return 2 * common / total, common / (total - common)


def canvas_mask(points: geometry.Points) -> Bools:
    """At most 64 whole-numbered points on FADA's canvas (points in 0..1), filled: [1000, 1000]."""
    whole = np.rint(geometry.resample(points) * 1000)
    canvas = Image.new("1", (1000, 1000))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in whole], fill=1)
    return np.asarray(canvas, dtype=np.bool_)


def mask_scores(
    observations: list[Observation], masks: tuple[str, ...], rules: Thresholds
) -> list[MaskScore]:
    """All labelled, non-empty masks."""
    scores = []
    for observation in observations:
        for label, truth in observation.masks.items():
            if not truth.any() or label not in masks:
                continue
            height, width = truth.shape
            logits = observation.raw.masks[masks.index(label)]
            traced = geometry.outline(logits, rules.mask_level.get(label, 0.0))
            filled = np.zeros_like(truth)
            on_canvas = np.zeros((1000, 1000), np.bool_)
            if traced is not None:
                border = traced * np.array([width, height])
                if rules.is_ellipse(observation.record.plane, label):
                    border = geometry.as_ellipse(border, width, height)
                filled = geometry.fill(border, width, height)
                on_canvas = canvas_mask(border / np.array([width, height]))
            wide = np.asarray(Image.fromarray(truth).resize((1000, 1000), Image.Resampling.NEAREST))
            scores.append(
                MaskScore(
                    view_of(observation.record, label),
                    observation.record.group,
                    observation.record.dataset,
                    *overlap(filled, truth),
                    *overlap(on_canvas, wide),
                    observation.record.path.name,
                )
            )
    return scores


def head_circumference(
    observation: Observation, masks: tuple[str, ...], rules: Thresholds
) -> float | None:
    """HC in pixels of the image from the ellipse of the outline, as the report measures it."""
    logits = observation.raw.masks[masks.index("fetal_head")]
    traced = geometry.outline(logits, rules.mask_level.get("fetal_head", 0.0))
    if traced is None:
        return None
    shape = geometry.ellipse(
        traced * np.array([observation.square.width, observation.square.height])
    )
    return shape.perimeter if shape else None


def head_scores(
    observations: list[Observation], masks: tuple[str, ...], rules: Thresholds
) -> list[HeadScore]:
    """Every image with a published HC and a pixel size. A head not found counts as 0 mm."""
    scores = []
    for observation in observations:
        record = observation.record
        if record.hc_mm is None or record.pixel_mm is None:
            continue
        pixels = head_circumference(observation, masks, rules) or 0.0
        error = float("nan")
        truth = observation.masks.get("fetal_head")
        ends = axis_ends(truth) if truth is not None else None
        if ends is not None:
            scale = np.array([observation.square.width, observation.square.height])
            gap = (observation.raw.keypoints[: len(ends), :2] - ends) * scale
            error = float(np.hypot(gap[:, 0], gap[:, 1]).mean()) * record.pixel_mm
        scores.append(
            HeadScore(record.group, pixels * record.pixel_mm, record.hc_mm, error, record.path.name)
        )
    return scores
