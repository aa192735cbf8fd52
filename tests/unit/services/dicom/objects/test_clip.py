"""MP4 and MOV become DICOM objects that hold the stream as it was sent, and are read frame by frame."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from services.dicom.bounded_decoding import decode_object, looks_at
from services.dicom.objects.clip import clip_object
from services.dicom.objects.ultrasound import Subject
from services.dicom.parser.frames import Frames, calibration
from services.dicom.parser.parse import parse_bytes
from services.dicom.parser.retrieve import _decompress
from services.dicom.parser.video import H264, HEVC
from services.domain.dicom.file_kind import clip_type, kind_of
from services.domain.errors import FadaError, FrameUndecodable, InvalidInput, UnsupportedMedia

ROOT = Path(__file__).parents[5]
CLIPS = ROOT / "tests" / "fixtures" / "clips"
FRAMES = 16


def clip(name: str) -> bytes:
    return (CLIPS / name).read_bytes()


def head() -> np.ndarray:
    """What the clips show first, before a codec saw it."""
    dataset = pydicom.dcmread(ROOT / "samples" / "head-27w.dcm")
    dataset.decompress()
    return np.asarray(
        Image.fromarray(dataset.pixel_array).convert("L").resize((488, 336)).crop((0, 0, 480, 336))
    )


@pytest.mark.parametrize(
    ("name", "syntax"), [("h264.mp4", H264), ("h264.mov", H264), ("hevc.mp4", HEVC)]
)
def test_a_clip_is_kept_as_it_was_sent_and_read_frame_by_frame(name: str, syntax: str) -> None:
    data = clip(name)
    made = clip_object(data, Subject(study_key="a"), (0.2, 0.25))
    assert made == clip_object(data, Subject(study_key="a"), (0.2, 0.25)), "the same bytes again"
    parsed = parse_bytes(made)
    assert (parsed.transfer_syntax, parsed.frames, parsed.rows) == (syntax, FRAMES, 336)
    dataset = pydicom.dcmread(io.BytesIO(made))
    assert (
        next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))[: len(data)]
        == data
    )
    frames = Frames.of_bytes(made)
    assert calibration(frames.dataset).regions[0].mm_y == pytest.approx(0.25)
    first, last = frames.read(1), frames.read(FRAMES)
    assert first.shape == (336, 480, 3)
    assert np.abs(first[..., 0].astype(int) - head()).mean() < 3, "grey values of the full range"
    assert np.abs(first.astype(int) - last).mean() > 20, "the femur"
    assert np.array_equal(frames.read(1), first), "also after going back"
    assert (
        np.abs(frames.read(8).astype(int) - first).mean()
        < 10
        < np.abs(frames.read(9).astype(int) - first).mean()
    )


def test_a_frame_has_no_bytes_of_its_own_but_can_be_had_decoded() -> None:
    made = clip_object(clip("h264.mp4"), Subject(study_key="a"), None)
    frames = Frames.of_bytes(made)
    with pytest.raises(FrameUndecodable, match="decoded"):
        frames.raw(1)
    dataset = pydicom.dcmread(io.BytesIO(made))
    _decompress(dataset)
    assert len(dataset.PixelData) == FRAMES * 336 * 480 * 3
    assert frames.native_bytes(2) == dataset.PixelData[336 * 480 * 3 : 2 * 336 * 480 * 3]


def test_what_is_no_usable_clip_is_refused_in_words() -> None:
    subject = Subject(study_key="a")
    with pytest.raises(UnsupportedMedia, match=r"H\.264"):
        clip_object(clip("mpeg4.mp4"), subject, None)
    with pytest.raises(InvalidInput, match="decoded"):
        clip_object(clip("h264.mp4")[:3000], subject, None)
    made = bytearray(clip_object(clip("h264.mp4"), subject, None))
    made[-6000:-3000] = bytes(3000)  # damaged within: what can be decoded is
    assert decode_object(bytes(made), frames=[1]).count == FRAMES
    cut = Frames.of_bytes(clip_object(clip("h264.mp4"), subject, None))
    cut.count = FRAMES + 1
    with pytest.raises(FrameUndecodable, match="ends"):
        cut.read(FRAMES + 1)


def test_the_bounded_child_opens_clips_and_shows_small_copies() -> None:
    decoded = decode_object(clip("hevc.mp4"), frames=[3, 12])
    assert (decoded.count, [number for number, _ in decoded.frames]) == (FRAMES, [3, 12])
    numbers, squares = looks_at(clip("h264.mov"), 64)
    assert numbers == list(range(1, FRAMES + 1))
    assert squares.shape == (FRAMES, 64, 64)
    with pytest.raises(FadaError):
        decode_object(clip("mpeg4.mp4"))


def test_kinds_of_files_by_their_first_bytes() -> None:
    assert [kind_of(clip(n)[:132]) for n in ("h264.mp4", "h264.mov")] == ["clip", "clip"]
    assert [clip_type(clip(n)[:132]) for n in ("h264.mp4", "h264.mov")] == [
        "video/mp4",
        "video/quicktime",
    ]
    assert kind_of(b"\0\0\0\x18ftypheic" + bytes(120)) == "heic"
    assert kind_of(b"\0\0\x10\0moov" + bytes(124)) == "clip"
    assert kind_of(b"RIFF" + bytes(128)) == "unknown"
