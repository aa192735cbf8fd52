"""What is measured in each plane, from the outlines that a release traced.

A plane has its own measures: a head that a transperineal view shows is never given a circumference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from services.domain.calibration import Calibration
from services.domain.report import Measurement
from services.reading.confidence import Thresholds
from services.reading.images import geometry

HEAD, ABDOMEN, FEMUR, SYMPHYSIS = "fetal_head", "abdomen", "femur", "pubic_symphysis"
METHOD_ELLIPSE = "ellipse with the moments of the head's outline"
METHOD_ABDOMEN = "ellipse with the moments of the abdomen's outline"
METHOD_SHAFT = "bar with the moments of the shaft's outline"
# A bar's long semi-axis by moments is its length over this, whatever its width.
_BAR = math.sqrt(3.0)

Ends = tuple[tuple[float, float], ...]


def measure(
    plane: str,
    outlines: Mapping[str, geometry.Points],
    calibration: Calibration,
    rules: Thresholds,
) -> tuple[Measurement, ...]:
    """The measurements of ``plane`` from outlines in pixels of the frame, by structure; the first is
    the one that the plane is taken for. Nothing where its structure was not outlined."""
    if plane == "head" and HEAD in outlines:
        return measure_head(outlines[HEAD], calibration, rules)
    if plane == "abdomen" and ABDOMEN in outlines:
        return measure_abdomen(outlines[ABDOMEN], calibration, rules)
    if plane == "femur" and FEMUR in outlines:
        return measure_femur(outlines[FEMUR], calibration, rules)
    return ()


def measure_head(
    outline: geometry.Points, calibration: Calibration, rules: Thresholds
) -> tuple[Measurement, ...]:
    """HC, BPD (outer to outer) and OFD from the head's outline in frame pixels."""
    shape, in_mm, ends, source = _ellipses(outline, calibration)
    if shape is None:
        return ()
    px = {"HC": shape.perimeter, "BPD": 2 * shape.b, "OFD": 2 * shape.a}
    mm = in_mm and {"HC": in_mm.perimeter, "BPD": 2 * in_mm.b, "OFD": 2 * in_mm.a}
    points = {"HC": ends, "BPD": ends[2:], "OFD": ends[:2]}
    return tuple(
        _measurement(n, px[n], mm[n] if mm else None, source, points[n], rules, METHOD_ELLIPSE)
        for n in px
    )


def measure_abdomen(
    outline: geometry.Points, calibration: Calibration, rules: Thresholds
) -> tuple[Measurement, ...]:
    """AC from the abdomen's outline in frame pixels."""
    shape, in_mm, ends, source = _ellipses(outline, calibration)
    if shape is None:
        return ()
    mm = in_mm.perimeter if in_mm else None
    return (_measurement("AC", shape.perimeter, mm, source, ends, rules, METHOD_ABDOMEN),)


def measure_femur(
    outline: geometry.Points, calibration: Calibration, rules: Thresholds
) -> tuple[Measurement, ...]:
    """FL from the outline of the shaft in frame pixels."""
    shape, in_mm, _, source = _ellipses(outline, calibration)
    if shape is None:
        return ()
    half = _BAR * shape.a / 2
    ux, uy = math.cos(shape.angle) * half, math.sin(shape.angle) * half
    ends = _rounded(((shape.cx - ux, shape.cy - uy), (shape.cx + ux, shape.cy + uy)))
    mm = _BAR * in_mm.a if in_mm else None
    return (_measurement("FL", _BAR * shape.a, mm, source, ends, rules, METHOD_SHAFT),)


def angle_of_progression(symphysis: geometry.Points, head: geometry.Points) -> float | None:
    """Degrees between the symphysis's long axis, at its lower end, and the tangent from there to the
    head's border; None where either outline has no ellipse.

    Outlines in pixels that are as wide as high. The view is the standard one, with the symphysis on
    the left: its lower end is the right one (Barbera et al., UOG 2009;33:313).
    """
    shape = geometry.ellipse(symphysis)
    if shape is None or geometry.ellipse(head) is None:
        return None
    upper, lower = (np.array(end) for end in sorted(shape.ends()[:2]))
    axis, rays = upper - lower, head - lower
    cross = axis[0] * rays[:, 1] - axis[1] * rays[:, 0]
    side = np.sign(np.median(cross)) or 1.0
    angles = np.degrees(np.arctan2(side * cross, rays @ axis)) % 360
    # What lies across the axis, on the far side, is a little below 0 and not almost a whole turn.
    return float(np.where(angles > 270, angles - 360, angles).max())


def _ellipses(
    outline: geometry.Points, calibration: Calibration
) -> tuple[geometry.Ellipse | None, geometry.Ellipse | None, Ends, str]:
    """(in pixels, in mm where calibrated, the ends of its axes, the source of the scale)."""
    shape = geometry.ellipse(outline)
    if shape is None:
        return None, None, (), ""
    ends = _rounded(shape.ends())
    size = calibration.for_points(list(ends))
    if size is None:
        return shape, None, ends, ""
    scaled = geometry.ellipse(outline * np.array([size.mm_x, size.mm_y]))
    return shape, scaled, ends, size.source


def _rounded(points: Ends) -> Ends:
    return tuple((round(x, 2), round(y, 2)) for x, y in points)


def _measurement(
    name: str,
    px: float,
    mm: float | None,
    source: str,
    points: Ends,
    rules: Thresholds,
    method: str,
) -> Measurement:
    if mm is None:
        return Measurement(name, round(px, 2), method=method, points=points)
    low = high = None
    interval = rules.interval(name)
    if interval is not None:
        half = interval[0] + interval[1] * mm
        low, high = round(max(mm - half, 0.0), 1), round(mm + half, 1)
    return Measurement(name, round(px, 2), round(mm, 1), low, high, source, method, points)
