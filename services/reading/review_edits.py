"""A person's corrections on a frame: structures, calipers and words in, measurements anew.

Pure, like ``judge``: what a reader drew is measured by the very code that measures a model's outlines.
A person's figures carry no interval: the model's error is not theirs, and theirs is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from services.domain.biometry import ellipse_perimeter
from services.domain.calibration import Calibration
from services.domain.errors import InvalidInput
from services.domain.report import (
    Abstention,
    Angle,
    Dating,
    FrameReading,
    Measurement,
    Scored,
    Structure,
)
from services.reading.confidence import Thresholds
from services.reading.images import drawn_mask, geometry
from services.reading.images.drawn_mask import DrawnMask, Mask
from services.reading.judge import date_by_head, with_measured
from services.reading.measures import (
    ABDOMEN,
    FEMUR,
    HEAD,
    METHOD_DIAMETER,
    METHOD_MARKED,
    SYMPHYSIS,
    measure,
    measure_angles,
)

NOT_DATED = "Not stated: needs a calibrated measurement."
METHOD_CALIPER = "calipers set by a person"
METHOD_DRAWN = "ellipse with the moments of the outline drawn by a person"
METHOD_DRAWN_SHAFT = "bar with the moments of the outline drawn by a person"
METHOD_DRAWN_TANGENT = "symphysis axis to the tangent of the head, drawn by a person"
Points = tuple[tuple[float, float], ...]
# The structure that each plane is measured by.
_MEASURED = {"head": HEAD, "abdomen": ABDOMEN, "femur": FEMUR}
_OF_IMAGE = (Abstention.OUT_OF_SCOPE, Abstention.TOO_POOR, Abstention.UNKNOWN_PLANE)


@dataclass(frozen=True, slots=True)
class DrawnStructure:
    """One structure as a reader left it: a mask, else a polygon, else a box, in frame pixels."""

    label: str
    box: tuple[float, float, float, float] | None = None
    polygon: Points = ()
    mask: DrawnMask | None = None


@dataclass(frozen=True, slots=True)
class Caliper:
    """Two points (a length), or four for HC: the ends of the long and of the short axis."""

    name: str
    points: Points


@dataclass(frozen=True, slots=True)
class FrameEdit:
    """What is None stays as it was."""

    plane: str | None = None
    interpretation: Mapping[str, str] | None = None
    structures: tuple[DrawnStructure, ...] | None = None
    calipers: tuple[Caliper, ...] | None = None


@dataclass(frozen=True, slots=True)
class EditedFrame:
    """The frame's further version, and the masks that are new in it."""

    reading: FrameReading
    masks: dict[str, Mask]


def apply_edit(
    frame: FrameReading, edit: FrameEdit, calibration: Calibration, lmp_days: float | None = None
) -> EditedFrame:
    """The frame after ``edit``; ``lmp_days`` is the age in days by last period, for the centile.

    Raises:
        InvalidInput: something lies outside of the frame or encloses nothing.
        TooLarge: the frame, or what is drawn of it, has too many pixels, or a SEG of it would.
    """
    masks: dict[str, Mask] = {}
    structures = frame.structures
    if edit.structures is not None:
        labels = [d.label for d in edit.structures]
        if len(set(labels)) != len(labels):
            raise InvalidInput("A structure occurs at most once in a frame.")
        structures = tuple(_structure(frame, drawn, masks) for drawn in edit.structures)
        drawn_mask.check_drawn(frame.width, frame.height, structures)
    reading = replace(
        frame,
        plane=Scored(edit.plane, 1.0) if edit.plane is not None else frame.plane,
        in_scope=frame.in_scope or edit.plane is not None,
        structures=structures,
    )
    measurements = _measurements(frame, reading, edit, calibration)
    datings, centiles = date_by_head(measurements, lmp_days)
    words = _words(frame, edit, measurements, datings)
    reading = replace(
        reading,
        interpretation=words,
        measurements=measurements,
        datings=datings,
        centiles=centiles,
        subplane=frame.subplane if reading.plane == frame.plane else None,
        angles=_angles(frame, reading, calibration),
    )
    return EditedFrame(replace(reading, abstentions=_abstentions(reading)), masks)


def _words(
    frame: FrameReading,
    edit: FrameEdit,
    measurements: tuple[Measurement, ...],
    datings: tuple[Dating, ...],
) -> dict[str, str]:
    """The words, the age in them as it is now measured; what a person wrote stands."""
    before = frame.interpretation
    words = dict(edit.interpretation if edit.interpretation is not None else before)
    if measurements == frame.measurements and datings == frame.datings:
        return words
    anew = with_measured(words, measurements, datings)
    if frame.datings and all(one.mm is None for one in measurements):
        anew = {**words, "gestational_age": NOT_DATED}
    return {name: anew[name] if text == before.get(name) else text for name, text in words.items()}


def _structure(frame: FrameReading, drawn: DrawnStructure, masks: dict[str, Mask]) -> Structure:
    before = next((s for s in frame.structures if s.label == drawn.label), None)
    if before is not None and drawn.mask is None and _same(before, drawn):
        return before
    if drawn.mask is not None:
        if drawn.mask.pixels.shape != (frame.height, frame.width):
            raise InvalidInput(f"The mask of {drawn.label} has another size than the frame.")
        return _masked(drawn.label, drawn.mask, masks)
    if drawn.polygon:
        outline = np.array(drawn.polygon, dtype=np.float64)
        if len(outline) < 3 or abs(geometry.area(outline)) < 1.0:
            raise InvalidInput(f"The outline of {drawn.label} encloses nothing.")
        _inside(frame, drawn.polygon)
        drawn_mask.check_area(frame.width, frame.height, len(masks) + 1)
        mask = geometry.fill(outline, frame.width, frame.height)
        return _masked(drawn.label, drawn_mask.outlined(outline, mask), masks)
    if drawn.box is None:
        raise InvalidInput(f"{drawn.label} needs a mask, a polygon or a box.")
    x0, y0, x1, y1 = drawn.box
    _inside(frame, ((x0, y0), (x1, y1)))
    if x1 <= x0 or y1 <= y0:
        raise InvalidInput(f"The box of {drawn.label} encloses nothing.")
    return Structure(drawn.label, 1.0, drawn.box)


def _masked(label: str, mask: DrawnMask, masks: dict[str, Mask]) -> Structure:
    masks[label] = mask.pixels
    return Structure(label, 1.0, mask.box, mask.polygon, None, int(mask.pixels.sum()))


def _same(before: Structure, drawn: DrawnStructure) -> bool:
    if drawn.polygon:
        return len(drawn.polygon) == len(before.polygon) and all(
            math.dist(a, b) < 0.01 for a, b in zip(drawn.polygon, before.polygon, strict=True)
        )
    return drawn.box is not None and not before.polygon and math.dist(before.box, drawn.box) < 0.01


def _inside(frame: FrameReading, points: Points) -> None:
    for x, y in points:
        if not (0 <= x <= frame.width and 0 <= y <= frame.height):
            raise InvalidInput("A point lies outside of the frame.")


def _measurements(
    frame: FrameReading, reading: FrameReading, edit: FrameEdit, calibration: Calibration
) -> tuple[Measurement, ...]:
    """Calipers go before the outline; what was not touched stays with its interval."""
    if edit.calipers is not None:
        by_hand = tuple(_caliper(frame, c, calibration) for c in edit.calipers)
    else:
        by_hand = tuple(m for m in frame.measurements if m.method == METHOD_CALIPER)
    marked = tuple(m for m in frame.measurements if m.method == METHOD_MARKED)
    by_model = (*_by_outline(frame, reading, calibration), *_kept(marked, frame, reading))
    named = {m.name for m in by_hand}
    return (*(m for m in by_model if m.name not in named), *by_hand)


def _kept(
    marked: tuple[Measurement, ...], frame: FrameReading, reading: FrameReading
) -> tuple[Measurement, ...]:
    """Lengths between marked ends stay as long as the plane does."""
    return marked if reading.plane == frame.plane else ()


def _by_outline(
    frame: FrameReading, reading: FrameReading, calibration: Calibration
) -> tuple[Measurement, ...]:
    """The model's figures where neither plane nor outline was touched, else those of the new outline."""
    plane = reading.plane
    label = _MEASURED.get(plane.label) if plane is not None else None
    shown = next((s for s in reading.structures if s.label == label and s.polygon), None)
    if plane is None or shown is None:
        return ()
    before = tuple(m for m in frame.measurements if m.method not in (METHOD_CALIPER, METHOD_MARKED))
    if any(shown is one for one in frame.structures) and plane == frame.plane:
        return before
    outline = np.array(shown.polygon, dtype=np.float64)
    method = METHOD_DRAWN_SHAFT if shown.label == FEMUR else METHOD_DRAWN
    along = {m.name: m.points for m in before if m.method == METHOD_DIAMETER}
    measured = measure(plane.label, {shown.label: outline}, calibration, Thresholds(), along)
    return tuple(replace(m, method=method) for m in measured)


def _angles(
    frame: FrameReading, reading: FrameReading, calibration: Calibration
) -> tuple[Angle, ...]:
    """The same of the angle of progression, and of how a femur lies."""
    plane = reading.plane
    of = (FEMUR,) if plane is not None and plane.label == "femur" else (HEAD, SYMPHYSIS)
    shown = [s for s in reading.structures if s.label in of and s.polygon]
    untouched = all(any(s is before for before in frame.structures) for s in shown)
    if reading.plane is None or len(shown) < len(of):
        return ()
    if untouched and reading.plane == frame.plane:
        return frame.angles
    outlines = {s.label: np.array(s.polygon, dtype=np.float64) for s in shown}
    angles = measure_angles(reading.plane.label, outlines, calibration, Thresholds())
    method = METHOD_DRAWN_SHAFT if of == (FEMUR,) else METHOD_DRAWN_TANGENT
    return tuple(replace(a, method=method) for a in angles)


def _caliper(frame: FrameReading, caliper: Caliper, calibration: Calibration) -> Measurement:
    _inside(frame, caliper.points)
    size = calibration.for_points(list(caliper.points))
    px = _length(caliper.points, 1.0, 1.0)
    if px <= 0:
        raise InvalidInput("The points of a caliper must differ.")
    rounded = tuple((round(x, 2), round(y, 2)) for x, y in caliper.points)
    if size is None:
        return Measurement(caliper.name, round(px, 2), method=METHOD_CALIPER, points=rounded)
    mm = _length(caliper.points, size.mm_x, size.mm_y)
    return Measurement(
        caliper.name,
        round(px, 2),
        round(mm, 1),
        calibration=size.source,
        method=METHOD_CALIPER,
        points=rounded,
    )


def _length(points: Points, scale_x: float, scale_y: float) -> float:
    """Distance of two points, or the perimeter of the ellipse with four axis ends."""
    scaled = [(x * scale_x, y * scale_y) for x, y in points]
    if len(scaled) == 2:
        return math.dist(scaled[0], scaled[1])
    if len(scaled) != 4:
        raise InvalidInput("A caliper has two points, or four for an ellipse.")
    return ellipse_perimeter(
        math.dist(scaled[0], scaled[1]) / 2, math.dist(scaled[2], scaled[3]) / 2
    )


def _is_head(reading: FrameReading) -> bool:
    return reading.plane is not None and reading.plane.label == "head"


def _abstentions(reading: FrameReading) -> tuple[tuple[Abstention, str], ...]:
    """Those that a person's work has answered go; that something is not calibrated stays said."""
    present = {s.label for s in reading.structures}
    kept: list[tuple[Abstention, str]] = [
        (reason, about)
        for reason, about in reading.abstentions
        if reason not in (Abstention.NOT_CALIBRATED, Abstention.OUT_OF_RANGE)
        and not (reason in _OF_IMAGE and reading.plane is not None)
        and not (reason is Abstention.UNKNOWN_SUBPLANE and not _is_head(reading))
        and about not in present
    ]
    kept += [
        (Abstention.NOT_CALIBRATED, m.name)
        for m in reading.measurements
        if m.mm is None and m.name not in ("BPD", "OFD", "TAD", "APAD")
    ]
    dated = any(m.name == "HC" and m.mm is not None for m in reading.measurements)
    if dated and not reading.datings:
        kept.append((Abstention.OUT_OF_RANGE, "gestational_age"))
    return tuple(dict.fromkeys(kept))
