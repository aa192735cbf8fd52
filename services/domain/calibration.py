"""How large a pixel is, and the honesty to say that it is not known."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import Final

# What the hub writes into the image of a picture whose scale a person gave (ImageComments).
GIVEN_BY_HAND: Final = "Pixel size given by hand at upload; not read from the image."
# The source of a scale that the model found in the picture itself.
SCALE_BAR_READ: Final = "scale_bar_read"
SAME_SCALE: Final = 1e-4  # 0.03 mm of a head's circumference


@dataclass(frozen=True, slots=True)
class Region:
    """One ultrasound region (PS3.3 C.8.5.5), pixel rectangle with both ends included, mm per pixel.

    ``source`` is a ``PixelSize``'s: of a picture that became an image here, a person gave the scale.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    mm_x: float
    mm_y: float
    source: str = "ultrasound_region"

    def holds(self, x: float, y: float) -> bool:
        """Whether the pixel (x, y) lies in the region."""
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1

    def same_scale(self, other: Region) -> bool:
        """Equal but for rounding: a colour box over the image states the same scale again."""
        return isclose(self.mm_x, other.mm_x, rel_tol=SAME_SCALE) and isclose(
            self.mm_y, other.mm_y, rel_tol=SAME_SCALE
        )


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Size of a pixel in mm along x and y, and where it was read."""

    mm_x: float
    mm_y: float
    source: str  # "ultrasound_region", "pixel_spacing", "scale_bar" (by hand), SCALE_BAR_READ


@dataclass(frozen=True, slots=True)
class Calibration:
    """All that an image says about its scale. Several regions may have different scales."""

    regions: tuple[Region, ...] = ()
    spacing: PixelSize | None = None

    def for_points(self, points: list[tuple[float, float]]) -> PixelSize | None:
        """The one pixel size that holds for all ``points`` (image pixels), or None.

        None, several, or a measurement that crosses regions: the answer is None, never a guess.
        """
        if not self.regions:
            return self.spacing
        for region in self.regions:
            if all(region.holds(x, y) for x, y in points):
                inside = [r for r in self.regions if all(r.holds(x, y) for x, y in points)]
                if not all(region.same_scale(other) for other in inside):
                    return None
                return PixelSize(region.mm_x, region.mm_y, region.source)
        return None
