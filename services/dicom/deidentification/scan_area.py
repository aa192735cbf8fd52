"""Where in a picture the scan is: the header's ultrasound regions, and the sector as it is seen.

What lies outside of it is the scanner's frame: names, dates, scales, logos.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from services.dicom.deidentification.text_finder import text_in
from services.dicom.parser.dataset import value_of
from services.reading.images.picture import to_gray

Mask = NDArray[np.bool_]
_DARK: Final = 10  # grey levels: what is not brighter is background
_SMALLEST: Final = 0.02  # of the picture: a part of it that can be a scan
_THINNEST: Final = 0.10  # of the picture's side
_MOST_REGIONS: Final = 256


def sector(gray: NDArray[np.uint8]) -> Mask:
    """(H, W): the hulls of the large bright parts; nowhere when there are none.

    Args:
        gray: (H, W) uint8, of a clip the brightest of some frames.
    """
    height, width = gray.shape
    scale = max(height, width) / 640
    smooth = cv2.medianBlur(gray, 7 if scale > 0.6 else 5)
    bright = (smooth > _DARK).astype(np.uint8)
    side = max(3, round(9 * scale)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = cv2.morphologyEx(bright, cv2.MORPH_OPEN, kernel)
    joined = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    area = np.zeros(gray.shape, np.uint8)
    for i in range(1, count):
        w, h, size = stats[i, 2], stats[i, 3], stats[i, 4]
        if size < _SMALLEST * height * width or min(w / width, h / height) < _THINNEST:
            continue
        outline, _ = cv2.findContours(
            (labels == i).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.fillConvexPoly(area, cv2.convexHull(np.concatenate(outline)), 1)
    return area.astype(bool)


def regions(dataset: Dataset, height: int, width: int) -> Mask | None:
    """(H, W): inside of the ultrasound regions (PS3.3 C.8.5.5); None when the object names none."""
    items: Any = value_of(dataset, "SequenceOfUltrasoundRegions") or ()
    area = np.zeros((height, width), np.bool_)
    for item in items[:_MOST_REGIONS]:
        try:
            x0, y0, x1, y1 = (
                max(0, int(value_of(item, f"RegionLocation{name}")))
                for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")
            )
        except (TypeError, ValueError):
            continue
        area[y0 : y1 + 1, x0 : x1 + 1] = True
    return area if area.any() else None


def kept(frames: list[NDArray[np.uint8]], dataset: Dataset | None = None) -> Mask:
    """(H, W): what a copy may show of these frames: the scan, without words that are written into it.

    Args:
        frames: of one size, (H, W) or (H, W, 3) uint8; of a clip some from beginning to end.
        dataset: their object, for its ultrasound regions.
    """
    brightest = np.max([to_gray(frame) for frame in frames], axis=0)
    area = sector(brightest)
    given = regions(dataset, *brightest.shape) if dataset is not None else None
    if given is not None:
        area &= given
    for frame in frames:
        area &= ~text_in(frame)
    return area
