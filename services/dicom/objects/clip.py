"""An MP4 or MOV clip becomes a DICOM multi-frame object; its stream is kept as it was sent.

Source: PS3.3 A.7 (US Multi-frame Image), PS3.5 8.2.7 and 8.2.8 (MPEG-4 AVC and HEVC, in one fragment).
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from services.dicom.objects.composite import part10
from services.dicom.objects.ultrasound import US_MULTIFRAME, Subject, describe, region_of, uids_of
from services.dicom.parser.video import H264, Video
from services.domain.errors import FrameUndecodable, InvalidInput

MOST_FRAMES = 3000


def clip_object(data: bytes, subject: Subject, pixel_mm: tuple[float, float] | None) -> bytes:
    """A Part 10 file with the clip ``data``; the same input gives the same bytes.

    Args:
        pixel_mm: size of a pixel along x and y in mm; None when unknown.

    Raises:
        InvalidInput: it cannot be decoded, or shows nothing.
        UnsupportedMedia: neither H.264 nor HEVC.
        TooLarge: more than ``MOST_FRAMES`` frames, or too many pixels.
    """
    try:
        video = Video(data)
    except FrameUndecodable as error:
        raise InvalidInput("The clip cannot be decoded: it is damaged or was cut.") from error
    syntax, count = video.syntax, video.count(MOST_FRAMES)
    if count == 0:
        raise InvalidInput("The clip has no frame that can be decoded.")
    ds = Dataset()
    ds.SOPClassUID = US_MULTIFRAME
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = uids_of(subject)
    describe(ds, subject)
    _pixels(ds, data, video, count)
    ds.LossyImageCompressionMethod = "ISO_14496_10" if syntax == H264 else "ISO_23008_2"
    if pixel_mm is not None:
        ds.SequenceOfUltrasoundRegions = [region_of(video.width, video.height, pixel_mm)]
    return part10(ds, syntax)


def _pixels(ds: Dataset, data: bytes, video: Video, count: int) -> None:
    ds.ImageType = ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 3, "YBR_PARTIAL_420"
    ds.PlanarConfiguration, ds.UltrasoundColorDataPresent = 0, 0
    ds.Rows, ds.Columns, ds.NumberOfFrames = video.height, video.width, count
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.FrameTime = f"{1000 / video.rate:.2f}"
    ds.FrameIncrementPointer = 0x00181063
    ds.RecommendedDisplayFrameRate = max(1, round(video.rate))
    ds.CineRate = max(1, round(video.rate))
    ds.NumberOfStages, ds.NumberOfViewsInStage, ds.StageNumber, ds.ViewNumber = 1, 1, 1, 1
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = f"{video.width * video.height * 3 * count / len(data):.2f}"
    ds.PixelData = encapsulate([data], has_bot=False)
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
