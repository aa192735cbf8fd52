"""Single frames of a stored object, decoded lazily to uint8, and what the object says of its scale.

Every decoder is given a stream whose own size was compared with the header first: a compressed frame
that claims to be larger is refused before anything is allocated for it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from services.dicom.parser import jpeg, libjpeg_turbo
from services.dicom.parser.parse import MAX_FRAME_SAMPLES, NATIVE
from services.domain.calibration import Calibration, PixelSize, Region
from services.domain.errors import InvalidDicom, NotFound, TooLarge

_CENTIMETRE = 3
_RLE = "1.2.840.10008.1.2.5"
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_HEAD = 1 << 16
libjpeg_turbo.register()


class Frames:
    """The frames of one image object; ``count`` of (rows, columns) or (rows, columns, 3) uint8."""

    def __init__(self, dataset: Dataset) -> None:
        """Raises InvalidDicom, TooLarge."""
        self.dataset = dataset
        self.syntax = str(dataset.file_meta.TransferSyntaxUID)
        try:
            self.rows, self.columns = int(dataset.Rows), int(dataset.Columns)
            self.samples = int(dataset.get("SamplesPerPixel", 1))
            self.count = max(int(dataset.get("NumberOfFrames") or 1), 1)
            self._pixels = dataset["PixelData"]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidDicom("The object has no pixels.") from error
        if self.rows * self.columns * self.samples > MAX_FRAME_SAMPLES:
            raise TooLarge("A frame has more pixels than this hub accepts.")

    @classmethod
    def of_bytes(cls, data: bytes) -> Frames:
        """From a whole Part 10 file that came through the intake."""
        return cls(_read(io.BytesIO(data)))

    @classmethod
    def of_file(cls, path: Path) -> Frames:
        """Values of more than 64 KiB stay on disk until a frame is asked for."""
        return cls(_read(path, defer_size=1 << 16))

    @property
    def native(self) -> bool:
        return self.syntax in NATIVE

    def read(self, frame: int) -> NDArray[np.uint8]:
        """Frame ``frame``, counted from 1, ready to be looked at: gray (H, W) or RGB (H, W, 3).

        MONOCHROME1 is inverted, palettes are applied, more than 8 bits are windowed.

        Raises:
            NotFound: there is no such frame.
            InvalidDicom: it cannot be decoded, or has another size than the header says.
        """
        return _to_uint8(self._decode(frame), self.dataset)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self.read(number) for number in range(1, self.count + 1))

    def raw(self, frame: int) -> bytes:
        """The bytes of one frame as they are stored: native pixels, or its compressed stream."""
        self._check(frame)
        value = bytes(self._pixels.value)
        if not self.native:
            return bytes(get_frame(value, frame - 1, number_of_frames=self.count))
        bits = int(self.dataset.BitsAllocated)
        samples = 2 if self.dataset.PhotometricInterpretation == "YBR_FULL_422" else self.samples
        size = self.rows * self.columns * samples * bits
        if bits == 1:  # PS3.5 section 8.1.1: frames are not padded, so they may begin within a byte
            stored = np.unpackbits(np.frombuffer(value, np.uint8), bitorder="little")
            return np.packbits(
                stored[(frame - 1) * size : frame * size], bitorder="little"
            ).tobytes()
        return value[(frame - 1) * size // 8 : frame * size // 8]

    def native_bytes(self, frame: int) -> bytes:
        """One frame decoded, in its own depth, little-endian; colour is RGB."""
        pixels = self._decode(frame)
        return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"))).tobytes()

    def check_all(self) -> None:
        """Refuse an object one of whose frames claims another size. Raises InvalidDicom."""
        for frame in range(1, self.count + 1):
            self._check_stream(frame)

    def _check_stream(self, frame: int) -> None:
        if not self.native and self.syntax != _RLE:
            stream = get_frame(self._pixels.value, frame - 1, number_of_frames=self.count)
            jpeg.check_size(bytes(stream[:_HEAD]), self.rows, self.columns)

    def _check(self, frame: int) -> None:
        if not 1 <= frame <= self.count:
            raise NotFound(f"The object has {self.count} frames.")

    def _plugin(self) -> str:
        """Gray JPEG by Pillow, whose values browsers and agents have too; else pydicom's choice."""
        gray = self.samples == 1 and int(self.dataset.get("BitsStored", 8)) == 8
        return "pillow" if gray and self.syntax in _JPEG else ""

    def _decode(self, frame: int) -> NDArray[Any]:
        self._check(frame)
        self._check_stream(frame)
        try:
            decoder, plugin = get_decoder(self.syntax), self._plugin()
            pixels, _ = decoder.as_array(self.dataset, index=frame - 1, decoding_plugin=plugin)
        except Exception as error:
            raise InvalidDicom(f"A frame cannot be decoded ({type(error).__name__}).") from error
        if pixels.shape[:2] != (self.rows, self.columns):
            raise InvalidDicom("A frame has another size than the header says.")
        return np.asarray(pixels)


def calibration(dataset: Dataset) -> Calibration:
    """What an object says about its scale (PS3.3 C.8.5.5: cm per pixel in each region; else mm).

    A region counts only when both directions are in centimetres; a zero or negative delta, or a
    region that is no rectangle, is no calibration. Nothing is guessed.
    """
    regions = tuple(
        region
        for item in dataset.get("SequenceOfUltrasoundRegions") or ()
        if (region := _region(item)) is not None
    )
    if regions:
        return Calibration(regions=regions)
    if dataset.get("SequenceOfUltrasoundRegions"):
        return Calibration()  # regions that say nothing usable: the spacing may not speak for them
    spacing = dataset.get("PixelSpacing")
    try:
        row, column = (float(v) for v in spacing or ())
    except (TypeError, ValueError):
        return Calibration()
    if not (0 < row < 100 and 0 < column < 100):
        return Calibration()
    return Calibration(spacing=PixelSize(column, row, "pixel_spacing"))


def _region(item: Dataset) -> Region | None:
    try:
        units = (int(item.PhysicalUnitsXDirection), int(item.PhysicalUnitsYDirection))
        deltas = (float(item.PhysicalDeltaX), float(item.PhysicalDeltaY))
        corners = tuple(
            int(item[f"RegionLocation{name}"].value)
            for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    x0, y0, x1, y1 = corners
    if units != (_CENTIMETRE, _CENTIMETRE) or x1 <= x0 or y1 <= y0:
        return None
    # Some scanners count y upwards and write a negative delta; its size is what scales.
    mm_x, mm_y = (abs(v) * 10 for v in deltas)
    if not (0 < mm_x < 100 and 0 < mm_y < 100):
        return None
    return Region(x0, y0, x1, y1, mm_x, mm_y)


def _read(source: Path | io.BytesIO, defer_size: int | None = None) -> Dataset:
    try:
        return pydicom.dcmread(source, defer_size=defer_size)
    except Exception as error:
        raise InvalidDicom(f"The object cannot be read ({type(error).__name__}).") from error


def _to_uint8(pixels: NDArray[Any], ds: Dataset) -> NDArray[np.uint8]:
    kind = str(ds.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        colours = apply_color_lut(pixels, ds)[..., :3]
        deep = colours.dtype.itemsize > 1
        return np.asarray(colours >> 8 if deep else colours, dtype=np.uint8)
    if pixels.ndim == 3:
        return _rgb(pixels, ds)
    gray = _window(pixels, ds)
    return 255 - gray if kind == "MONOCHROME1" else gray


def _rgb(pixels: NDArray[Any], ds: Dataset) -> NDArray[np.uint8]:
    """pydicom's decoders have turned YBR into RGB."""
    bits = int(ds.BitsStored)
    return np.asarray(pixels >> (bits - 8) if bits > 8 else pixels, dtype=np.uint8)


def _window(pixels: NDArray[Any], ds: Dataset) -> NDArray[np.uint8]:
    """Gray values as they are meant to be seen (PS3.3 C.11.1, C.11.2)."""
    if int(ds.BitsAllocated) == 1:
        return np.asarray(pixels * 255, dtype=np.uint8)
    plain = "WindowCenter" not in ds and "VOILUTSequence" not in ds and "RescaleSlope" not in ds
    if pixels.dtype == np.uint8 and plain and int(ds.BitsStored) == 8:
        return np.asarray(pixels, dtype=np.uint8)
    try:
        values = apply_voi_lut(apply_modality_lut(pixels, ds), ds).astype(np.float64)
    except Exception as error:
        raise InvalidDicom("The object's window cannot be applied.") from error
    low, high = float(values.min()), float(values.max())
    if not plain and ("WindowCenter" in ds or "VOILUTSequence" in ds):
        low, high = _output_range(ds, values)
    elif pixels.dtype == np.uint8:
        low, high = min(low, 0.0), max(high, 255.0)
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    scaled = np.floor(np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5)
    return np.asarray(scaled, dtype=np.uint8)


def _output_range(ds: Dataset, values: NDArray[np.float64]) -> tuple[float, float]:
    """The range that a VOI transformation maps to: that of the stored bits after rescaling."""
    if "VOILUTSequence" in ds:
        bits = int(ds.VOILUTSequence[0].LUTDescriptor[2])
        return 0.0, float(2**bits - 1)
    bits, signed = int(ds.BitsStored), int(ds.get("PixelRepresentation", 0)) == 1
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    ends = sorted((low * slope + intercept, high * slope + intercept))
    return ends[0], ends[1]
