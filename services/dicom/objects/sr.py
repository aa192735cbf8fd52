"""The reading as DICOM SR: Measurement Report (TID 1500), OB-GYN Procedure Report (TID 5000).

How such an object becomes part of its study stands in ``services.dicom.objects.seg``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    ImageRegion,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    NumContentItem,
    ObservationContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from highdicom.sr import GraphicTypeValues as Graphic
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from services.dicom.objects import composite
from services.dicom.objects.codes import (
    CONFIDENCE,
    DAY,
    GESTATIONAL_AGE,
    MEASURES,
    MILLIMETRE,
    NOT_ASSESSED,
    PERCENT,
    PIXELS,
    PLANE,
    concept,
    private,
    structure,
)
from services.dicom.objects.composite import derived_uid, frame_count
from services.dicom.objects.sr_document import age_details, document, observer, remarks, reviewer
from services.domain.report import Dating, FrameReading, Report

_PROCEDURE = CodedConcept("268445003", "SCT", "Ultrasound scan - obstetric")
_CONTAINS = RelationshipTypeValues.CONTAINS
_CONTEXT = RelationshipTypeValues.HAS_OBS_CONTEXT
_FETUS_ID = CodedConcept("11951-1", "LN", "Fetus ID")


def measurement_report(sources: Sequence[Dataset], report: Report, cause: str) -> bytes:
    """TID 1500 of all frames of ``report``.

    Args:
        sources: the data sets of the images that the report's frames name (``Frames.dataset``).
        cause: id of the job or result.

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
    return document(list(sources), content[0], report, ("sr", cause), "Measurements", 9101)


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
            finding_type=structure("fetal_head") if reading.measurements else None,
            **shared,
        )
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region, finding_type=structure("fetal_head"), **shared
    )


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
    for reason, what in reading.abstentions:
        meaning = f"{what.replace('_', ' ')}: {composite.REASONS[reason]}"
        evaluations.append(QualitativeEvaluation(NOT_ASSESSED, private(reason.value, meaning)))
    return evaluations


def procedure_report(sources: Sequence[Dataset], report: Report, cause: str) -> bytes | None:
    """TID 5000 of the frame that speaks for the study; None when it has no millimetres.

    No library builds it. Source: PS3.16, TID 5000, 5003 (fetus summary), 5005 (fetal biometry), 5008
    (biometry group), 300 (measurement), 1008 (subject context, fetus). Only calibrated values go in:
    this form has millimetres alone. ``sources`` and ``cause`` as in ``measurement_report``.
    """
    best = report.best
    if best is None or not any(m.mm is not None for m in best.measurements):
        return None
    children: list[Dataset] = [*_observer(report), *remarks(report)]
    if best.datings:
        children.append(_fetus_summary(best))
    children.append(_biometry(best))
    root = _container(codes.DCM.OBGYNUltrasoundProcedureReport, children, None, "5000")
    named = [s for s in sources if str(s.SOPInstanceUID) == best.sop_uid]
    return document(named, root, report, ("sr obgyn", cause), "OB-GYN report", 9102)


def _observer(report: Report) -> list[Dataset]:
    """TID 1001 of the device, and of the person when one has reviewed."""
    items: list[Dataset] = list(observer(report))
    person = reviewer(report)
    return [*items, *person] if person is not None else items


def _fetus_summary(best: FrameReading) -> Dataset:
    return _container(codes.DCM.FetusSummary, [*_fetus(), *_ages(best)], _CONTAINS)


def _biometry(best: FrameReading) -> Dataset:
    """TID 5005: a biometry group (TID 5008) for each measurement; the age stands with HC."""
    groups: list[Dataset] = []
    for m in best.measurements:
        if m.mm is None or m.name not in MEASURES:
            continue
        size = NumContentItem(MEASURES[m.name], round(m.mm, 1), MILLIMETRE,
                              relationship_type=_CONTAINS)  # fmt: skip
        ages = _ages(best) if m.name == "HC" else []
        groups.append(_container(codes.DCM.BiometryGroup, [size, *ages], _CONTAINS))
    return _container(codes.DCM.FetalBiometry, [*_fetus(), *groups], _CONTAINS)


def _fetus() -> list[Dataset]:
    """TID 1008: which subject this is about."""
    return [
        CodeContentItem(concept(codes.DCM.SubjectClass), concept(codes.DCM.Fetus), _CONTEXT),
        TextContentItem(_FETUS_ID, "1", _CONTEXT),
    ]


def _ages(best: FrameReading) -> list[Dataset]:
    ages: list[Dataset] = []
    for dating in best.datings:
        age = NumContentItem(GESTATIONAL_AGE, round(dating.days, 1), DAY,
                             relationship_type=_CONTAINS)  # fmt: skip
        age.ContentSequence = Items(age_details(dating))
        ages.append(age)
    return ages


def _container(
    name: Code,
    children: list[Dataset],
    relation: RelationshipTypeValues | None,
    template: str | None = None,
) -> Dataset:
    made = ContainerContentItem(concept(name), template_id=template, relationship_type=relation)
    made.ContentSequence = Items(children)
    return made
