"""Every compressed syntax that is accepted is read, and lossless ones give back the very pixels."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import jpeg_ls
import numpy as np
import pydicom
import pydicom.data
import pytest
from imagecodecs import jpeg8_encode
from numpy.typing import DTypeLike
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder

from services.dicom.objects.composite import part10
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.dicom.parser.frames import Frames
from services.dicom.parser.parse import COMPRESSED
from services.dicom.parser.video import VIDEO

JPEG = "1.2.840.10008.1.2.4."
SHAPE = (64, 80)
KEPT = Path(pydicom.data.__file__).parent / "test_files"  # come with pydicom
DICOM_US = Path(__file__).parents[5].parent / "shared" / "data" / "dicom-us"


def noise(bits: int, *more: int) -> np.ndarray:
    kind = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(bits).integers(0, 1 << bits, (*SHAPE, *more)).astype(kind)


def encapsulated(pixels: np.ndarray, stream: bytes | bytearray, syntax: str, bits: int) -> bytes:
    colour = pixels.ndim == 3
    shown = np.zeros(pixels.shape, np.uint8)
    dataset = pydicom.dcmread(
        io.BytesIO(ultrasound_object(PictureFrames(shown[None]), Subject("codec"), None))
    )
    dataset.BitsAllocated = 8 if bits <= 8 else 16
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    dataset.PixelData = encapsulate([bytes(stream)])
    dataset["PixelData"].is_undefined_length = True
    return part10(dataset, syntax)


def decoded(data: bytes, kind: DTypeLike) -> np.ndarray:
    return np.frombuffer(Frames.of_bytes(data).native_bytes(1), kind)


@pytest.mark.parametrize("syntax", sorted(COMPRESSED - VIDEO))
def test_there_is_a_decoder_for_every_accepted_syntax(syntax: str) -> None:
    assert get_decoder(syntax).is_available


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("predictor", range(1, 8))
def test_jpeg_lossless(bits: int, predictor: int) -> None:
    pixels = noise(bits)
    stream = jpeg8_encode(pixels, lossless=True, predictor=predictor, bitspersample=bits)
    data = encapsulated(pixels, stream, JPEG + ("70" if predictor == 1 else "57"), bits)
    assert np.array_equal(decoded(data, pixels.dtype).reshape(SHAPE), pixels)


def test_jpeg_lossless_in_colour() -> None:
    pixels = noise(8, 3)
    stream = jpeg8_encode(pixels, lossless=True, predictor=1, colorspace="RGB", outcolorspace="RGB")
    data = encapsulated(pixels, stream, JPEG + "70", 8)
    assert np.array_equal(decoded(data, np.uint8).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_jpeg_ls(bits: int) -> None:
    pixels = noise(bits)
    data = encapsulated(pixels, bytes(jpeg_ls.encode_array(pixels)), JPEG + "80", bits)
    assert np.array_equal(decoded(data, pixels.dtype).reshape(SHAPE), pixels)


def test_jpeg_ls_near_lossless_stays_within_its_bound() -> None:
    pixels = noise(8)
    stream = bytes(jpeg_ls.encode_array(pixels, lossy_error=2))
    got = decoded(encapsulated(pixels, stream, JPEG + "81", 8), np.uint8).reshape(SHAPE)
    assert int(np.abs(got.astype(int) - pixels).max()) == 2


def test_twelve_bit_extended() -> None:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    pixels = (rows * 20 + columns * 15 + 700).astype(np.uint16)
    stream = jpeg8_encode(pixels, level=100, bitspersample=12)
    got = decoded(encapsulated(pixels, stream, JPEG + "51", 12), np.uint16).reshape(SHAPE)
    assert int(np.abs(got.astype(int) - pixels).max()) <= 4


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("SC_rgb_jpeg_gdcm", "169e619557b12114"),
        ("MR_small_jpeg_ls_lossless", "88617aaa46138fb1"),
        ("JPEGLSNearLossless_08", "9eb46aa86c342094"),
        ("JPEGLSNearLossless_16", "f929318278115ce9"),
        ("SC_rgb_jls_lossy_line", "bd5344c0a46bc6c0"),
    ],
)
def test_files_of_other_makers_give_what_the_reference_codec_gave(name: str, digest: str) -> None:
    """Digests of the pixels by T. Richter's libjpeg 1.x, the reference implementation."""
    assert _digest(pydicom.dcmread(KEPT / f"{name}.dcm")) == digest


@pytest.mark.skipif(not DICOM_US.is_dir(), reason="needs the folder of ultrasound files")
def test_a_lossless_ultrasound_image() -> None:
    dataset = pydicom.dcmread(DICOM_US / "JPGLosslessP14SV1_1s_1f_8b.dcm")
    assert _digest(dataset) == "36e27e4f1e87a7d5"


def _digest(dataset: Dataset) -> str:
    decode: Callable[..., tuple[np.ndarray, object]] = get_decoder(
        dataset.file_meta.TransferSyntaxUID
    ).as_array
    return hashlib.sha256(decode(dataset, index=0)[0].tobytes()).hexdigest()[:16]
