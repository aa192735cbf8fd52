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
from services.domain.report import Dating, FrameReading, Report

_PROCEDURE = CodedConcept("268445003", "SCT", "Ultrasound scan - obstetric")
_ANGLES = {"AoP": "Angle of progression"}
# What a plane's measurements are of.
_FINDINGS = {"head": "fetal_head", "abdomen": "abdomen", "femur": "femur"}


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
    """One frame: with the head's ellipse as region where there is one, else without a region."""
    where = f"{reading.sop_uid}/{reading.frame}"
    shared: dict[str, Any] = {
        "tracking_identifier": TrackingIdentifier(
            uid=derived_uid("tracked", cause, where), identifier=f"frame {reading.frame}"
        ),
        "measurements": _measurements(reading, report) or None,
        "qualitative_evaluations": _evaluations(reading) or None,
        "finding_category": concept(codes.cid7150.AnatomicalStructure),
    }
    frames = [reading.frame] if frame_count(source) > 1 else None
    image = (source.SOPClassUID, source.SOPInstanceUID)
    region = _region(reading, SourceImageForRegion(*image, frames))
    if region is None:
        return MeasurementsAndQualitativeEvaluations(
            source_images=[SourceImageForMeasurementGroup(*image, frames)],
            finding_type=_finding(reading),
            **shared,
        )
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region, finding_type=structure("fetal_head"), **shared
    )


def _finding(reading: FrameReading) -> CodedConcept | None:
    if not reading.measurements or reading.plane is None:
        return None
    label = _FINDINGS.get(reading.plane.label)
    return structure(label) if label is not None else None


def _region(reading: FrameReading, image: SourceImageForRegion) -> ImageRegion | None:
    hc = next((m for m in reading.measurements if m.name == "HC" and len(m.points) == 4), None)
    if hc is None:
        return None
    points = np.clip(np.array(hc.points, dtype=np.float64), 0, (reading.width, reading.height))
    return ImageRegion(graphic_type=Graphic.ELLIPSE, graphic_data=points, source_image=image)


def _measurements(reading: FrameReading, report: Report) -> list[Measurement]:
    algorithm = AlgorithmIdentification(name=report.release.name, version=report.release.version)
    measurements = [
        Measurement(
            name=MEASURES.get(m.name) or private(m.name, m.name),
            value=round(m.mm if m.mm is not None else m.px, 2),
            unit=MILLIMETRE if m.mm is not None else PIXELS,
            algorithm_id=algorithm,
        )
        for m in reading.measurements
    ]
    measurements += [
        Measurement(
            private(a.name, _ANGLES.get(a.name, a.name)), a.degrees, DEGREE, algorithm_id=algorithm
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
