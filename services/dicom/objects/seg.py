"""Masks as a DICOM Segmentation, one object per frame.

How FADA's own objects become part of a study (SEG here; SR in ``sr``): the worker stores
the bytes, reads them back with ``services.dicom.parser.parse.parse_bytes`` and gives the parsed instance to
``tx.studies.receive(...)`` **in the transaction that finishes the job** (the study's own site, any
source). Such instances have ``frames`` 0, so they make no job. From then on QIDO-RS, WADO-RS and the
push to a PACS treat them like any series of the study. UIDs are a function of ``cause`` (the job's or
the result's id), and the times are the report's: a run again makes the same object.
"""

from __future__ import annotations

from typing import Any

import highdicom
import numpy as np
from highdicom.seg import SegmentAlgorithmTypeValues as _AlgorithmType
from highdicom.seg import Segmentation, SegmentDescription
from highdicom.seg import SegmentationTypeValues as Kind
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from services.dicom.objects import composite
from services.dicom.objects.codes import concept, structure
from services.dicom.objects.composite import (
    IMPLEMENTATION_VERSION,
    derived_uid,
    frame_count,
    part10,
    person,
    source_header,
)
from services.dicom.objects.ultrasound import US_IMAGE
from services.dicom.parser.frames import calibration
from services.domain.calibration import PixelSize
from services.domain.report import Abstention, FrameReading, Report

_CONTENT = "Structures of a fetal ultrasound frame"


def segmentation(
    source: Dataset,
    reading: FrameReading,
    masks: dict[str, NDArray[np.bool_]],
    report: Report,
    cause: str,
) -> bytes:
    """A binary SEG of the masks of one frame of ``source``.

    Args:
        source: the image's data set (``Frames.dataset``); a multi-frame clip is referenced by frame.
        masks: label → (rows, columns) bool in the frame's own pixels; at least one.
        cause: id of the job or result that this belongs to.

    Raises:
        ValueError: no mask, or one of another size than the image.
    """
    header = source_header(source)
    structures = sorted(masks)
    stacked = np.stack([masks[label] for label in structures], axis=-1)[None].view(np.uint8)
    if stacked.shape[1:3] != (header.Rows, header.Columns):
        raise ValueError("the masks do not have the image's size")
    key = ("seg", cause, reading.sop_uid, str(reading.frame))
    seg = Segmentation(
        source_images=[_single(header)],
        pixel_array=stacked,
        segmentation_type=Kind.BINARY,
        segment_descriptions=[_segment(n, label, report) for n, label in enumerate(structures, 1)],
        # A series each: OHIF shows one SEG of a series, the last.
        series_instance_uid=derived_uid("seg series", *key[1:]),
        series_number=9001,
        sop_instance_uid=derived_uid(*key),
        instance_number=reading.frame,
        series_description=composite.series_description(_name(header, reading.frame), report),
        **_provenance(report),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        omit_empty_frames=False,
    )
    if frame_count(header) > 1:
        _refer_to_frame(seg, header, reading.frame)
    _own_uids(seg, *key)
    _place(seg, header, _pixel_size(source, masks))
    seg.PatientOrientation = ""
    if "ContentCreatorName" not in seg:
        seg.ContentCreatorName = ""  # nobody: the model made it
    composite.stamp(seg, report)
    return part10(_plain(seg), ExplicitVRLittleEndian)


def _provenance(report: Report) -> dict[str, Any]:
    """What made the masks, and what they are, as highdicom's arguments."""
    return {
        "manufacturer": "FADA",
        "manufacturer_model_name": report.release.name,
        "software_versions": f"{IMPLEMENTATION_VERSION} {report.release.version}",
        "device_serial_number": report.release.sha256[:16],
        "content_description": _CONTENT,
        "content_creator_name": person(report.reviewed_by) if report.reviewed_by else None,
        "content_label": "FADA",
    }


def _name(header: Dataset, frame: int) -> str:
    """With a clip's frame, else with the image's number in its series, so that a list tells them apart."""
    number = frame if frame_count(header) > 1 else header.get("InstanceNumber")
    return f"Segmentation {number}" if number else "Segmentation"


def _segment(number: int, label: str, report: Report) -> SegmentDescription:
    return SegmentDescription(
        segment_number=number,
        segment_label=label[:64],
        segmented_property_category=concept(codes.cid7150.AnatomicalStructure),
        segmented_property_type=structure(label),
        algorithm_type=_AlgorithmType.SEMIAUTOMATIC
        if report.reviewed_by
        else _AlgorithmType.AUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=report.release.name,
            version=report.release.version,
            family=concept(codes.DCM.ArtificialIntelligence),
        ),
        tracking_uid=derived_uid("tracked", report.study_uid, label),
        tracking_id=label[:64],
    )


def _single(header: Dataset) -> Dataset:
    """highdicom 0.28 fails on multi-frame ultrasound: it is shown one frame of it."""
    single = Dataset()
    single.update(header)
    if "NumberOfFrames" in single:
        del single.NumberOfFrames, single.SOPClassUID  # elements of the header's own: replaced
        single.SOPClassUID = US_IMAGE
    return single


def _refer_to_frame(seg: Dataset, source: Dataset, frame: int) -> None:
    """Say which object and which of its frames it was, wherever highdicom named the image."""
    for item in seg.PerFrameFunctionalGroupsSequence:
        for derivation in item.get("DerivationImageSequence", ()):
            for image in derivation.get("SourceImageSequence", ()):
                image.ReferencedSOPClassUID = source.SOPClassUID
                image.ReferencedFrameNumber = frame
    for series in seg.get("ReferencedSeriesSequence", ()):
        for instance in series.ReferencedInstanceSequence:
            instance.ReferencedSOPClassUID = source.SOPClassUID


def _own_uids(seg: Dataset, *key: str) -> None:
    """highdicom draws these at random."""
    dimensions = derived_uid("dimensions", *key)
    for item in (*seg.DimensionOrganizationSequence, *seg.DimensionIndexSequence):
        item.DimensionOrganizationUID = dimensions


def _pixel_size(source: Dataset, masks: dict[str, NDArray[np.bool_]]) -> PixelSize | None:
    """The scale that holds for all masks; None when the image says none, or they cross regions."""
    rows = np.concatenate([np.flatnonzero(one.any(axis=1)) for one in masks.values()])
    columns = np.concatenate([np.flatnonzero(one.any(axis=0)) for one in masks.values()])
    if rows.size == 0:
        return None
    corners = [(float(x), float(y)) for x in (columns.min(), columns.max())
               for y in (rows.min(), rows.max())]  # fmt: skip
    return calibration(source).for_points(corners)


def _place(seg: Dataset, header: Dataset, size: PixelSize | None) -> None:
    """The masks' plane in a space of the image's own (PS3.3 C.7.6.16.2.1, .3 and .4).

    An ultrasound image has no place in the patient; viewers and converters draw nothing without one.
    So the image is the plane z = 0 of its own frame of reference, its first pixel the origin. Without
    calibration a pixel is one unit, and the object says that these are no millimetres. A thickness,
    which one plane does not have, is what dcmqi takes for the step between planes.
    """
    seg.FrameOfReferenceUID = derived_uid("frame of reference", header.SOPInstanceUID)
    seg.PositionReferenceIndicator = ""
    measures, orientation, position = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [DSfloat(size.mm_y, True), DSfloat(size.mm_x, True)] if size else [1, 1]
    measures.SliceThickness = 1
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    position.ImagePositionPatient = [0, 0, 0]
    shared = seg.SharedFunctionalGroupsSequence[0]
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    for frame in seg.PerFrameFunctionalGroupsSequence:
        frame.PlanePositionSequence = [position]
    _index_position(seg)
    if size is None:
        seg.ContentDescription = f"{_CONTENT}; {composite.REASONS[Abstention.NOT_CALIBRATED]}"


def _index_position(seg: Dataset) -> None:
    """The position is a dimension beside the segment (PS3.3 C.7.6.17), as viewers expect."""
    place = Dataset()
    place.update(seg.DimensionIndexSequence[0])
    place.DimensionIndexPointer = tag_for_keyword("ImagePositionPatient")
    place.FunctionalGroupPointer = tag_for_keyword("PlanePositionSequence")
    place.DimensionDescriptionLabel = "Image Position Patient"
    seg.DimensionIndexSequence.append(place)
    for frame in seg.PerFrameFunctionalGroupsSequence:
        content = frame.FrameContentSequence[0]
        content.DimensionIndexValues = [content.DimensionIndexValues, 1]


def _plain(made: Dataset) -> Dataset:
    plain = Dataset()
    plain.update(made)
    return plain
