"""Frames of every photometric kind become what a person would see; the scale is never guessed."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from services.dicom.objects.composite import part10
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.dicom.parser.frames import Frames, calibration
from services.domain.calibration import GIVEN_BY_HAND, PixelSize
from services.domain.errors import InvalidDicom, NotFound

EXPLICIT = "1.2.840.10008.1.2.1"
SAMPLES = Path(__file__).parents[5] / "samples"
GRAY = np.arange(24 * 32, dtype=np.uint32).reshape(24, 32) % 256


def base(pixels: np.ndarray | None = None, size: tuple[float, float] | None = None) -> Dataset:
    pixels = GRAY.astype(np.uint8) if pixels is None else pixels
    data = ultrasound_object(PictureFrames(pixels[None]), Subject("unit"), size)
    return pydicom.dcmread(io.BytesIO(data))


def frames(dataset: Dataset, syntax: str = EXPLICIT) -> Frames:
    return Frames.of_bytes(part10(dataset, syntax))


def test_gray_comes_out_as_it_went_in() -> None:
    assert np.array_equal(frames(base()).read(1), GRAY)


def test_monochrome1_is_inverted() -> None:
    dataset = base()
    dataset.PhotometricInterpretation = "MONOCHROME1"
    assert np.array_equal(frames(dataset).read(1), 255 - GRAY)


def test_rgb() -> None:
    colour = np.stack([GRAY, 255 - GRAY, GRAY // 2], axis=-1).astype(np.uint8)
    assert np.array_equal(frames(base(colour)).read(1), colour)


def test_planar_colour_is_put_together() -> None:
    colour = np.stack([GRAY, 255 - GRAY, GRAY // 2], axis=-1).astype(np.uint8)
    dataset = base(colour)
    dataset.PlanarConfiguration = 1
    dataset.PixelData = np.moveaxis(colour, -1, 0).tobytes()
    assert np.array_equal(frames(dataset).read(1), colour)


def test_ybr_full_becomes_rgb() -> None:
    dataset = base(np.full((4, 4, 3), (128, 128, 128), np.uint8))
    dataset.PhotometricInterpretation = "YBR_FULL"
    assert np.array_equal(frames(dataset).read(1), np.full((4, 4, 3), 128))


def test_a_palette_is_applied() -> None:
    dataset = base(np.array([[0, 1], [2, 3]], np.uint8))
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for name, ramp in (("Red", [0, 10, 20, 30]), ("Green", [5, 5, 5, 5]), ("Blue", [9, 8, 7, 6])):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [4, 0, 16])
        table = (np.array(ramp, np.uint16) * 257).tobytes()
        setattr(dataset, f"{name}PaletteColorLookupTableData", table)
    assert frames(dataset).read(1).tolist() == [[[0, 5, 9], [10, 5, 8]], [[20, 5, 7], [30, 5, 6]]]


def sixteen(values: np.ndarray) -> Dataset:
    dataset = base()
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelData = values.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def test_sixteen_bits_are_windowed() -> None:
    dataset = sixteen(np.array([[0, 1000, 1500, 2000, 5000]]))
    dataset.WindowCenter, dataset.WindowWidth = 1500, 1000
    assert frames(dataset).read(1).tolist() == [[0, 0, 128, 255, 255]]


def test_without_a_window_the_whole_range_is_used() -> None:
    assert frames(sixteen(np.array([[100, 300, 500]]))).read(1).tolist() == [[0, 128, 255]]


def test_rle_frames_are_read_one_by_one() -> None:
    clip = np.stack([GRAY, GRAY[::-1], GRAY.T.reshape(24, 32)]).astype(np.uint8)
    dataset = pydicom.dcmread(
        io.BytesIO(ultrasound_object(PictureFrames(clip), Subject("clip"), (0.1, 0.1)))
    )
    dataset.compress(RLELossless, generate_instance_uid=False)
    read = Frames.of_bytes(part10(dataset, RLELossless))
    assert read.count == 3
    for number in (3, 1, 2):
        assert np.array_equal(read.read(number), clip[number - 1])
    for number in (0, 4, -1):
        with pytest.raises(NotFound):
            read.read(number)


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.201"]
)
def test_decoders_are_there(syntax: str) -> None:
    from pydicom.pixels import get_decoder

    assert get_decoder(syntax).is_available


def test_jpeg_2000_round_trip() -> None:
    gray = np.tile(GRAY.astype(np.uint8), (8, 8))
    dataset = base(gray)
    dataset.compress("1.2.840.10008.1.2.4.90", generate_instance_uid=False)
    assert np.array_equal(frames(dataset, "1.2.840.10008.1.2.4.90").read(1), gray)


def test_a_frame_that_claims_to_be_larger_is_not_decoded() -> None:
    data = bytearray((SAMPLES / "head-27w.dcm").read_bytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(InvalidDicom, match="another size"):
        Frames.of_bytes(bytes(data)).read(1)


def test_damaged_pixels_are_refused_by_name() -> None:
    dataset = base()
    dataset.PixelData = encapsulate([b"\x01\0\0\0\x40\0\0\0" + bytes(56) + b"\x81\0"])
    dataset["PixelData"].is_undefined_length = True
    with pytest.raises(InvalidDicom):
        frames(dataset, RLELossless).read(1)


class TestCalibration:
    def test_a_region_is_cm_per_pixel(self) -> None:
        scale = calibration(base(size=(0.25, 0.5)))
        assert scale.for_points([(0, 0), (31, 23)]) == PixelSize(0.25, 0.5, "ultrasound_region")

    def test_a_scale_that_a_person_gave_at_upload_stays_theirs(self) -> None:
        dataset = base(size=(0.25, 0.5))
        dataset.ImageComments = GIVEN_BY_HAND
        scale = calibration(dataset)
        assert scale.for_points([(0, 0), (31, 23)]) == PixelSize(0.25, 0.5, "scale_bar")

    def test_none(self) -> None:
        assert calibration(base()).for_points([(1, 1)]) is None

    def test_pixel_spacing_is_row_then_column(self) -> None:
        dataset = base()
        dataset.PixelSpacing = [0.5, 0.25]
        assert calibration(dataset).for_points([(1, 1)]) == PixelSize(0.25, 0.5, "pixel_spacing")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PhysicalUnitsXDirection", 4),  # seconds
            ("PhysicalUnitsYDirection", 0),
            ("PhysicalDeltaX", 0.0),
            ("RegionLocationMaxX1", 0),
        ],
    )
    def test_an_unusable_region_is_no_calibration_and_spacing_does_not_replace_it(
        self, name: str, value: float
    ) -> None:
        dataset = base(size=(0.25, 0.5))
        setattr(dataset.SequenceOfUltrasoundRegions[0], name, value)
        dataset.PixelSpacing = [0.5, 0.25]
        assert calibration(dataset).for_points([(1, 1)]) is None

    def test_two_regions_hold_for_what_lies_in_one(self) -> None:
        dataset = base(size=(0.25, 0.5))
        left, right = (base(size=(0.25, 0.5)).SequenceOfUltrasoundRegions[0] for _ in range(2))
        left.RegionLocationMaxX1, right.RegionLocationMinX0 = 15, 16
        right.PhysicalDeltaX = 0.1
        dataset.SequenceOfUltrasoundRegions = [left, right]
        scale = calibration(dataset)
        assert scale.for_points([(2, 2), (10, 10)]) == PixelSize(0.25, 0.5, "ultrasound_region")
        assert scale.for_points([(20, 2)]) == PixelSize(1.0, 0.5, "ultrasound_region")
        assert scale.for_points([(2, 2), (20, 2)]) is None

    def test_a_spacing_that_is_no_number(self) -> None:
        dataset = base()
        dataset.PixelSpacing = [0.0, 0.25]
        assert calibration(dataset).for_points([(1, 1)]) is None
