"""The printed report as an Encapsulated PDF object (PS3.3 A.45.1), for a PACS that shows no SR."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from services.dicom.objects import composite
from services.dicom.objects.codes import OBSTETRIC_REPORT
from services.dicom.objects.composite import (
    IMPLEMENTATION_VERSION,
    PATIENT_AND_STUDY,
    derived_uid,
    part10,
    source_header,
)
from services.dicom.parser.parse import ENCAPSULATED_PDF
from services.domain.report import Report


def encapsulated_pdf(
    sources: Sequence[Dataset], pdf: bytes, title: str, report: Report, cause: str
) -> bytes:
    """``pdf`` as an object of the study.

    Args:
        sources: the data sets of the images that it is about; at least one.
        title: of the document, in its own language.
        cause: id of the job or result.
    """
    first = source_header(sources[0])
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = ENCAPSULATED_PDF, derived_uid("pdf", cause)
    for keyword in PATIENT_AND_STUDY:
        if keyword in first:
            setattr(made, keyword, first[keyword].value)
    made.Modality, made.ConversionType = "DOC", "WSD"
    made.SeriesInstanceUID = derived_uid("pdf series", cause)
    made.SeriesNumber, made.InstanceNumber = 9103, 1
    made.SeriesDescription = composite.series_description("Report", report)
    made.Manufacturer, made.ManufacturerModelName = "FADA", report.release.name
    made.SoftwareVersions = f"{IMPLEMENTATION_VERSION} {report.release.version}"
    made.DeviceSerialNumber = report.release.sha256[:16]
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "YES"  # the page names the patient
    made.DocumentTitle = title
    made.VerificationFlag = "VERIFIED" if report.reviewed_by else "UNVERIFIED"
    made.ConceptNameCodeSequence = [OBSTETRIC_REPORT]
    made.SourceInstanceSequence = [_reference(source) for source in sources]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    composite.stamp(made, report)
    return part10(made, ExplicitVRLittleEndian)


def _reference(source: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.SOPClassUID
    item.ReferencedSOPInstanceUID = source.SOPInstanceUID
    return item


def pdf_of(data: bytes) -> bytes:
    """The document of an object that ``encapsulated_pdf`` made."""
    made = dcmread(BytesIO(data))
    return bytes(made.EncapsulatedDocument)[: int(made.EncapsulatedDocumentLength)]
