"""From a decoded frame to the square that every release sees, and the way back.

The resize is our own so that a browser (web/phone) computes the very same pixels: a separable
triangle filter, widened when reducing (as in Pillow's BILINEAR), in float64, rounded half up once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Square:
    """A frame stretched to S × S, and the scales back to its own pixels."""

    pixels: Gray
    width: int
    height: int

    @property
    def side(self) -> int:
        """S, in pixels."""
        return int(self.pixels.shape[0])

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """From 0..1 of the square to pixels of the frame."""
        return x * self.width, y * self.height


def to_gray(frame: NDArray[np.uint8]) -> Gray:
    """(H, W) stays; (H, W, 3) becomes luma by ITU-R 601 in integers, as browsers can repeat."""
    if frame.ndim == 2:
        return frame
    rgb = frame[..., :3].astype(np.uint32)
    luma = (rgb[..., 0] * 299 + rgb[..., 1] * 587 + rgb[..., 2] * 114 + 500) // 1000
    return luma.astype(np.uint8)


@lru_cache(maxsize=64)
def _weights(source: int, target: int) -> NDArray[np.float64]:
    """(target, source) matrix of the triangle filter; rows sum to 1."""
    scale = source / target
    support = max(scale, 1.0)
    centre = (np.arange(target) + 0.5) * scale
    distance = np.abs((np.arange(source) + 0.5)[None, :] - centre[:, None]) / support
    weights = np.clip(1.0 - distance, 0.0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def resize(image: Gray, height: int, width: int) -> Gray:
    """Resize (H, W) uint8 to (height, width) uint8."""
    rows = _weights(image.shape[0], height)
    columns = _weights(image.shape[1], width)
    return np.floor(rows @ image.astype(np.float64) @ columns.T + 0.5).astype(np.uint8)


def square(frame: NDArray[np.uint8], side: int) -> Square:
    """Prepare a decoded frame, (H, W) or (H, W, 3) uint8, for a release of side S."""
    gray = to_gray(frame)
    return Square(resize(gray, side, side), int(gray.shape[1]), int(gray.shape[0]))
