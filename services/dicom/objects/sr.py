"""The readings of all frames as DICOM SR: Measurement Report (TID 1500).

How such an object becomes part of its study stands in ``services.dicom.objects.seg``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    CoordinatesForMeasurement,
    ImageRegion,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TrackingIdentifier,
)
from highdicom.sr import GraphicTypeValues as Graphic
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from services.dicom.objects import composite
from services.dicom.objects.codes import (
    CONFIDENCE,
    DAY,
    DEGREE,
    GESTATIONAL_AGE,
    MEASURES,
    MILLIMETRE,
    NOT_ASSESSED,
    PERCENT,
    PIXELS,
    PLANE,
    SUBPLANE,
    concept,
    private,
    structure,
)
from services.dicom.objects.composite import ObjectRef, derived_uid, frame_count
from services.dicom.objects.sr_document import age_details, document, observer, remarks
from services.domain.report import FEMUR_ANGLE, Dating, FrameReading, Report
from services.domain.report import Measurement as MeasuredLength

_PROCEDURE = CodedConcept("268445003", "SCT", "Ultrasound scan - obstetric")
_ANGLES = {"AoP": "Angle of progression", FEMUR_ANGLE: "Angle of the femur to the horizontal"}
# What a plane's measurements are of.
_FINDINGS = {"head": "fetal_head", "abdomen": "abdomen", "femur": "femur"}
# Circumferences, and what their ellipse goes around.
_OUTLINED = {"HC": "fetal_head", "AC": "abdomen"}


def measurement_report(
    sources: Sequence[Dataset], report: Report, cause: str, predecessors: Sequence[ObjectRef] = ()
) -> bytes:
    """TID 1500 of all frames of ``report``.

    Args:
        sources: the data sets of the images that the report's frames name (``Frames.dataset``).
        cause: id of the job or result.
        predecessors: the documents of earlier versions, which this one replaces.

    Raises:
        ValueError: a frame names an image that is not in ``sources``.
    """
    by_uid = {str(s.SOPInstanceUID): s for s in sources}
    groups = []
    for reading in report.frames:
        if reading.sop_uid not in by_uid:
            raise ValueError("a frame's image is missing")
        groups.append(_group(by_uid[reading.sop_uid], reading, report, cause))
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer(report)),
        procedure_reported=_PROCEDURE,
        imaging_measurements=groups or None,
        title=concept(codes.DCM.ImagingMeasurementReport),
    )
    content[0].ContentSequence.extend(remarks(report))
    return document(
        list(sources), content[0], report, ("sr", cause), "Measurements", 9101, predecessors
    )


def _group(
    source: Dataset, reading: FrameReading, report: Report, cause: str
) -> PlanarROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations:
    """One frame. Its region is the ellipse of a circumference, else, where nothing has a place, the frame.

    Lines and angles carry their points themselves; TID 1410 forbids that beside a region. What made the
    values stands at the group alone, so that a value's only detail is where it was measured: OHIF looks
    for that in a single detail, and opens no report with a group that has no place at all.
    """
    where = f"{reading.sop_uid}/{reading.frame}"
    frames = [reading.frame] if frame_count(source) > 1 else None
    image = (source.SOPClassUID, source.SOPInstanceUID)
    place = SourceImageForRegion(*image, frames)
    outline = _outline(reading)
    region = _region(reading, outline, place)
    shared: dict[str, Any] = {
        "tracking_identifier": TrackingIdentifier(
            uid=derived_uid("tracked", cause, where), identifier=f"frame {reading.frame}"
        ),
        "algorithm_id": AlgorithmIdentification(report.release.name, report.release.version),
        "measurements": _measurements(reading, place if region is None else None) or None,
        "qualitative_evaluations": _evaluations(reading) or None,
        "finding_category": concept(codes.cid7150.AnatomicalStructure),
    }
    if region is None:
        return MeasurementsAndQualitativeEvaluations(
            source_images=[SourceImageForMeasurementGroup(*image, frames)],
            finding_type=_finding(reading),
            **shared,
        )
    finding = structure(_OUTLINED[outline.name]) if outline is not None else _finding(reading)
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region, finding_type=finding, **shared
    )


def _finding(reading: FrameReading) -> CodedConcept | None:
    if not reading.measurements or reading.plane is None:
        return None
    label = _FINDINGS.get(reading.plane.label)
    return structure(label) if label is not None else None


def _outline(reading: FrameReading) -> MeasuredLength | None:
    """The circumference whose ellipse is the frame's region."""
    return next(
        (m for m in reading.measurements if m.name in _OUTLINED and len(m.points) == 4), None
    )


def _region(
    reading: FrameReading, outline: MeasuredLength | None, place: SourceImageForRegion
) -> ImageRegion | None:
    """The ellipse; the whole frame when nothing in it has a place; else None: the values have theirs."""
    if outline is not None:
        return ImageRegion(Graphic.ELLIPSE, _inside(outline.points, reading), place)
    if any(_coordinates(one.points, reading, place) for one in reading.measurements):
        return None
    if any(_coordinates(one.points, reading, place) for one in reading.angles):
        return None
    x, y = reading.width, reading.height
    border = np.array([[0, 0], [x, 0], [x, y], [0, y], [0, 0]], dtype=np.float64)
    return ImageRegion(Graphic.POLYLINE, border, place)


def _inside(points: Sequence[tuple[float, float]], reading: FrameReading) -> NDArray[np.float64]:
    """(points, 2) x and y, none outside the frame."""
    return np.clip(np.array(points, dtype=np.float64), 0, (reading.width, reading.height))


def _coordinates(
    points: Sequence[tuple[float, float]], reading: FrameReading, place: SourceImageForRegion | None
) -> list[CoordinatesForMeasurement] | None:
    """Where a value was measured (TID 320): a line, or an angle's two sides. ``place`` None: not said."""
    if place is None or not 2 <= len(points) <= 3:
        return None
    return [CoordinatesForMeasurement(Graphic.POLYLINE, _inside(points, reading), place)]


def _measurements(reading: FrameReading, place: SourceImageForRegion | None) -> list[Measurement]:
    measurements = [
        Measurement(
            name=MEASURES.get(m.name) or private(m.name, m.name),
            value=round(m.mm if m.mm is not None else m.px, 2),
            unit=MILLIMETRE if m.mm is not None else PIXELS,
            referenced_coordinates=_coordinates(m.points, reading, place),
        )
        for m in reading.measurements
    ]
    measurements += [
        Measurement(
            private(a.name, _ANGLES.get(a.name, a.name)),
            a.degrees,
            DEGREE,
            referenced_coordinates=_coordinates(a.points, reading, place),
        )
        for a in reading.angles
    ]
    measurements += [_age(dating) for dating in reading.datings]
    if reading.plane is not None:
        measurements.append(
            Measurement(CONFIDENCE, round(reading.plane.confidence * 100, 1), PERCENT)
        )
    return measurements


def _age(dating: Dating) -> Measurement:
    """18185-9 LN in days; the equation is named beside it, with its ±2 SD where the source has one."""
    age = Measurement(GESTATIONAL_AGE, round(dating.days, 1), DAY)
    age[0].ContentSequence = age[0].get("ContentSequence") or []
    for item in age_details(dating):
        age[0].ContentSequence.append(item)
    return age


def _evaluations(reading: FrameReading) -> list[QualitativeEvaluation]:
    evaluations = []
    if reading.plane is not None:
        label = reading.plane.label
        evaluations.append(QualitativeEvaluation(PLANE, private(label, label.replace("_", " "))))
    if reading.subplane is not None:
        level = reading.subplane.label
        evaluations.append(QualitativeEvaluation(SUBPLANE, private(level, level)))
    for reason, what in reading.abstentions:
        meaning = f"{what.replace('_', ' ')}: {composite.REASONS[reason]}"
        evaluations.append(QualitativeEvaluation(NOT_ASSESSED, private(reason.value, meaning)))
    return evaluations
