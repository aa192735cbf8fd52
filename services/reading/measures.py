"""What is measured in each plane, from the outlines that a release traced and the ends that it marked.

A plane has its own measures: a head that a transperineal view shows is never given a circumference.

CRL and NT lie between two ends that a release of words marks. Where the image says nothing at all of its
scale, their millimetres come from the scale bar in the picture, if the model marked both of its ends and the
release says how long such a bar is: its source is then ``SCALE_BAR_READ``, for the bar was found by the model
and not by a person.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from services.domain.calibration import SCALE_BAR_READ, Calibration, PixelSize
from services.domain.report import FEMUR_ANGLE, Angle, Keypoint, Measurement
from services.reading.confidence import Thresholds
from services.reading.images import geometry

HEAD, ABDOMEN, FEMUR, SYMPHYSIS = "fetal_head", "abdomen", "femur", "pubic_symphysis"
METHOD_ELLIPSE = "ellipse with the moments of the head's outline"
METHOD_ABDOMEN = "ellipse with the moments of the abdomen's outline"
METHOD_SHAFT = "bar with the moments of the shaft's outline"
METHOD_DIAMETER = "diameter of the abdomen's ellipse along the two keypoints"
METHOD_LEVEL = "axis of the shaft's outline to the horizontal of the image"
METHOD_TANGENT = "symphysis axis to the tangent of the head's outline (Barbera 2009)"
METHOD_MARKED: Final = "line between the two ends that the model marked"
# Diameters of the abdomen, and the pairs of keypoints (..._a, ..._b) that they lie between.
KEYPOINT_PAIRS = {"TAD": "tad", "APAD": "apad"}
LENGTHS: Final = {"CRL": ("crl_a", "crl_b"), "NT": ("nt_a", "nt_b")}
SCALE_BAR: Final = ("scale_a", "scale_b")
# Ends are whole thousandths of the sides: a bar shorter than this share of them says too little.
SHORTEST_BAR: Final = 0.03
# A bar's long semi-axis by moments is its length over this, whatever its width.
_BAR = math.sqrt(3.0)

Ends = tuple[tuple[float, float], ...]


def measure(
    plane: str,
    outlines: Mapping[str, geometry.Points],
    calibration: Calibration,
    rules: Thresholds,
    diameters: Mapping[str, Ends] = MappingProxyType({}),
) -> tuple[Measurement, ...]:
    """The measurements of ``plane`` from outlines in pixels of the frame, by structure; the first is
    the one that the plane is taken for. Nothing where its structure was not outlined.

    ``diameters`` are the ends, in pixels, of what is measured between keypoints, by measure.
    """
    if plane == "head" and HEAD in outlines:
        return measure_head(outlines[HEAD], calibration, rules)
    if plane == "abdomen" and ABDOMEN in outlines:
        return measure_abdomen(outlines[ABDOMEN], calibration, rules, diameters)
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
    outline: geometry.Points,
    calibration: Calibration,
    rules: Thresholds,
    diameters: Mapping[str, Ends] = MappingProxyType({}),
) -> tuple[Measurement, ...]:
    """AC from the abdomen's outline in frame pixels, and the diameters of its ellipse in the directions
    of the lines between keypoints: the ends themselves are less sure than the border."""
    shape, in_mm, ends, source = _ellipses(outline, calibration)
    if shape is None:
        return ()
    mm = in_mm.perimeter if in_mm else None
    around = _measurement("AC", shape.perimeter, mm, source, ends, rules, METHOD_ABDOMEN)
    lines = {name: _rounded(shape.diameter(*line)) for name, line in diameters.items()}
    between = (
        _between(name, line, calibration.for_points(list(line)), rules, METHOD_DIAMETER)
        for name, line in lines.items()
    )
    return (around, *between)


def measure_femur(
    outline: geometry.Points, calibration: Calibration, rules: Thresholds
) -> tuple[Measurement, ...]:
    """FL from the outline of the shaft in frame pixels."""
    shape, in_mm, _, source = _ellipses(outline, calibration)
    if shape is None:
        return ()
    mm = _BAR * in_mm.a if in_mm else None
    ends = _shaft_ends(shape)
    return (_measurement("FL", _BAR * shape.a, mm, source, ends, rules, METHOD_SHAFT),)


def _shaft_ends(shape: geometry.Ellipse) -> Ends:
    half = _BAR * shape.a / 2
    ux, uy = math.cos(shape.angle) * half, math.sin(shape.angle) * half
    return _rounded(((shape.cx - ux, shape.cy - uy), (shape.cx + ux, shape.cy + uy)))


def measure_angles(
    plane: str,
    outlines: Mapping[str, geometry.Points],
    calibration: Calibration,
    rules: Thresholds,
) -> tuple[Angle, ...]:
    """The angles of ``plane``, from outlines in pixels of the frame: the angle of progression of an
    intrapartum view, and how a femur lies. Pixels that are known to be higher than wide are made square
    first. A symphysis or a femur that is rounder than the release allows has no axis to measure from."""
    if plane == "femur" and FEMUR in outlines:
        return _femur_angle(outlines[FEMUR], calibration, rules)
    if plane != "intrapartum" or not {HEAD, SYMPHYSIS} <= outlines.keys():
        return ()
    symphysis, head = outlines[SYMPHYSIS], outlines[HEAD]
    axis = geometry.ellipse(symphysis)
    size = calibration.for_points(list(_rounded(axis.ends()))) if axis is not None else None
    square = np.array([size.mm_x, size.mm_y]) if size is not None else np.ones(2)
    shape = geometry.ellipse(symphysis * square)
    angle = progression(symphysis * square, head * square)
    if angle is None or shape is None or shape.a < rules.elongation.get(SYMPHYSIS, 1.0) * shape.b:
        return ()
    degrees, points = angle
    ends = tuple((x / square[0], y / square[1]) for x, y in points)
    return (_angle("AoP", degrees, rules, METHOD_TANGENT, _rounded(ends)),)


def _femur_angle(
    outline: geometry.Points, calibration: Calibration, rules: Thresholds
) -> tuple[Angle, ...]:
    """Degrees between the shaft's axis and the horizontal of the image, 0 to 90."""
    shape, in_mm, _, _ = _ellipses(outline, calibration)
    axis = in_mm or shape
    if shape is None or axis is None or axis.a < rules.elongation.get(FEMUR, 1.0) * axis.b:
        return ()
    degrees = math.degrees(math.atan2(abs(math.sin(axis.angle)), abs(math.cos(axis.angle))))
    return (_angle(FEMUR_ANGLE, degrees, rules, METHOD_LEVEL, _shaft_ends(shape), 90.0),)


def _angle(
    name: str,
    degrees: float,
    rules: Thresholds,
    method: str,
    points: Ends,
    most: float = math.inf,
) -> Angle:
    low = high = None
    interval = rules.interval(name)
    if interval is not None:
        half = interval[0] + interval[1] * degrees
        low, high = round(max(degrees - half, 0.0), 1), round(min(degrees + half, most), 1)
    return Angle(name, round(degrees, 1), low, high, method, points)


def known_angles(
    plane: str,
    outlines: Mapping[str, geometry.Points],
    calibration: Calibration,
    rules: Thresholds,
) -> tuple[Angle, ...]:
    """The angles whose error the release knows: others are not reported."""
    angles = measure_angles(plane, outlines, calibration, rules)
    return tuple(angle for angle in angles if rules.interval(angle.name) is not None)


def known_pairs(keypoints: Sequence[Keypoint], rules: Thresholds) -> dict[str, Ends]:
    """Pairs of keypoints that are both certain enough to measure along, by the measure, of which the release
    knows the error."""
    sure = {k.label: (k.x, k.y) for k in keypoints if k.confidence >= rules.threshold(k.label)}
    return {
        name: (sure[f"{pair}_a"], sure[f"{pair}_b"])
        for name, pair in KEYPOINT_PAIRS.items()
        if f"{pair}_a" in sure and f"{pair}_b" in sure and rules.interval(name) is not None
    }


def progression(symphysis: geometry.Points, head: geometry.Points) -> tuple[float, Ends] | None:
    """Degrees between the symphysis's long axis, at its lower end, and the tangent from there to the
    head's border, with the axis's upper end, its lower end and the point that the tangent touches;
    None where either outline has no ellipse.

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
    angles = np.where(angles > 270, angles - 360, angles)
    widest = int(angles.argmax())
    ends = tuple((float(x), float(y)) for x, y in (upper, lower, head[widest]))
    return float(angles[widest]), ends


def measure_lengths(
    keypoints: Sequence[Keypoint],
    size: tuple[int, int],
    calibration: Calibration,
    rules: Thresholds,
    bar_mm: float | None,
) -> tuple[Measurement, ...]:
    """A length for each pair of ends that are both certain enough, in a frame of ``size`` (width, height) in
    pixels; ``bar_mm`` is how long the release's scale bars are, None where nobody said."""
    sure = {k.label: (k.x, k.y) for k in keypoints if k.confidence >= rules.threshold(k.label)}
    lengths = []
    for name, pair in LENGTHS.items():
        ends = _marked(sure, pair)
        if ends:
            scale = calibration.for_points(list(ends))
            scale = scale or by_scale_bar(sure, size, calibration, bar_mm)
            lengths.append(_between(name, ends, scale, rules, METHOD_MARKED))
    return tuple(lengths)


def by_scale_bar(
    sure: Mapping[str, tuple[float, float]],
    size: tuple[int, int],
    calibration: Calibration,
    bar_mm: float | None,
) -> PixelSize | None:
    """Square pixels by the bar between the ends ``sure`` holds; None where its length is not known, where it
    is too short to say, and where the image has a scale of its own that does not hold here."""
    bar = _marked(sure, SCALE_BAR)
    if not bar or bar_mm is None or calibration.regions or calibration.spacing is not None:
        return None
    (ax, ay), (bx, by) = bar
    if math.hypot((bx - ax) / size[0], (by - ay) / size[1]) < SHORTEST_BAR:
        return None
    mm = bar_mm / math.dist(*bar)
    return PixelSize(mm, mm, SCALE_BAR_READ)


def _marked(sure: Mapping[str, tuple[float, float]], pair: tuple[str, str]) -> Ends:
    """The two ends; none where one of them is not sure, or both are one point."""
    first, second = sure.get(pair[0]), sure.get(pair[1])
    return () if first is None or second is None or first == second else (first, second)


def _between(
    name: str, ends: Ends, size: PixelSize | None, rules: Thresholds, method: str
) -> Measurement:
    """The distance of two points in pixels of the frame."""
    (ax, ay), (bx, by) = ends
    px, mm = math.hypot(bx - ax, by - ay), None
    if size is not None:
        mm = math.hypot((bx - ax) * size.mm_x, (by - ay) * size.mm_y)
    source = size.source if size is not None else ""
    return _measurement(name, px, mm, source, ends, rules, method)


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
