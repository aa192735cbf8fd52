"""Single frames of a stored object, decoded lazily to uint8, and their scale.

Every decoder is given a stream whose own size was compared with the header first: a compressed frame
that claims to be larger is refused before anything is allocated for it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame, parse_fragments
from pydicom.pixels.decoders.base import get_decoder

from services.dicom.parser import jpeg, libjpeg_turbo
from services.dicom.parser.attributes import whole_number
from services.dicom.parser.dataset import read_dataset, value_of
from services.dicom.parser.display import to_uint8
from services.dicom.parser.parse import MAX_FRAME_SAMPLES, NATIVE
from services.dicom.parser.video import VIDEO, Video
from services.domain.calibration import GIVEN_BY_HAND, Calibration, PixelSize, Region
from services.domain.errors import FadaError, FrameUndecodable, InvalidDicom, NotFound, TooLarge

_RLE = "1.2.840.10008.1.2.5"
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_HEAD = 1 << 16
MAX_REGIONS = 256  # of one image; every measure asks each of them
_CENTIMETRE = 3
libjpeg_turbo.register()


class Frames:
    """The frames of one image object; ``count`` of (rows, columns) or (rows, columns, 3) uint8."""

    def __init__(self, dataset: Dataset) -> None:
        """Raises InvalidDicom, TooLarge."""
        self.dataset = dataset
        self.syntax = str(dataset.file_meta.TransferSyntaxUID)
        try:
            self.rows, self.columns = int(dataset.Rows), int(dataset.Columns)
            self.samples = int(value_of(dataset, "SamplesPerPixel") or 1)
            self.count = max(whole_number(str(value_of(dataset, "NumberOfFrames") or 1)) or 1, 1)
            self._pixels = dataset["PixelData"]
        except Exception as error:
            raise InvalidDicom("The object has no pixels.") from error
        if self.rows * self.columns * self.samples > MAX_FRAME_SAMPLES:
            raise TooLarge("A frame has more pixels than this hub accepts.")

    @classmethod
    def of_bytes(cls, data: bytes) -> Frames:
        """From a whole Part 10 file that came through the intake."""
        return cls(read_dataset(data))

    @classmethod
    def of_file(cls, path: Path) -> Frames:
        """Values of more than 64 KiB stay on disk until a frame is asked for."""
        return cls(read_dataset(path, defer_size=1 << 16))

    @property
    def native(self) -> bool:
        """Whether the pixels are stored without compression."""
        return self.syntax in NATIVE

    def read(self, frame: int) -> NDArray[np.uint8]:
        """Frame ``frame``, counted from 1, ready to be looked at: gray (H, W) or RGB (H, W, 3).

        MONOCHROME1 is inverted, palettes are applied, more than 8 bits are windowed.

        Raises:
            NotFound: there is no such frame.
            FrameUndecodable, PaletteUnusable, InvalidDicom: it cannot be decoded or shown, or has
                another size than the header says.
        """
        pixels = self._decode(frame)
        if self.syntax in VIDEO:
            return np.asarray(pixels, np.uint8)
        try:
            return to_uint8(pixels, self.dataset)
        except FadaError:
            raise
        except Exception as error:  # whatever a header holds: it costs this image alone
            raise InvalidDicom(f"A frame cannot be shown ({type(error).__name__}).") from error

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self.read(number) for number in range(1, self.count + 1))

    def readable(self, numbers: Iterable[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """(number, frame) of those that can be decoded: a damaged frame does not end its clip.

        Raises:
            InvalidDicom: the last fault, when not one of them can be decoded.
        """
        fault: InvalidDicom | None = None
        any_read = False
        for number in numbers:
            try:
                pixels = self.read(number)
            except InvalidDicom as error:
                fault = error
                continue
            any_read = True
            yield number, pixels
        if fault is not None and not any_read:
            raise fault

    def raw(self, frame: int) -> bytes:
        """The bytes of one frame as they are stored: native pixels, or its compressed stream.

        Raises:
            NotFound: there is no such frame.
            FrameUndecodable: it cannot be found among the compressed fragments, or is part of a video
                stream.
        """
        self._check(frame)
        if self.syntax in VIDEO:
            raise FrameUndecodable(
                "A frame of a video has no bytes of its own; ask for it decoded."
            )
        if not self.native:
            return self._stream(frame)
        value = bytes(self._pixels.value)
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
        """One frame decoded, in its own depth, little-endian; colour is RGB. Raises as ``read``."""
        pixels = self._decode(frame)
        return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"))).tobytes()

    def check_all(self) -> None:
        """Refuse an object one of whose frames claims another size. Raises InvalidDicom."""
        if not self.native and self.syntax not in VIDEO:
            for frame in range(1, self.count + 1):
                self._check_stream(self._stream(frame))

    @cached_property
    def _fragments(self) -> list[int]:
        """Where the items of the compressed pixels begin, the offset table aside."""
        value = self._pixels.value
        reader = io.BytesIO(value)
        reader.seek(8 + int.from_bytes(value[4:8], "little"))
        return list(parse_fragments(reader)[1])

    @cached_property
    def _video(self) -> Video:
        value = self._pixels.value
        pieces = []
        for start in self._fragments:
            length = int.from_bytes(value[start + 4 : start + 8], "little")
            pieces.append(bytes(value[start + 8 : start + 8 + length]))
        return Video(b"".join(pieces))

    def _stream(self, frame: int) -> bytes:
        """The compressed stream of one frame. As many fragments as frames need no offset table."""
        value = self._pixels.value
        try:
            if len(self._fragments) == self.count:
                start = self._fragments[frame - 1]
                length = int.from_bytes(value[start + 4 : start + 8], "little")
                return jpeg.bare(bytes(value[start + 8 : start + 8 + length]))
            return jpeg.bare(bytes(get_frame(value, frame - 1, number_of_frames=self.count)))
        except Exception as error:
            raise FrameUndecodable(
                "A frame cannot be found among the compressed pixels."
            ) from error

    def _check_stream(self, stream: bytes) -> None:
        if self.syntax != _RLE:
            jpeg.check_size(stream[:_HEAD], self.rows, self.columns)

    def _check(self, frame: int) -> None:
        if not 1 <= frame <= self.count:
            raise NotFound(f"The object has {self.count} frames.")

    def _plugin(self) -> str:
        """Gray JPEG by Pillow, whose values browsers and agents have too; else pydicom's choice."""
        gray = self.samples == 1 and int(self.dataset.get("BitsStored", 8)) == 8
        return "pillow" if gray and self.syntax in _JPEG else ""

    def _decode(self, frame: int) -> NDArray[Any]:
        self._check(frame)
        try:
            if self.syntax in VIDEO:
                pixels = self._video.read(frame)
            elif self.native:
                pixels, _ = get_decoder(self.syntax).as_array(self.dataset, index=frame - 1)
            else:
                stream = self._stream(frame)
                self._check_stream(stream)
                pixels, _ = get_decoder(self.syntax).as_array(
                    encapsulate([stream]), decoding_plugin=self._plugin(), **self._pixel_options()
                )
        except FadaError:
            raise
        except Exception as error:
            raise FrameUndecodable(
                f"A frame cannot be decoded ({type(error).__name__})."
            ) from error
        if pixels.shape[:2] != (self.rows, self.columns):
            raise InvalidDicom("A frame has another size than the header says.")
        return np.asarray(pixels)

    def _pixel_options(self) -> dict[str, Any]:
        """The image pixel module (PS3.3 C.7.6.3) of one compressed frame, for pydicom's decoders."""
        colour = {"planar_configuration": int(value_of(self.dataset, "PlanarConfiguration") or 0)}
        return {
            "rows": self.rows,
            "columns": self.columns,
            "number_of_frames": 1,
            "samples_per_pixel": self.samples,
            "bits_allocated": int(self.dataset.BitsAllocated),
            "bits_stored": int(self.dataset.BitsStored),
            "pixel_representation": int(value_of(self.dataset, "PixelRepresentation") or 0),
            "photometric_interpretation": str(self.dataset.PhotometricInterpretation),
            "pixel_keyword": "PixelData",
            **(colour if self.samples > 1 else {}),
        }


def calibration(dataset: Dataset) -> Calibration:
    """The scale in mm per pixel (PS3.3 C.8.5.5: cm per pixel in each region; else PixelSpacing, mm).

    A region counts only when both directions are in centimetres; a zero delta, or a region that is no
    rectangle, is no calibration, and the spacing does not speak for regions that say nothing.
    """
    items = value_of(dataset, "SequenceOfUltrasoundRegions")
    if items:
        if len(items) > MAX_REGIONS:
            return Calibration()
        by_hand = value_of(dataset, "ImageComments") == GIVEN_BY_HAND
        source = "scale_bar" if by_hand else "ultrasound_region"
        regions = (_region(item, source) for item in items)
        return Calibration(regions=tuple(region for region in regions if region is not None))
    try:
        row, column = (float(v) for v in value_of(dataset, "PixelSpacing") or ())
    except (TypeError, ValueError):
        return Calibration()
    if not (0 < row < 100 and 0 < column < 100):
        return Calibration()
    return Calibration(spacing=PixelSize(column, row, "pixel_spacing"))


def _region(item: Dataset, source: str) -> Region | None:
    try:
        units = [int(value_of(item, f"PhysicalUnits{axis}Direction")) for axis in "XY"]
        deltas = [float(value_of(item, f"PhysicalDelta{axis}")) for axis in "XY"]
        x0, y0, x1, y1 = (
            int(value_of(item, f"RegionLocation{name}"))
            for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")
        )
    except (TypeError, ValueError):
        return None
    if units != [_CENTIMETRE, _CENTIMETRE] or x1 <= x0 or y1 <= y0:
        return None
    # Some scanners count y upwards and write a negative delta; its size is what scales.
    mm_x, mm_y = (abs(v) * 10 for v in deltas)
    if not (0 < mm_x < 100 and 0 < mm_y < 100):
        return None
    return Region(x0, y0, x1, y1, mm_x, mm_y, source)
