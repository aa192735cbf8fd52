"""A whole DICOM file of an image, without the patient in header and pixels.

Pixels are decoded and written anew, 8 bits as they are shown: comments inside of a compressed stream, bits
above the image and palettes do not travel. A clip is written in JPEG-LS without loss, an image without
compression.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from services.dicom.deidentification.profile import Pseudonyms, header_of_copy
from services.dicom.deidentification.scan_area import Mask, kept
from services.dicom.objects.composite import part10
from services.dicom.parser.frames import Frames
from services.domain.errors import UnsupportedObject

_LOOKED_AT: Final = 6  # frames of a clip that are searched for words


def deidentified(frames: Frames, pseudonyms: Pseudonyms) -> bytes:
    """A Part 10 file. Equal pseudonyms: equal bytes, and a study stays together.

    Raises:
        InvalidDicom, FrameUndecodable, PaletteUnusable, UnsupportedObject: a frame cannot be shown.
    """
    area = area_of(frames)
    made = header_of_copy(frames.dataset, pseudonyms)
    made.BurnedInAnnotation = "NO"
    made.ImageType = ["DERIVED", *list(made.get("ImageType") or ["", "PRIMARY"])[1:]]
    clean = (blanked(frames.read(number), area) for number in range(1, frames.count + 1))
    if frames.count == 1:
        return _image(made, next(clean))
    return _clip(made, clean, frames.count)


def area_of(frames: Frames, number: int | None = None) -> Mask:
    """(H, W): what may be shown of frame ``number``, or of a whole clip."""
    if number is not None:
        return kept([frames.read(number)], frames.dataset)
    chosen = np.unique(np.linspace(1, frames.count, min(_LOOKED_AT, frames.count)).round())
    return kept([frames.read(int(one)) for one in chosen], frames.dataset)


def blanked(pixels: NDArray[np.uint8], area: Mask) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3): black outside of ``area``."""
    shown = area if pixels.ndim == 2 else area[..., None]
    return np.ascontiguousarray(np.where(shown, pixels, np.uint8(0)))


def _image(made: Dataset, pixels: NDArray[np.uint8]) -> bytes:
    _describe(made, pixels)
    raw = pixels.tobytes()
    made.PixelData = raw + b"\0" * (len(raw) % 2)
    made["PixelData"].VR = "OB"
    return part10(made, ExplicitVRLittleEndian)


def _clip(made: Dataset, clean: Iterator[NDArray[np.uint8]], count: int) -> bytes:
    streams: list[bytes] = []
    for pixels in clean:
        if not streams:
            _describe(made, pixels)
        streams.append(bytes(imagecodecs.jpegls_encode(pixels)))
    if not streams:
        raise UnsupportedObject("The object has no images.")
    made.NumberOfFrames = count
    made.PixelData = encapsulate(streams)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return part10(made, JPEGLSLossless)


def _describe(made: Dataset, pixels: NDArray[np.uint8]) -> None:
    """The image pixel module (PS3.3 C.7.6.3) of 8-bit gray or RGB."""
    colour = pixels.ndim == 3
    made.Rows, made.Columns = int(pixels.shape[0]), int(pixels.shape[1])
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    if colour:
        made.PlanarConfiguration = 0
    elif "PlanarConfiguration" in made:
        del made.PlanarConfiguration
    for keyword in ("WindowCenter", "WindowWidth", "RescaleIntercept", "RescaleSlope"):
        if keyword in made:
            delattr(made, keyword)
