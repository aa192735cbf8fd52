"""The rendered overlay as a Secondary Capture object, label burned in (PS3.3 A.8)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from services.dicom.objects import composite
from services.dicom.objects.composite import (
    IMPLEMENTATION_VERSION,
    derived_uid,
    frame_count,
    part10,
    source_header,
)
from services.domain.report import FrameReading, Report

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def secondary_capture(
    source: Dataset, overlay: NDArray[np.uint8], reading: FrameReading, report: Report, cause: str
) -> bytes:
    """A picture drawn over one frame of ``source``; ``overlay`` is (H, W, 3) uint8 RGB.

    The series has ``frames`` of its own: it is kept as a companion, not analysed again, because the
    worker indexes it with ``frames`` 0.
    """
    ds = source_header(source)
    ds.pop("NumberOfFrames", None)
    ds.SOPClassUID = SECONDARY_CAPTURE
    ds.SOPInstanceUID = derived_uid("sc", cause, reading.sop_uid, str(reading.frame))
    ds.SeriesInstanceUID = derived_uid("sc series", cause, str(ds.SeriesInstanceUID))
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "US", 9201, reading.frame
    ds.SeriesDescription = composite.series_description("Overlay", report)
    ds.Manufacturer, ds.ManufacturerModelName = "FADA", report.release.name
    ds.SoftwareVersions = f"{IMPLEMENTATION_VERSION} {report.release.version}"
    ds.ConversionType, ds.ImageType = "SYN", ["DERIVED", "SECONDARY"]
    ds.BurnedInAnnotation, ds.PatientOrientation, ds.Laterality = "YES", "", ""
    ds.SourceImageSequence = [_reference(source, reading.frame)]
    ds.Rows, ds.Columns = int(overlay.shape[0]), int(overlay.shape[1])
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    raw = np.ascontiguousarray(overlay[..., :3], dtype=np.uint8).tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB"
    composite.stamp(ds, report)
    return part10(ds, ExplicitVRLittleEndian)


def _reference(source: Dataset, frame: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.SOPClassUID
    item.ReferencedSOPInstanceUID = source.SOPInstanceUID
    if frame_count(source) > 1:
        item.ReferencedFrameNumber = frame
    return item
