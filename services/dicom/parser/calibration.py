"""What an image object says of its scale. Nothing is guessed, and what cannot be read says nothing."""

from __future__ import annotations

from pydicom.dataset import Dataset

from services.dicom.parser.dataset import value_of
from services.domain.calibration import Calibration, PixelSize, Region

_CENTIMETRE = 3


def calibration(dataset: Dataset) -> Calibration:
    """The scale in mm per pixel (PS3.3 C.8.5.5: cm per pixel in each region; else PixelSpacing, mm).

    A region counts only when both directions are in centimetres; a zero delta, or a region that is no
    rectangle, is no calibration, and the spacing does not speak for regions that say nothing.
    """
    items = value_of(dataset, "SequenceOfUltrasoundRegions")
    if items:
        return Calibration(regions=tuple(r for item in items if (r := _region(item)) is not None))
    try:
        row, column = (float(v) for v in value_of(dataset, "PixelSpacing") or ())
    except (TypeError, ValueError):
        return Calibration()
    if not (0 < row < 100 and 0 < column < 100):
        return Calibration()
    return Calibration(spacing=PixelSize(column, row, "pixel_spacing"))


def _region(item: Dataset) -> Region | None:
    try:
        units = [int(value_of(item, f"PhysicalUnits{axis}Direction")) for axis in "XY"]
        deltas = [float(value_of(item, f"PhysicalDelta{axis}")) for axis in "XY"]
        x0, y0, x1, y1 = (
            int(value_of(item, f"RegionLocation{name}"))
            for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")
        )
    except (TypeError, ValueError):
        return None
    if units != [_CENTIMETRE, _CENTIMETRE] or x1 <= x0 or y1 <= y0:
        return None
    # Some scanners count y upwards and write a negative delta; its size is what scales.
    mm_x, mm_y = (abs(v) * 10 for v in deltas)
    if not (0 < mm_x < 100 and 0 < mm_y < 100):
        return None
    return Region(x0, y0, x1, y1, mm_x, mm_y)
