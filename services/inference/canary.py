"""A built-in image for a real inference: an oval on speckle, nobody's picture."""

from __future__ import annotations

import numpy as np

from services.reading.images.picture import Gray


def image(side: int) -> Gray:
    """(S, S) uint8, the same at every call."""
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    radius = np.hypot(x / 0.36, y / 0.28)
    rim = np.exp(-(((radius - 1.0) / 0.06) ** 2))
    speckle = np.random.default_rng(18).gamma(2.0, 12.0, (side, side))
    return np.asarray(np.clip(speckle + 190.0 * rim, 0, 255), dtype=np.uint8)
