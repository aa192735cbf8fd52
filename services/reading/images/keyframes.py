"""Which frames of a cine are worth reading: the good ones that differ from each other.

Quality is sharpness, contrast and exposure of the frame; change is the distance between small copies.
The choice is greedy: the best frame first, then whichever has most quality and lies farthest from all
chosen ones. A frozen cine gives one frame, a blind sweep several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reading.images.picture import to_gray

THUMB = 48  # pixels a side of the small copies
MAX_LOOKED_AT = 600  # frames of one cine that are decoded for choosing
SAME = 1.5  # gray levels of mean difference below which two frames show the same


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a frame while choosing. ``number`` counts from 1; ``thumb`` is (48, 48)."""

    number: int
    quality: float
    thumb: NDArray[np.float32]


def candidates(count: int, limit: int = MAX_LOOKED_AT) -> list[int]:
    """Frame numbers to look at: all, or ``limit`` evenly spread ones."""
    if count <= limit:
        return list(range(1, count + 1))
    return [int(n) for n in np.unique(np.linspace(1, count, limit).round())]


def look(number: int, frame: NDArray[np.uint8]) -> Look:
    """Measure one frame, (H, W) or (H, W, 3) uint8."""
    gray = to_gray(frame)
    return Look(number, quality(gray), _thumb(gray))


def quality(gray: NDArray[np.uint8]) -> float:
    """0 to 1: the product of sharpness, contrast and exposure, each without unit."""
    pixels = gray.astype(np.float32)
    # Every other pixel is enough, and speckle alone does not look like sharpness then.
    small = (
        pixels[:-1:2, :-1:2] + pixels[1::2, :-1:2] + pixels[:-1:2, 1::2] + pixels[1::2, 1::2]
    ) / 4
    if small.shape[0] < 3 or small.shape[1] < 3:
        return 0.0
    laplacian = (
        4 * small[1:-1, 1:-1]
        - small[:-2, 1:-1]
        - small[2:, 1:-1]
        - small[1:-1, :-2]
        - small[1:-1, 2:]
    )
    contrast = float(small.std())
    sharpness = float(np.abs(laplacian).mean())
    lost = float(((small <= 1) | (small >= 254)).mean())
    return (sharpness / (sharpness + 12)) * (contrast / (contrast + 30)) * (1 - 0.9 * lost)


def choose(looks: Sequence[Look], limit: int) -> list[int]:
    """At most ``limit`` frame numbers, ascending; at least one if there is a frame."""
    if not looks or limit < 1:
        return []
    thumbs = np.stack([one.thumb.ravel() for one in looks])
    worth = np.array([one.quality for one in looks])
    worth = worth * _steadiness(thumbs)
    chosen = [int(np.argmax(worth))]
    nearest = np.abs(thumbs - thumbs[chosen[0]]).mean(axis=1)
    while len(chosen) < limit:
        gain = np.where(nearest > SAME, (worth + 1e-6) * nearest / (nearest + 20), -1.0)
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break
        chosen.append(best)
        nearest = np.minimum(nearest, np.abs(thumbs - thumbs[best]).mean(axis=1))
    return sorted(looks[i].number for i in chosen)


def key_frames(frames: Iterable[tuple[int, NDArray[np.uint8]]], limit: int) -> list[int]:
    """Choose among decoded frames, which are looked at one after the other and not kept."""
    return choose([look(number, frame) for number, frame in frames], limit)


def _steadiness(thumbs: NDArray[np.float32]) -> NDArray[np.float64]:
    """0.5 to 1: a probe that moves blurs; where neighbours are alike, somebody held it still."""
    if len(thumbs) < 2:
        return np.ones(len(thumbs))
    change = np.abs(np.diff(thumbs, axis=0)).mean(axis=1).astype(np.float64)
    around = np.minimum(np.append(change, np.inf), np.insert(change, 0, np.inf))
    return np.asarray(0.5 + 0.5 / (1 + around / 20))


def _thumb(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means over a grid of cells, (48, 48)."""
    height, width = gray.shape
    rows = np.linspace(0, height, THUMB, endpoint=False).astype(int)
    columns = np.linspace(0, width, THUMB, endpoint=False).astype(int)
    sums = np.add.reduceat(np.add.reduceat(gray.astype(np.float32), rows, axis=0), columns, axis=1)
    cell = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(columns, width)))
    return np.asarray(sums / np.maximum(cell, 1), dtype=np.float32)
