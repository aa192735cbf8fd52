"""What FADA says about a study. Frozen, serialisable (services.reading.report_json) and versioned.

Coordinates are pixels of the original frame, x to the right, y down, unless a name says otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

REPORT_FORMAT = "1.0"
UNREVIEWED = "AI result, not for diagnosis, unreviewed"


def percent(confidence: float) -> str:
    """A confidence for people, as the pages show it: nothing is wholly certain, or impossible."""
    if confidence > 0.99:
        return ">99 %"
    return "<1 %" if confidence < 0.01 else f"{confidence * 100:.0f} %"


def named(name: str, confidence: float) -> str:
    """A name with its confidence, and without one where a person said it: that is stored as 1."""
    return name if confidence >= 1 else f"{name} {percent(confidence)}"


class Origin(StrEnum):
    """Who made a version: the hub's model, a phone's, or a person."""

    HUB = "hub"
    PHONE = "phone"
    REVIEW = "review"


class Abstention(StrEnum):
    """Why FADA says nothing about something. The page has the words in five languages."""

    OUT_OF_SCOPE = "out_of_scope"  # not a fetal ultrasound of a plane it knows
    TOO_POOR = "too_poor"  # quality below what it was validated on
    UNKNOWN_PLANE = "unknown_plane"  # no plane is confident enough
    UNKNOWN_SUBPLANE = "unknown_subplane"  # an axial head, but no level of it is confident enough
    LOW_CONFIDENCE = "low_confidence"  # the structure's own confidence is too low
    NOT_CALIBRATED = "not_calibrated"  # pixels only
    OUT_OF_RANGE = "out_of_range"  # a formula does not hold there


@dataclass(frozen=True, slots=True)
class ReleaseId:
    """Which model spoke. ``sha256`` is the hash of the manifest, which hashes all files."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A label with its calibrated probability, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Structure:
    """One anatomical structure found in a frame.

    ``box`` is (x0, y0, x1, y1) in pixels; ``polygon`` holds at most 64 points in pixels; ``mask`` is
    the SHA-256 of a stored one-channel PNG (0 and 255) of the frame's size.
    """

    label: str
    confidence: float
    box: tuple[float, float, float, float]
    polygon: tuple[tuple[float, float], ...] = ()
    mask: str | None = None
    area_px: int | None = None


@dataclass(frozen=True, slots=True)
class Keypoint:
    """A named point in pixels of the frame, with its calibrated probability."""

    label: str
    x: float
    y: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """HC, BPD, OFD, AC, TAD, APAD, FL. ``px`` is always there; mm and its 95 % interval only with
    calibration.

    ``points`` are what was measured (ellipse: the four ends of its axes) in pixels.
    """

    name: str
    px: float
    mm: float | None = None
    mm_low: float | None = None
    mm_high: float | None = None
    calibration: str = "not_calibrated"
    method: str = ""
    points: tuple[tuple[float, float], ...] = ()


def whole_degrees(degrees: float) -> str:
    """Degrees as people read them: whole, a half upwards, as the pages of a browser round."""
    return str(math.floor(degrees + 0.5))


@dataclass(frozen=True, slots=True)
class Angle:
    """Degrees with their 95 % interval where the release has one; ``points`` are in pixels.

    AoP, the angle of progression: the symphysis's upper end, its lower end (the vertex), and where the
    tangent from there touches the head. FemurAngle, 0 to 90: between the shaft, whose two ends are the
    points, and the horizontal of the image.
    """

    name: str
    degrees: float
    low: float | None = None
    high: float | None = None
    method: str = ""
    points: tuple[tuple[float, float], ...] = ()


FEMUR_ANGLE = "FemurAngle"
STEEP = 45.0  # degrees; FL is measured on a femur that lies no steeper (ISUOG, UOG 2019;53:715)


@dataclass(frozen=True, slots=True)
class Dating:
    """Gestational age by one named equation; days, with ±2 SD where the source gives it."""

    equation: str
    measurement: str
    days: float
    low_days: float | None
    high_days: float | None
    text: str  # "20w 3d"


@dataclass(frozen=True, slots=True)
class Centile:
    """Where a measurement stands on a chart at an age in days: ``centile`` 0 to 100, ``z`` in SD."""

    chart: str
    measurement: str
    centile: float
    z: float
    at_days: float


@dataclass(frozen=True, slots=True)
class Mapping:
    """Phase 3: which structures to look for, and by which rule that was decided."""

    group: str
    structures: tuple[str, ...]
    masks: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class FrameReading:
    """The five phases on one frame, after judging. ``interpretation`` has FADA's eight keys or is empty.

    ``subplane`` is the level at which a head is cut (trans-thalamic, -ventricular, -cerebellar), where
    the release reads it.
    """

    series_uid: str
    sop_uid: str
    frame: int
    width: int
    height: int
    in_scope: bool
    scope_confidence: float
    quality: float
    plane: Scored | None
    planes: tuple[Scored, ...] = ()
    interpretation: dict[str, str] = field(default_factory=dict)
    classification: str | None = None
    mapping: Mapping | None = None
    structures: tuple[Structure, ...] = ()
    keypoints: tuple[Keypoint, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    datings: tuple[Dating, ...] = ()
    centiles: tuple[Centile, ...] = ()
    abstentions: tuple[tuple[Abstention, str], ...] = ()  # (reason, what it is about)
    flags: tuple[str, ...] = ()  # e.g. "burned_in_text"
    subplane: Scored | None = None
    angles: tuple[Angle, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One version of what is known about a study. Never changed, only followed by a further one.

    ``seconds`` holds the time of each phase. ``reviewed_by`` stays empty until a person has reviewed.
    """

    study_uid: str
    origin: Origin
    release: ReleaseId
    created_at: datetime
    frames: tuple[FrameReading, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    format: str = REPORT_FORMAT
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    comment: str = ""
    skipped: tuple[
        tuple[str, str], ...
    ] = ()  # (SOP Instance UID, reason) of what could not be read

    @property
    def label(self) -> str:
        """The words that stay on page, PNG, PDF and SR."""
        if self.reviewed_by is None:
            return UNREVIEWED
        return f"Reviewed by {self.reviewed_by}"

    @property
    def best(self) -> FrameReading | None:
        """The frame that speaks for the study: in scope, most measurements, most confident plane."""
        candidates = [f for f in self.frames if f.in_scope and f.plane is not None]
        if not candidates:
            return None
        return max(candidates, key=_rank)


def _rank(frame: FrameReading) -> tuple[int, float]:
    return len(frame.measurements), frame.plane.confidence if frame.plane else 0.0
