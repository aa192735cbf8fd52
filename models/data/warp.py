"""Geometric augmentation: one affine map for image, masks, boxes and keypoints."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.data.samples import NT, Floats, Gray, Sample
from models.fada.labels import KEYPOINTS, PLANES, UPRIGHT

ABDOMEN = PLANES.index("abdomen")

Affine = npt.NDArray[np.float64]


@dataclass(slots=True)
class Warped:
    """A sample after the map, at the size that the network reads; fields as in `Sample`.

    masks are [M, S/2, S/2] in 0..1.
    """

    image: Gray
    masks: Floats
    mask_known: Floats
    boxes: Floats
    present: Floats
    keypoints: Floats
    keypoints_known: Floats
    plane: int
    subplane: int = -1


def random_affine(rng: np.random.Generator, plane: int) -> Affine:
    """A 2 x 3 map of the unit square onto itself: scale, aspect, rotation, shear, shift, mirror.

    NT-view boxes are drawn along thin slanted structures whose slope is not labelled, so those
    images turn by a few degrees alone. Aspect varies widely: data sets differ in it. Abdomens are few
    and of all sizes.
    """
    turn = np.deg2rad(rng.uniform(-3, 3) if plane == NT else rng.normal(0, 11))
    scale = np.exp(rng.normal(0.03, 0.2 if plane == ABDOMEN else 0.13))
    aspect = np.exp(rng.normal(0, 0.14))
    sx, sy = scale * np.sqrt(aspect), scale / np.sqrt(aspect)
    shear = rng.normal(0, 0.01 if plane == NT else 0.05)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.array([[sx * mirror, shear], [0.0, sy]])
    centre = np.array([0.5, 0.5])
    shift = rng.normal(0, 0.06, 2)
    offset = centre + shift - linear @ centre
    return np.concatenate([linear, offset[:, None]], 1)


def mirror_affine(rng: np.random.Generator) -> Affine:
    """The identity or a mirror image: what the hub sees, undistorted."""
    if rng.random() < 0.5:
        return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def _resample(image: Gray, affine: Affine, size: int, filter_: Image.Resampling) -> Gray:
    source = image.shape[0]
    linear = np.linalg.inv(affine[:, :2])
    offset = -linear @ affine[:, 2]
    rows = np.concatenate([linear * (source / size), (offset * source)[:, None]], 1)
    data = tuple(float(v) for v in rows.ravel())
    return np.asarray(
        Image.fromarray(image).transform(
            (size, size), Image.Transform.AFFINE, data, resample=filter_
        )
    )


def warp(sample: Sample, affine: Affine, size: int, rng: np.random.Generator) -> Warped:
    """Applies the map; `size` is the network's input side."""
    filter_ = Image.Resampling.BICUBIC if rng.random() < 0.7 else Image.Resampling.BILINEAR
    image = _resample(sample.image, affine, size, filter_)
    half = size // 2
    masks = np.zeros((len(sample.mask_known), half, half), np.float32)
    for index, mask in sample.masks.items():
        full = _resample(mask, affine, size, Image.Resampling.BILINEAR)
        masks[index] = full.reshape(half, 2, half, 2).mean((1, 3)) / 255.0
    boxes, present = warp_boxes(sample.boxes, sample.present, affine)
    points = order_ends((sample.keypoints @ affine[:, :2].T + affine[:, 2]).astype(np.float32))
    inside = ((points > -0.02) & (points < 1.02)).all(1)
    return Warped(
        image,
        masks,
        sample.mask_known.copy(),
        boxes,
        present,
        points,
        sample.keypoints_known * inside,
        sample.plane,
        sample.subplane,
    )


def order_ends(points: Floats) -> Floats:
    """Pairs of ends from left to right, those of upright lines from top to bottom: [Q, 2]."""
    ordered = points.copy()
    for first in range(0, len(ordered), 2):
        axis = 1 if KEYPOINTS[first] in UPRIGHT else 0
        if ordered[first, axis] > ordered[first + 1, axis]:
            ordered[[first, first + 1]] = ordered[[first + 1, first]]
    return ordered


def warp_boxes(boxes: Floats, present: Floats, affine: Affine) -> tuple[Floats, Floats]:
    """Maps boxes as the ellipses they hold; what leaves the frame becomes unknown."""
    linear = affine[:, :2]
    centres = boxes[:, :2] @ linear.T + affine[:, 2]
    half = np.sqrt((boxes[:, 2:] ** 2 / 4) @ (linear**2).T)
    low, high = centres - half, centres + half
    inner_low, inner_high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    visible = np.prod(inner_high - inner_low, 1) / np.maximum(np.prod(high - low, 1), 1e-9)
    states = present.copy()
    states[(present == 1) & (visible < 0.6)] = -1.0
    shown = np.concatenate([(inner_low + inner_high) / 2, inner_high - inner_low], 1)
    return np.maximum(shown, 1e-3).astype(np.float32), states
