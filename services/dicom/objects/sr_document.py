"""The Comprehensive SR around a content tree (PS3.3 A.35.3), and what every such tree has.

highdicom builds the same object, but copies and searches the content several times over; one SR then
costs more than the head's measurement. Patient and study are the source's, as PS3.3 C.7 asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from highdicom.sr import (
    CodeContentItem,
    DeviceObserverIdentifyingAttributes,
    NumContentItem,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from services.dicom.objects import composite
from services.dicom.objects.codes import DAY, EQUATIONS, MODEL, STATUS, concept, private
from services.dicom.objects.composite import (
    IMPLEMENTATION_VERSION,
    PATIENT_AND_STUDY,
    ObjectRef,
    derived_uid,
    part10,
    person,
    source_header,
)
from services.domain.report import Dating, Report

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
_ORGANISATION = "FADA"


def document(
    sources: list[Dataset],
    content: Dataset,
    report: Report,
    key: tuple[str, str],
    what: str,
    number: int,
    predecessors: Sequence[ObjectRef] = (),
) -> bytes:
    """A Comprehensive SR around ``content``; UNVERIFIED until a person has reviewed.

    ``predecessors`` are the documents that it replaces.
    """
    made = _comprehensive(
        sources, content,
        series_uid=derived_uid("series", *key), sop_uid=derived_uid(*key), number=number,
    )  # fmt: skip
    made.SeriesDescription = composite.series_description(what, report)
    made.Manufacturer = "FADA"
    made.ManufacturerModelName = report.release.name
    made.SoftwareVersions = f"{IMPLEMENTATION_VERSION} {report.release.version}"
    made.DeviceSerialNumber = report.release.sha256[:16]
    composite.stamp(made, report)
    _verify(made, report)
    if predecessors:
        made.PredecessorDocumentsSequence = _hierarchy(predecessors)
    return part10(made, ExplicitVRLittleEndian)


def _comprehensive(
    sources: Sequence[Dataset], content: Dataset, *, series_uid: str, sop_uid: str, number: int
) -> Dataset:
    """An SR that is complete; who made it, when and how far it is verified the caller says.

    Raises:
        IndexError: no source.
    """
    first = source_header(sources[0])
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = COMPREHENSIVE_SR, sop_uid
    for keyword in PATIENT_AND_STUDY:
        if keyword in first:
            setattr(made, keyword, first[keyword].value)
    made.Modality = "SR"
    made.SeriesInstanceUID, made.SeriesNumber, made.InstanceNumber = series_uid, number, 1
    made.ReferencedPerformedProcedureStepSequence = []
    made.PerformedProcedureCodeSequence = []
    made.InstanceCreationDate = made.InstanceCreationTime = ""
    made.CompletionFlag = "COMPLETE"
    made.ContributingEquipmentSequence = [_acquired(first)]
    made.update(content)
    # They were all made for the procedure that is reported, whether the tree names them or not.
    made.CurrentRequestedProcedureEvidenceSequence = _hierarchy(_references(sources))
    return made


def _references(images: Sequence[Dataset]) -> list[ObjectRef]:
    return [
        ObjectRef(
            str(one.StudyInstanceUID), str(one.SeriesInstanceUID),
            str(one.SOPClassUID), str(one.SOPInstanceUID),
        )
        for one in images
    ]  # fmt: skip


def _hierarchy(objects: Sequence[ObjectRef]) -> list[Dataset]:
    """Hierarchical SOP instance references (PS3.3 table C.17-3a), a series each."""
    studies: dict[str, Dataset] = {}
    series: dict[tuple[str, str], Dataset] = {}
    for one in objects:
        if one.study_uid not in studies:
            studies[one.study_uid] = Dataset()
            studies[one.study_uid].StudyInstanceUID = one.study_uid
            studies[one.study_uid].ReferencedSeriesSequence = []
        key = (one.study_uid, one.series_uid)
        if key not in series:
            series[key] = Dataset()
            series[key].SeriesInstanceUID = one.series_uid
            series[key].ReferencedSOPSequence = []
            studies[one.study_uid].ReferencedSeriesSequence.append(series[key])
        reference = Dataset()
        reference.ReferencedSOPClassUID = one.sop_class
        reference.ReferencedSOPInstanceUID = one.sop_uid
        series[key].ReferencedSOPSequence.append(reference)
    return list(studies.values())


def _acquired(source: Dataset) -> Dataset:
    """What made the image (PS3.3 C.12.1, ContributingEquipmentSequence)."""
    item = Dataset()
    item.Manufacturer = source.Manufacturer
    for keyword in ("ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions"):
        if source.get(keyword):
            setattr(item, keyword, source.get(keyword))
    item.ContributionDescription = "Acquisition equipment of the source image(s)"
    item.PurposeOfReferenceCodeSequence = [concept(codes.DCM.AcquisitionEquipment)]
    return item


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
