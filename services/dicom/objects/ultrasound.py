"""Write pictures as DICOM ultrasound objects, the pixel size as an ultrasound region.

Used by ``fada import-images``, by the web upload of PNG and JPEG, and for the samples. The same input
gives the same bytes. Source: PS3.3 A.6 (US Image), A.7 (US Multi-frame Image), C.8.5.5 (regions).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from services.dicom.objects.composite import IMPLEMENTATION_VERSION, derived_uid, part10
from services.reading.images.picture import decode

US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
_CENTIMETRE = 3  # PhysicalUnitsXDirection, PS3.3 table C.8-17


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the patient and the study. Empty fields are written empty, never invented.

    ``study_key`` and ``series_key`` make the UIDs when no UID is given: equal keys, equal study.
    """

    study_key: str
    series_key: str = "1"
    patient_name: str = ""
    patient_id: str = ""
    study_date: str = ""  # YYYYMMDD
    study_time: str = ""
    accession: str = ""
    description: str = ""
    study_uid: str = ""
    series_uid: str = ""
    sop_uid: str = ""
    instance_number: int = 1
    note: str = ""  # image comments, e.g. the attribution of a data set


@dataclass(frozen=True, slots=True)
class PictureFrames:
    """Decoded frames of one size, (F, H, W) or (F, H, W, 3) uint8; ``jpeg`` when they can be kept as sent."""

    frames: NDArray[np.uint8]
    jpeg: bytes | None = None
    lossy_ratio: float | None = None


def read_picture(data: bytes) -> PictureFrames:
    """Decode a PNG or JPEG. Raises InvalidInput, TooLarge: see ``services.reading.images.picture``."""
    decoded = decode(data)
    if not decoded.jpeg:
        return PictureFrames(decoded.pixels[None])
    ratio = round(decoded.pixels.size / len(data), 2)
    return PictureFrames(decoded.pixels[None], data if decoded.baseline else None, ratio)


def ultrasound_object(
    picture: PictureFrames, subject: Subject, pixel_mm: tuple[float, float] | None
) -> bytes:
    """A Part 10 file: US Image, or US Multi-frame when there are several frames.

    Args:
        pixel_mm: size of a pixel along x and y in mm; None when unknown: then no region is written,
            and FADA will say "not calibrated".
    """
    frames = picture.frames
    sop_class = US_IMAGE if len(frames) == 1 else US_MULTIFRAME
    study, series, sop = uids_of(subject)
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, sop
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    describe(ds, subject)
    _pixels(ds, picture)
    if pixel_mm is not None:
        ds.SequenceOfUltrasoundRegions = [region_of(frames.shape[2], frames.shape[1], pixel_mm)]
    return part10(ds, JPEGBaseline8Bit if picture.jpeg else ExplicitVRLittleEndian)


def uids_of(subject: Subject) -> tuple[str, str, str]:
    """Study, Series and SOP Instance UID of the object that is made for ``subject``."""
    study = subject.study_uid or derived_uid("study", subject.study_key)
    series = subject.series_uid or derived_uid("series", study, subject.series_key)
    return (
        study,
        series,
        subject.sop_uid or derived_uid("instance", series, str(subject.instance_number)),
    )


def describe(ds: Dataset, subject: Subject) -> None:
    """Patient, study, series and equipment, empty where nothing is known."""
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = subject.patient_name, subject.patient_id
    ds.PatientBirthDate, ds.PatientSex = "", ""
    ds.StudyDate, ds.StudyTime = subject.study_date, subject.study_time
    ds.ContentDate, ds.ContentTime = subject.study_date, subject.study_time
    ds.AccessionNumber, ds.ReferringPhysicianName, ds.StudyID = subject.accession, "", ""
    if subject.description:
        ds.StudyDescription = subject.description
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "US", 1, subject.instance_number
    ds.Manufacturer, ds.ManufacturerModelName = "FADA", "picture import"
    ds.SoftwareVersions, ds.DeviceSerialNumber = IMPLEMENTATION_VERSION, "0"
    ds.PatientOrientation = ""
    ds.Laterality = ""
    if subject.note:
        ds.ImageComments = subject.note


def _pixels(ds: Dataset, picture: PictureFrames) -> None:
    frames = picture.frames
    colour = frames.ndim == 4
    ds.ImageType = ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        ds.PlanarConfiguration = 0
        ds.UltrasoundColorDataPresent = 0
    ds.Rows, ds.Columns = int(frames.shape[1]), int(frames.shape[2])
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
        ds.FrameTime = "33.33"
        ds.FrameIncrementPointer = 0x00181063
        ds.RecommendedDisplayFrameRate = 30
        ds.NumberOfStages, ds.NumberOfViewsInStage = 1, 1
        ds.StageNumber, ds.ViewNumber = 1, 1
    ds.LossyImageCompression = "01" if picture.lossy_ratio else "00"
    if picture.lossy_ratio:
        ds.LossyImageCompressionRatio = f"{picture.lossy_ratio:g}"
        ds.LossyImageCompressionMethod = "ISO_10918_1"
    if picture.jpeg:
        ds.PixelData = encapsulate([picture.jpeg])
        ds["PixelData"].is_undefined_length = True
    else:
        raw = frames.tobytes()
        ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB"


def region_of(width: int, height: int, pixel_mm: tuple[float, float]) -> Dataset:
    """The scale of a whole picture, ``pixel_mm`` in mm along x and y, as an ultrasound region."""
    region = Dataset()
    region.RegionSpatialFormat = 1  # 2D
    region.RegionDataType = 1  # tissue
    region.RegionFlags = 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = width - 1, height - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = _CENTIMETRE
    region.PhysicalDeltaX, region.PhysicalDeltaY = pixel_mm[0] / 10, pixel_mm[1] / 10
    return region


def from_picture_file(path: Path, subject: Subject, pixel_mm: tuple[float, float] | None) -> bytes:
    """``ultrasound_object`` of a picture on disk."""
    return ultrasound_object(read_picture(path.read_bytes()), subject, pixel_mm)
