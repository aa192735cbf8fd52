"""Shapes: from mask logits to outlines, ellipses and filled masks.

The outline is traced at sub-pixel precision on the logits themselves (marching squares), so that
nothing is lost to upsampling, and its moments are exact integrals over the polygon (Green's theorem).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

from services.domain.biometry import ellipse_perimeter

Point = tuple[float, float]
Points = NDArray[np.float64]  # (n, 2) x, y; closed implicitly
MAX_POINTS = 64  # FADA's polygons
_OUTSIDE = -20.0
_CROSSINGS = 2**18  # of edges with rows, worked on at once: some 80 bytes each


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Centre, semi-axes a ≥ b and the angle of a in radians; unit of the points it came from."""

    cx: float
    cy: float
    a: float
    b: float
    angle: float

    @property
    def perimeter(self) -> float:
        """Circumference, in the unit of the points."""
        return ellipse_perimeter(self.a, self.b)

    @property
    def area(self) -> float:
        """Area, in the squared unit of the points."""
        return math.pi * self.a * self.b

    def diameter(self, start: Point, end: Point) -> tuple[Point, Point]:
        """The ends of the diameter that is parallel to the line from `start` to `end`, in its sense; two
        equal points give the long axis."""
        along = math.atan2(end[1] - start[1], end[0] - start[0]) if start != end else self.angle
        turn = along - self.angle
        half = self.a * self.b / math.hypot(self.b * math.cos(turn), self.a * math.sin(turn))
        ux, uy = half * math.cos(along), half * math.sin(along)
        return (self.cx - ux, self.cy - uy), (self.cx + ux, self.cy + uy)

    def polygon(self, count: int = MAX_POINTS) -> Points:
        """A polygon of ``count`` points around it whose area moments are the ellipse's own."""
        step = np.arange(count) * (2 * math.pi / count)
        # The second moments of an inscribed polygon are smaller than the ellipse's by this factor.
        grow = math.sqrt(3 / (2 + math.cos(2 * math.pi / count)))
        x, y = self.a * grow * np.cos(step), self.b * grow * np.sin(step)
        ux, uy = math.cos(self.angle), math.sin(self.angle)
        return np.stack([self.cx + x * ux - y * uy, self.cy + x * uy + y * ux], axis=1)

    def ends(self) -> tuple[tuple[float, float], ...]:
        """The ends of the long axis, then of the short one."""
        ux, uy = math.cos(self.angle), math.sin(self.angle)
        return (
            (self.cx - self.a * ux, self.cy - self.a * uy),
            (self.cx + self.a * ux, self.cy + self.a * uy),
            (self.cx + self.b * uy, self.cy - self.b * ux),
            (self.cx - self.b * uy, self.cy + self.b * ux),
        )


def outline(logits: NDArray[np.float32], level: float = 0.0) -> Points | None:
    """The outer border of the largest region above ``level``, in 0..1 of the square; holes are filled."""
    height, width = logits.shape
    padded = np.full((height + 2, width + 2), _OUTSIDE)
    padded[1:-1, 1:-1] = np.clip(logits, _OUTSIDE, -_OUTSIDE)
    lines: list[Points] = list(contour_generator(z=padded, name="serial").lines(level))  # type: ignore[arg-type]
    areas = [abs(area(line[:-1])) for line in lines]
    if not areas or max(areas) < 4.0:  # less than four cells is noise
        return None
    points = np.asarray(lines[int(np.argmax(areas))][:-1], dtype=np.float64)
    # Begins at its highest point, so that a phone, which traces in another order, gives the same polygon.
    points = np.roll(points, -int(np.lexsort((points[:, 0], points[:, 1]))[0]), axis=0)
    # index 1 of the padded grid is the centre of the first cell
    scaled = (points - 0.5) / np.array([width, height])
    return np.asarray(np.clip(scaled, 0.0, 1.0))


def area(points: Points) -> float:
    """Signed area of a polygon (shoelace)."""
    x, y = points[:, 0], points[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def ellipse(points: Points) -> Ellipse | None:
    """The ellipse with the polygon's area moments; None when the polygon is degenerate."""
    x, y = points[:, 0], points[:, 1]
    origin = points.mean(axis=0)
    x, y = x - origin[0], y - origin[1]
    x1, y1 = np.roll(x, -1), np.roll(y, -1)
    cross = x * y1 - x1 * y
    size = 0.5 * float(cross.sum())
    if abs(size) < 1e-12:
        return None
    cx = float(((x + x1) * cross).sum()) / (6 * size)
    cy = float(((y + y1) * cross).sum()) / (6 * size)
    xx = float(((x * x + x * x1 + x1 * x1) * cross).sum()) / (12 * size) - cx * cx
    yy = float(((y * y + y * y1 + y1 * y1) * cross).sum()) / (12 * size) - cy * cy
    xy = float(((x * y1 + 2 * x * y + 2 * x1 * y1 + x1 * y) * cross).sum()) / (24 * size) - cx * cy
    spread = math.hypot(xx - yy, 2 * xy)
    large, small = (xx + yy + spread) / 2, (xx + yy - spread) / 2
    if small <= 0:
        return None
    return Ellipse(
        cx + float(origin[0]),
        cy + float(origin[1]),
        2 * math.sqrt(large),
        2 * math.sqrt(small),
        0.5 * math.atan2(2 * xy, xx - yy),
    )


def filling(points: Points) -> float:
    """The share that a polygon fills of the ellipse with its moments: 1 for an ellipse, 0.95 for a bar,
    less where a border has leaked; 0 for a degenerate one."""
    shape = ellipse(points)
    return abs(area(points)) / shape.area if shape is not None else 0.0


def as_ellipse(points: Points, width: int, height: int) -> Points:
    """The ellipse with a polygon's moments in place of it, cut at a frame of width x height; a degenerate
    polygon as it is."""
    shape = ellipse(points)
    return points if shape is None else np.clip(shape.polygon(), 0.0, [width, height])


def resample(points: Points, count: int = MAX_POINTS) -> Points:
    """At most ``count`` points, evenly spaced along the border."""
    if len(points) <= count:
        return points
    closed = np.vstack([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0.0, along[-1], count, endpoint=False)
    return np.stack([np.interp(at, along, closed[:, i]) for i in (0, 1)], axis=1)


def bounds(points: Points) -> tuple[float, float, float, float]:
    """(x0, y0, x1, y1)."""
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def fill(points: Points, width: int, height: int) -> NDArray[np.bool_]:
    """(H, W) mask of a polygon in pixels; a pixel belongs exactly when its centre lies inside
    (even-odd rule). Drawing libraries add the border's own pixels, half a pixel all around."""
    x, y = points[:, 0], points[:, 1]
    x1, y1 = np.roll(x, -1), np.roll(y, -1)
    first = np.clip(np.ceil(np.minimum(y, y1) - 0.5), 0, height).astype(np.int64)
    count = np.clip(np.ceil(np.maximum(y, y1) - 0.5), 0, height).astype(np.int64) - first
    filled = np.zeros((height, width), dtype=np.uint8)
    for some in _parts(count):
        edge = np.repeat(np.arange(len(points))[some], count[some])
        within = np.arange(len(edge)) - np.repeat(np.cumsum(count[some]) - count[some], count[some])
        row = within + first[edge]
        # An edge that crosses no row of centres is not here.
        slope = (x1 - x)[edge] / (y1 - y)[edge]
        crossing = x[edge] + (row + 0.5 - y[edge]) * slope
        column = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
        seen = column < width
        np.bitwise_xor.at(filled, (row[seen], column[seen]), 1)
    # In place, a byte a pixel: frames of phones have dozens of megapixels.
    np.bitwise_xor.accumulate(filled, axis=1, out=filled)
    return filled.view(np.bool_)


def _parts(count: NDArray[np.int64]) -> Iterator[slice]:
    """Edges with their crossings, in runs of some ``_CROSSINGS``: a polygon may zigzag over a whole frame."""
    ends, start = np.cumsum(count), 0
    while start < len(count):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _CROSSINGS, "right")), start + 1)
        yield slice(start, stop)
        start = stop
