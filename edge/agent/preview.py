"""A small copy of a frame that goes before its image, so that a reader at the hub can answer."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_BYTES = 30_000
WORTH_BYTES = 65_536  # a smaller image is sent itself: its preview would cost nearly as much
_SIDE = 640  # pixels of the longer side


def preview(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG of at most ``MOST_BYTES``; quality gives way first, then size. As the browser does
    (web/phone/src/reading/thumbnail.ts). ``pixels``: (H, W) or (H, W, 3)."""
    whole = Image.fromarray(pixels)
    side = _SIDE
    while True:
        small = whole.copy()
        small.thumbnail((side, side))
        for quality in (80, 60, 40):
            out = io.BytesIO()
            small.save(out, "JPEG", quality=quality)
            if out.tell() <= MOST_BYTES or side < 48:
                return out.getvalue()
        side = side * 3 // 4
