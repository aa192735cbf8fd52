"""A copy of an object without the patient, for export as a training set or to a teacher.

Follows the Basic Profile of PS3.15 annex E in spirit and is stricter: what is not on the list of kept
attributes is removed, private elements and overlays always. Pixels are not touched: burned-in text
stays, and ``BurnedInAnnotation`` keeps saying so.
"""

from __future__ import annotations

import hashlib
import hmac

from pydicom.dataset import Dataset

from services.dicom.objects.composite import derived_uid, part10

_KEPT = frozenset(
    (
        "SpecificCharacterSet", "ImageType", "SOPClassUID", "Modality", "Manufacturer",
        "ManufacturerModelName", "SoftwareVersions", "NumberOfFrames", "FrameTime",
        "FrameIncrementPointer", "SequenceOfUltrasoundRegions", "PixelSpacing", "SamplesPerPixel",
        "PhotometricInterpretation", "PlanarConfiguration", "Rows", "Columns", "BitsAllocated",
        "BitsStored", "HighBit", "PixelRepresentation", "WindowCenter", "WindowWidth",
        "RescaleIntercept", "RescaleSlope", "RescaleType", "VOILUTSequence", "LossyImageCompression",
        "LossyImageCompressionRatio", "LossyImageCompressionMethod", "BurnedInAnnotation",
        "UltrasoundColorDataPresent", "RedPaletteColorLookupTableDescriptor",
        "GreenPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableDescriptor",
        "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
        "BluePaletteColorLookupTableData", "InstanceNumber", "SeriesNumber", "PixelData",
    )
)  # fmt: skip
_EMPTY = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientBirthDate",
    "PatientSex", "StudyID", "Laterality", "PatientOrientation",
)  # fmt: skip


def deidentified(source: Dataset, secret: bytes) -> bytes:
    """A whole Part 10 file. Equal ``secret``: equal pseudonyms, so a study stays together.

    Args:
        source: the data set with its ``file_meta``.
        secret: of the exporting site; without it nobody can find the way back.
    """
    ds = Dataset()
    for element in source:
        if element.keyword in _KEPT:
            ds[element.tag] = element
    for name in _EMPTY:
        setattr(ds, name, "")
    for name in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(ds, name, derived_uid("pseudonym", _keyed(secret, str(source.get(name, "")))))
    alias = _keyed(secret, f"{source.get('IssuerOfPatientID', '')}/{source.get('PatientID', '')}")
    ds.PatientID = ds.PatientName = f"ANON-{alias[:12].upper()}"
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "FADA: kept attributes listed, all others removed"
    return part10(ds, str(source.file_meta.TransferSyntaxUID))


def _keyed(secret: bytes, value: str) -> str:
    return hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()
