"""The reading as a DICOM SR: TID 1500 Measurement Report, by highdicom.

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
    DeviceObserverIdentifyingAttributes,
    ImageRegion,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    NumContentItem,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
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
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from services.dicom.objects import labels
from services.dicom.objects.codes import (
    CONFIDENCE,
    DAY,
    EQUATIONS,
    GESTATIONAL_AGE,
    MEASURES,
    MILLIMETRE,
    MODEL,
    NOT_ASSESSED,
    PERCENT,
    PIXELS,
    PLANE,
    STATUS,
    concept,
    private,
    structure,
)
from services.dicom.objects.source_header import frame_count
from services.dicom.objects.sr_document import comprehensive
from services.dicom.objects.uids import IMPLEMENTATION_VERSION, derived_uid
from services.dicom.objects.ultrasound import part10
from services.domain.report import Dating, FrameReading, Report

_PROCEDURE = CodedConcept("268445003", "SCT", "Ultrasound scan - obstetric")
_ORGANISATION = "FADA"


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


def observer(report: Report) -> ObserverContext:
    """The release as a device; its hash is its serial number."""
    return ObserverContext(
        observer_type=concept(codes.DCM.Device),
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=derived_uid("release", report.release.sha256),
            name="FADA",
            manufacturer_name="FADA",
            model_name=f"{report.release.name} {report.release.version}",
            serial_number=report.release.sha256[:64],
        ),
    )


def reviewer(report: Report) -> ObserverContext | None:
    """The person who reviewed, as an observer (TID 1003); None before a review."""
    if report.reviewed_by is None:
        return None
    return ObserverContext(
        observer_type=concept(codes.DCM.Person),
        observer_identifying_attributes=PersonObserverIdentifyingAttributes(
            name=person(report.reviewed_by)
        ),
    )


def person(name: str) -> str:
    """A user's name as a PN value: the family name component alone, as nothing else is known."""
    return (name.replace("\\", " ").replace("=", " ").replace("^", " ")[:60] or "unknown") + "^"


def remarks(report: Report) -> list[TextContentItem]:
    """The label that stays, the model, and the reader's comment."""
    contains = RelationshipTypeValues.CONTAINS
    release = f"{report.release.name} {report.release.version} {report.release.sha256}"
    items = [
        TextContentItem(STATUS, report.label, contains),
        TextContentItem(MODEL, release, contains),
    ]
    if report.comment:
        items.append(TextContentItem(concept(codes.DCM.Comment), report.comment, contains))
    return items


def document(
    sources: list[Dataset],
    content: Dataset,
    report: Report,
    key: tuple[str, str],
    what: str,
    number: int,
) -> bytes:
    """A Comprehensive SR around ``content``; UNVERIFIED until a person has reviewed."""
    made = comprehensive(
        sources, content,
        series_uid=derived_uid("series", *key), sop_uid=derived_uid(*key), number=number,
    )  # fmt: skip
    made.SeriesDescription = labels.series(what, report)
    made.Manufacturer = "FADA"
    made.ManufacturerModelName = report.release.name
    made.SoftwareVersions = f"{IMPLEMENTATION_VERSION} {report.release.version}"
    made.DeviceSerialNumber = report.release.sha256[:16]
    labels.stamp(made, report)
    _verify(made, report)
    return part10(made, ExplicitVRLittleEndian)


def _verify(made: Dataset, report: Report) -> None:
    """Verified when a person has reviewed, and by whom (PS3.3 C.17.2)."""
    reviewed = report.reviewed_by is not None
    made.VerificationFlag = "VERIFIED" if reviewed else "UNVERIFIED"
    made.PreliminaryFlag = "FINAL" if reviewed else "PRELIMINARY"
    if report.reviewed_by is None:
        return
    observer = Dataset()
    observer.VerifyingOrganization = _ORGANISATION
    moment = report.reviewed_at or report.created_at
    observer.VerificationDateTime = moment.strftime("%Y%m%d%H%M%S")
    observer.VerifyingObserverName = person(report.reviewed_by)
    observer.VerifyingObserverIdentificationCodeSequence = []
    made.VerifyingObserverSequence = [observer]


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


def age_details(dating: Dating) -> list[Dataset]:
    """The equation (121420 DCM) and the interval, as children of a gestational age (TID 300)."""
    equation = EQUATIONS.get(dating.equation) or private("EQUATION", dating.equation)
    details: list[Dataset] = [
        CodeContentItem(concept(codes.DCM.Equation), equation, RelationshipTypeValues.INFERRED_FROM)
    ]
    ends = (
        (codes.cid226._2SigmaLowerValueOfPopulation, dating.low_days),
        (codes.cid226._2SigmaUpperValueOfPopulation, dating.high_days),
    )
    for name, days in ends:
        if days is not None:
            details.append(
                NumContentItem(
                    concept(name), round(days, 1), DAY,
                    relationship_type=RelationshipTypeValues.HAS_PROPERTIES,
                )
            )  # fmt: skip
    return details


def _evaluations(reading: FrameReading) -> list[QualitativeEvaluation]:
    evaluations = []
    if reading.plane is not None:
        label = reading.plane.label
        evaluations.append(QualitativeEvaluation(PLANE, private(label, label.replace("_", " "))))
    for reason, what in reading.abstentions:
        meaning = f"{what.replace('_', ' ')}: {labels.REASONS[reason]}"
        evaluations.append(QualitativeEvaluation(NOT_ASSESSED, private(reason.value, meaning)))
    return evaluations
