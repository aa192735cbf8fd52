"""The Comprehensive SR around a content tree (PS3.3 A.35.3), without copying the tree.

highdicom builds the same object, but copies and searches the content several times over; one SR then
costs more than the head's measurement. Patient and study are the source's, as PS3.3 C.7 asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from services.dicom.objects.codes import concept
from services.dicom.objects.source_header import source_header

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
_PATIENT_AND_STUDY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID", "StudyDescription",
    "IssuerOfPatientID", "PatientAge",
)  # fmt: skip


def comprehensive(
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
    for keyword in _PATIENT_AND_STUDY:
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
    made.CurrentRequestedProcedureEvidenceSequence = _hierarchy(sources)
    return made


def _hierarchy(images: Sequence[Dataset]) -> list[Dataset]:
    """Hierarchical SOP instance references (PS3.3 table C.17-3a), a series each."""
    study = Dataset()
    study.StudyInstanceUID = images[0].StudyInstanceUID
    series: dict[str, Dataset] = {}
    for image in images:
        uid = str(image.SeriesInstanceUID)
        if uid not in series:
            series[uid] = Dataset()
            series[uid].SeriesInstanceUID = uid
            series[uid].ReferencedSOPSequence = []
        reference = Dataset()
        reference.ReferencedSOPClassUID = image.SOPClassUID
        reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
        series[uid].ReferencedSOPSequence.append(reference)
    study.ReferencedSeriesSequence = list(series.values())
    return [study]


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
