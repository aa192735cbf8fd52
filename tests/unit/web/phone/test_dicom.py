"""The phone sees the same picture in a DICOM file as the hub: the same grey values, the same mm."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)
from typescript import needs_node, run

from services.dicom.parser.frames import Frames, calibration
from services.dicom.parser.parse import Limits, parse_file
from services.domain.calibration import GIVEN_BY_HAND
from services.domain.errors import FadaError
from services.reading.images.keyframes import candidates, key_frames
from services.reading.images.picture import to_gray

pytestmark = needs_node
SAMPLES = Path(__file__).parents[4] / "samples"
LIMITS = Limits(2**28, 2**31, 3000)
Array = NDArray[Any]


def sample() -> Dataset:
    """A real head, its pixels unpacked."""
    ds = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    ds.decompress(generate_instance_uid=False)
    return ds


def put(ds: Dataset, pixels: Array, photometric: str = "MONOCHROME2", **more: object) -> Dataset:
    """``pixels`` (H, W) or (H, W, 3) or a clip of them, as they are to be stored."""
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    if ds.SamplesPerPixel > 1:
        ds.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
    ds.PhotometricInterpretation = photometric
    for name, value in more.items():
        setattr(ds, name, value)
    data = pixels.tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"
    return ds


def file_of(ds: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    ds.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    big = syntax == ExplicitVRBigEndian
    if big and ds.BitsAllocated == 16:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    pydicom.dcmwrite(out, ds, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=not big)
    return out.getvalue()


def gray() -> Array:
    return np.asarray(sample().pixel_array)


def deep() -> Array:
    """The head with 12 bits, so that it has to be windowed."""
    return (gray().astype(np.uint16) * 16 + 7).astype(np.uint16)


def colour() -> Array:
    g = gray()
    return np.stack([g, np.roll(g, 9, 0), 255 - g], axis=2)


def lut(first: int, bits: int, signed: bool = False) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [256, first, bits])
    item.add_new("LUTData", "US", [(i * 5) % (2**bits) for i in range(256)])
    return item


def palette(ds: Dataset, bits: int) -> Dataset:
    for number, name in enumerate(("Red", "Green", "Blue")):
        values = np.array([(i * (3 + number)) % 2**bits for i in range(200)], f"u{bits // 8}")
        ds.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [200, 10, bits])
        setattr(ds, f"{name}PaletteColorLookupTableData", values.tobytes())
    return ds


def bit_mask() -> Dataset:
    ds = put(sample(), gray())
    bits = (gray() > 90).astype(np.uint8)
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit = 0
    data = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    return ds


def half_chroma() -> Dataset:
    """Native YBR_FULL_422: two pixels share their colour."""
    ds = put(sample(), colour(), "YBR_FULL_422")
    c = colour()
    c = c[:, : c.shape[1] // 2 * 2]
    ds.Columns = c.shape[1]
    pairs = np.stack([c[:, ::2, 0], c[:, 1::2, 0], c[:, ::2, 1], c[:, ::2, 2]], axis=2)
    ds.PixelData = pairs.tobytes()
    return ds


def planar() -> Dataset:
    ds = put(sample(), colour(), "RGB")
    ds.PlanarConfiguration = 1
    data = colour().transpose(2, 0, 1).tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    return ds


WINDOW = {"WindowCenter": "1500", "WindowWidth": "2200"}
FORMS: dict[str, Callable[[], Dataset]] = {
    "gray": lambda: put(sample(), gray()),
    "inverted": lambda: put(sample(), gray(), "MONOCHROME1"),
    "seven of eight bits": lambda: put(sample(), gray() // 2, BitsStored=7, HighBit=6),
    "window on eight bits": lambda: put(
        sample(), gray(), WindowCenter=["100", "10"], WindowWidth=["150", "5"]
    ),
    "twelve bits": lambda: put(sample(), deep(), BitsStored=12, HighBit=11),
    "twelve bits, window": lambda: put(sample(), deep(), BitsStored=12, HighBit=11, **WINDOW),
    "exact window": lambda: put(sample(), deep(), **WINDOW, VOILUTFunction="LINEAR_EXACT"),
    "sigmoid": lambda: put(
        sample(), deep(), BitsStored=12, HighBit=11, **WINDOW, VOILUTFunction="SIGMOID"
    ),
    "signed, rescaled": lambda: put(
        sample(), deep().astype(np.int16) - 900, RescaleSlope="1.5", RescaleIntercept="-20", **WINDOW
    ),
    "rescaled alone": lambda: put(sample(), gray(), RescaleSlope="2", RescaleIntercept="3"),
    "table of values": lambda: put(sample(), gray(), VOILUTSequence=Sequence([lut(0, 12)])),
    "table of values, late": lambda: put(sample(), gray(), VOILUTSequence=Sequence([lut(40, 8)])),
    "modality table": lambda: put(
        sample(), deep() // 16, ModalityLUTSequence=Sequence([lut(3, 16)]), **WINDOW
    ),
    "colour": lambda: put(sample(), colour(), "RGB"),
    "colour by planes": planar,
    "YBR": lambda: put(sample(), colour(), "YBR_FULL"),
    "YBR, half chroma": half_chroma,
    "palette of 16 bits": lambda: palette(put(sample(), gray(), "PALETTE COLOR"), 16),
    "palette of 8 bits": lambda: palette(put(sample(), gray(), "PALETTE COLOR"), 8),
    "single bits": bit_mask,
}  # fmt: skip


def same_picture(data: bytes, answer: dict[str, Any], frame: int = 1, place: int = 0) -> None:
    frames = Frames.of_bytes(data)
    picture = answer["pictures"][place]
    assert (picture["width"], picture["height"]) == (frames.columns, frames.rows)
    seen = frames.read(frame)
    here = np.frombuffer(picture["gray"], np.uint8).reshape(frames.rows, frames.columns)
    assert np.array_equal(here, to_gray(seen)), np.abs(here.astype(int) - to_gray(seen)).max()
    if seen.ndim == 3:
        assert np.array_equal(np.frombuffer(picture["rgb"], np.uint8).reshape(seen.shape), seen)


def read(*files: bytes, frames: tuple[int, ...] = (1,)) -> list[Any]:
    return run(*(("phone/tests/dicom.ts", "read", [data, list(frames)]) for data in files))


def test_every_form_of_pixels_is_seen_alike() -> None:
    files = {name: file_of(make()) for name, make in FORMS.items()}
    for (name, data), answer in zip(files.items(), read(*files.values()), strict=True):
        assert "refused" not in answer, (name, answer)
        same_picture(data, answer)


def test_every_transfer_syntax_is_seen_alike() -> None:
    files = [
        file_of(make(), syntax)
        for make in (FORMS["gray"], FORMS["twelve bits, window"], FORMS["colour"])
        for syntax in (
            ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
        )
    ]  # fmt: skip
    for name in ("gray", "twelve bits, window", "colour", "YBR"):
        ds = FORMS[name]()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.compress(RLELossless, generate_instance_uid=False)
        files.append(file_of(ds, RLELossless))
    for data, answer in zip(files, read(*files), strict=True):
        assert "refused" not in answer, answer
        same_picture(data, answer)


def clip(count: int = 9) -> Dataset:
    """A sweep: still, then moving, then blurred."""
    g = gray().astype(np.int16)
    frames = [
        np.clip(np.roll(g, 14 * max(0, n - 3), 1) * (0.6 + 0.05 * n), 0, 255) for n in range(count)
    ]
    ds = put(sample(), frames[0].astype(np.uint8))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.NumberOfFrames = count
    data = np.stack(frames).astype(np.uint8).tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    return ds


def test_any_frame_of_a_clip_can_be_seen() -> None:
    plain, packed = file_of(clip()), clip()
    packed.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    packed.compress(RLELossless, generate_instance_uid=False)
    for data in (plain, file_of(packed, RLELossless)):
        (answer,) = read(data, frames=(1, 5, 9))
        assert answer["count"] == 9
        for place, frame in enumerate((1, 5, 9)):
            same_picture(data, answer, frame, place)


def test_key_frames_are_the_hubs() -> None:
    data = file_of(clip())
    frames = Frames.of_bytes(data)
    every = run(*(("phone/tests/dicom.ts", "keyFrames", [data, n]) for n in (1, 3, 8)))
    assert every == [
        key_frames(((n, frames.read(n)) for n in candidates(frames.count)), limit)
        for limit in (1, 3, 8)
    ]
    assert set(every[0]) < set(every[1]) < set(every[2])
    spread = run(*(("phone/src/reading/clip/keyframes.ts", "candidates", [n]) for n in (1, 599, 600, 601, 1777, 3000)))  # fmt: skip
    assert spread == [candidates(n) for n in (1, 599, 600, 601, 1777, 3000)]


def region(**more: object) -> Dataset:
    item = Dataset()
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = 0.021, -0.022
    item.RegionLocationMinX0, item.RegionLocationMinY0 = 10, 20
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 300, 280
    for name, value in more.items():
        if value is None:
            delattr(item, name)
        else:
            setattr(item, name, value)
    return item


def set_to(ds: Dataset, name: str, value: object) -> Dataset:
    """Sets an attribute, in an expression."""
    setattr(ds, name, value)
    return ds


SCALES: dict[str, Callable[[Dataset], object]] = {
    "the file's own": lambda ds: None,
    "none": lambda ds: ds.pop("SequenceOfUltrasoundRegions", None),
    "one": lambda ds: set_to(ds, "SequenceOfUltrasoundRegions", [region()]),
    "several": lambda ds: set_to(
        ds, "SequenceOfUltrasoundRegions", [region(), region(PhysicalDeltaX=0.03)]
    ),
    "in seconds": lambda ds: set_to(
        ds, "SequenceOfUltrasoundRegions", [region(PhysicalUnitsXDirection=4)]
    ),
    "zero": lambda ds: set_to(ds, "SequenceOfUltrasoundRegions", [region(PhysicalDeltaY=0.0)]),
    "half told": lambda ds: set_to(
        ds, "SequenceOfUltrasoundRegions", [region(PhysicalDeltaX=None), region()]
    ),
    "no rectangle": lambda ds: set_to(
        ds, "SequenceOfUltrasoundRegions", [region(RegionLocationMaxX1=10)]
    ),
    "unusable beside a spacing": lambda ds: (
        set_to(ds, "SequenceOfUltrasoundRegions", [region(PhysicalUnitsYDirection=1)]),
        set_to(ds, "PixelSpacing", [0.2, 0.3]),
    ),
    "spacing alone": lambda ds: (
        ds.pop("SequenceOfUltrasoundRegions", None),
        set_to(ds, "PixelSpacing", [0.2, 0.3]),
    ),
    "spacing of nothing": lambda ds: (
        ds.pop("SequenceOfUltrasoundRegions", None),
        set_to(ds, "PixelSpacing", [0, 0.3]),
    ),
    "spacing of the detector": lambda ds: (
        ds.pop("SequenceOfUltrasoundRegions", None),
        set_to(ds, "ImagerPixelSpacing", [0.2, 0.3]),
    ),
    "given by hand": lambda ds: set_to(ds, "ImageComments", GIVEN_BY_HAND),
}  # fmt: skip


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_the_scale_is_the_hubs(syntax: UID) -> None:
    files = {}
    for name, change in SCALES.items():
        ds = sample()
        change(ds)
        files[name] = file_of(ds, syntax)
    for (name, data), answer in zip(files.items(), read(*files.values(), frames=()), strict=True):
        want = calibration(Frames.of_bytes(data).dataset)
        assert answer["calibration"] == {
            "regions": [asdict(r) for r in want.regions],
            "spacing": asdict(want.spacing) if want.spacing else None,
        }, name
        ds = Frames.of_bytes(data).dataset
        assert [answer["studyUid"], answer["seriesUid"], answer["sopUid"]] == [
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID,
        ]  # fmt: skip


def changed(**more: object) -> bytes:
    ds = sample()
    for name, value in more.items():
        setattr(ds, name, value)
    return file_of(ds)


def test_what_cannot_be_taken_is_said() -> None:
    whole = file_of(sample())
    report = sample()
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    bare = sample()
    del bare.PixelData
    answers = read(
        b"not a DICOM file" * 20,
        whole[:-4000],
        file_of(report),
        file_of(bare),
        changed(Rows=20_000, Columns=20_000),
        changed(NumberOfFrames=50),
        changed(BitsAllocated=24),
        changed(StudyInstanceUID="1.2.840/../x"),
    )
    assert [answer["refused"] for answer in answers] == [
        "invalid_dicom", "invalid_dicom", "unsupported_object", "incomplete_body", "too_large",
        "incomplete_body", "invalid_dicom", "invalid_dicom",
    ]  # fmt: skip


def test_what_only_the_hub_can_decode_is_known_as_that() -> None:
    """JPEG of twelve bits: no browser decodes it."""
    ds = sample()
    pixels = ds.pixel_array.astype(np.uint16) * 16
    stream = bytes(imagecodecs.jpeg_encode(pixels, bitspersample=12, level=95))
    ds.PixelData = pydicom.encaps.encapsulate([stream])
    ds["PixelData"].VR = "OB"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    data = file_of(ds, JPEGExtended12Bit)
    known, refused = run(
        ("phone/tests/dicom.ts", "read", [data, []]), ("phone/tests/dicom.ts", "read", [data, [1]])
    )
    assert known["decodable"] is False
    assert known["calibration"]["regions"]
    assert refused == {"refused": "unread_here"}


def test_a_frame_that_the_hub_does_not_read_either_is_taken_and_not_read() -> None:
    ds = sample()
    ds = put(ds, np.zeros((7100, 7100), np.uint8))
    data = file_of(ds, DeflatedExplicitVRLittleEndian)
    known, refused = run(
        ("phone/tests/dicom.ts", "read", [data, []]), ("phone/tests/dicom.ts", "read", [data, [1]])
    )
    assert known["decodable"] is False
    assert refused == {"refused": "unread_here"}


def test_a_file_cut_anywhere_is_refused_by_both(tmp_path: Path) -> None:
    """Nothing that the hub would refuse for being cut is taken here."""
    whole = file_of(sample())
    chance = random.Random(11)
    cuts = [chance.randrange(160, len(whole) - 1) for _ in range(60)]
    cuts += [chance.randrange(160, 2500) for _ in range(60)]
    answers = read(*(whole[:cut] for cut in cuts), frames=())
    for cut, answer in zip(cuts, answers, strict=True):
        path = tmp_path / "cut.dcm"
        path.write_bytes(whole[:cut])
        try:
            parse_file(path, LIMITS)
        except FadaError:
            assert "refused" in answer, cut
