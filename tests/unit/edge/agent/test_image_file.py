"""The agent sees the same pixels and scale in a DICOM file as the hub, and refuses as the hub does."""

from __future__ import annotations

import io
import signal
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner

from edge.agent import main as agent
from edge.agent.analysis import capture_bytes, read_captured
from edge.agent.case import CaseState
from edge.agent.case_reader import CaseReader
from edge.agent.image_file import DICOM, identify, open_image
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.watch import FolderWatch
from services.dicom import bounded_decoding
from services.dicom.bounded_decoding import decode_object, decode_picture
from services.dicom.objects.clip import clip_object
from services.dicom.objects.ultrasound import Subject
from services.dicom.parser.child import line
from services.dicom.parser.frames import Frames, calibration
from services.domain.errors import (
    DecodingInterrupted,
    FadaError,
    InvalidDicom,
    InvalidInput,
    TooLarge,
    UnsupportedMedia,
)
from services.reading.clips import best_frames
from services.reading.images.picture import decode, square
from services.reading.phases import ReleaseReader

ROOT = Path(__file__).parents[4]
SAMPLE = ROOT / "samples" / "head-35w.dcm"
PICTURE = ROOT / "samples" / "head-27w.png"
ODD = ROOT / "tests" / "fixtures" / "odd"


def test_a_dicom_file_is_seen_as_on_the_hub() -> None:
    data = SAMPLE.read_bytes()
    header = pydicom.dcmread(SAMPLE)
    assert identify(data) == (DICOM, str(header.StudyInstanceUID))
    opened = open_image("case", "a" * 64, DICOM, data)
    frames = Frames.of_bytes(data)
    ((number, pixels),) = opened.frames
    assert number == 1
    assert np.array_equal(pixels, frames.read(1))
    assert opened.calibration == calibration(frames.dataset)
    assert opened.sop_uid == str(header.SOPInstanceUID)


@pytest.mark.parametrize("path", sorted(ODD.glob("*.dcm")), ids=lambda path: path.stem)
def test_odd_files_are_read_or_named(path: Path) -> None:
    """Whatever is odd costs the file itself at most; what the hub reads is read here."""
    data = path.read_bytes()
    try:
        wanted = Frames.of_bytes(data).read(1)
    except FadaError:
        wanted = None
    opened = open_image("case", "a" * 64, DICOM, data)
    if wanted is None:
        assert opened.problem
    else:
        assert opened.problem == ""
        assert np.array_equal(dict(opened.frames).get(1, opened.frames[0][1]).shape, wanted.shape)


def test_a_frame_that_the_hub_does_not_read_either_is_taken_and_skipped() -> None:
    dataset = pydicom.dcmread(SAMPLE)
    dataset.decompress()
    dataset.Rows = dataset.Columns = 7100
    dataset.PixelData = bytes(7100 * 7100)
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    assert identify(out.getvalue())[0] == DICOM
    opened = open_image("case", "a" * 64, DICOM, out.getvalue())
    assert (opened.frames, opened.problem) == ((), "too_large")


def test_what_is_no_image_is_refused_and_memory_is_bounded() -> None:
    with pytest.raises(InvalidDicom):
        decode_object(SAMPLE.read_bytes()[:700], key_frames=1)
    with pytest.raises((TooLarge, InvalidDicom)):
        decode_object(SAMPLE.read_bytes(), key_frames=1, memory=32 * 2**20)
    with pytest.raises((TooLarge, InvalidDicom)):
        decode_picture(PICTURE.read_bytes(), memory=32 * 2**20)


def test_a_picture_is_decoded_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    data = PICTURE.read_bytes()
    expected = decode(data)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("decoded in the agent's own process")

    monkeypatch.setattr(Image, "open", never)
    assert identify(data) == ("image/png", "")
    ((_, pixels),) = open_image("case", "a" * 64, "image/png", data).frames
    assert np.array_equal(pixels, expected.pixels)
    with pytest.raises(InvalidInput, match="not a readable"):
        identify(b"\x89PNG\r\n\x1a\n" + bytes(300))


def children(
    monkeypatch: pytest.MonkeyPatch, *ends: int | dict[str, str]
) -> list[subprocess.CompletedProcess[bytes]]:
    """Children that end like this, one after the other; those that are left."""
    left = [
        subprocess.CompletedProcess(
            [], end if isinstance(end, int) else 0, b"" if isinstance(end, int) else line(end)
        )
        for end in ends
    ]
    monkeypatch.setattr(bounded_decoding.subprocess, "run", lambda *_, **__: left.pop(0))
    return left


@pytest.mark.parametrize(
    ("ends", "refusal"),
    [
        ([-signal.SIGKILL], DecodingInterrupted),
        ([-signal.SIGTERM], DecodingInterrupted),
        ([-signal.SIGXCPU], InvalidDicom),
        ([-signal.SIGSEGV, -signal.SIGSEGV], InvalidDicom),
        ([-signal.SIGABRT, -signal.SIGKILL], DecodingInterrupted),
        ([{"error": "out_of_memory"}, {"error": "out_of_memory"}], TooLarge),
        ([{"error": "out_of_memory"}, {"error": "invalid_input", "detail": "x"}], InvalidInput),
    ],
)
def test_a_file_is_refused_for_what_is_known_to_be_its_fault(
    monkeypatch: pytest.MonkeyPatch, ends: list[int | dict[str, str]], refusal: type[FadaError]
) -> None:
    left = children(monkeypatch, *ends)
    with pytest.raises(refusal) as raised:
        identify(SAMPLE.read_bytes())
    assert type(raised.value) is refusal
    assert left == [], "so many children were asked"


def test_a_busy_laptop_is_not_the_files_fault() -> None:
    with pytest.raises(DecodingInterrupted):
        decode_object(SAMPLE.read_bytes(), seconds=0.005)


def test_a_case_is_tried_again_when_its_child_was_lost(
    outbox: CaseOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = capture_bytes(outbox, [("a.png", PICTURE.read_bytes())])
    children(monkeypatch, *[-signal.SIGKILL] * 3)
    words: list[str] = []
    reader = CaseReader(ROOT / "models" / "releases", threads=1)
    states = []
    for _ in range(3):
        read_captured(outbox, lambda: reader, lambda *_: None, words.append)
        states.append(outbox.get(case.id).state)
    assert states == [CaseState.CAPTURED, CaseState.CAPTURED, CaseState.UNREAD]
    assert all("Try again" in one for one in words)


@pytest.fixture
def outbox(tmp_path: Path) -> CaseOutbox:
    return CaseOutbox(tmp_path / "home", Vault(bytes(32)), reserve=0)


def another_study() -> bytes:
    dataset = pydicom.dcmread(SAMPLE)
    dataset.StudyInstanceUID = pydicom.uid.generate_uid()
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset)
    return out.getvalue()


def test_a_case_is_of_one_examination(outbox: CaseOutbox) -> None:
    data = SAMPLE.read_bytes()
    case = capture_bytes(
        outbox, [("a", data), ("b.png", (ROOT / "samples/head-27w.png").read_bytes())]
    )
    assert case.study_uid == str(pydicom.dcmread(SAMPLE).StudyInstanceUID)
    assert [image.media_type for image in case.images] == [DICOM, "image/png"]
    with pytest.raises(InvalidInput, match="several examinations"):
        capture_bytes(outbox, [("a", data), ("b", another_study())])


def test_a_watched_folder_takes_dicom_files_without_an_ending(
    outbox: CaseOutbox, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "IM000001").write_bytes(SAMPLE.read_bytes())
    (stick / "two.dcm").write_bytes(another_study())
    (stick / "README").write_text("no image")
    watch = FolderWatch(stick, outbox, lambda words: None)
    assert watch.look() + watch.look() == 2
    assert {case.study_uid for case in outbox.all()} != {""}


def test_a_refusal_is_a_sentence_that_names_the_file(tmp_path: Path) -> None:
    bad = tmp_path / "report.pdf"
    bad.write_bytes(b"%PDF-1.7 nothing" * 40)
    home = ["--home", str(tmp_path / "home"), "--pin", "246813"]
    done = CliRunner().invoke(agent.app, ["analyse", str(bad), *home])
    assert isinstance(done.exception, FadaError)
    assert done.exception.detail.startswith("report.pdf: ")


def test_a_clip_is_read_by_the_hubs_choice_of_frames() -> None:
    data = (ROOT / "tests" / "fixtures" / "clips" / "h264.mp4").read_bytes()
    assert identify(data) == ("video/mp4", "")
    reader = CaseReader(ROOT / "models" / "releases", threads=1)
    opened = open_image("case", "a" * 64, "video/mp4", data, choose=reader)
    hub = ReleaseReader(reader._reader.release)
    frames = Frames.of_bytes(clip_object(data, Subject(study_key="a"), None))
    squares = [square(pixels, reader.side).pixels for pixels in frames]
    chosen = best_frames(
        range(1, frames.count + 1), hub.survey(squares), reader.manifest.thresholds, 8
    )
    assert [number for number, _ in opened.frames] == chosen
    assert [number <= 8 for number in chosen] == [True, False], "the best head, the best femur"


def test_a_heic_photo_is_refused_with_the_way_to_send_it() -> None:
    with pytest.raises(UnsupportedMedia, match="JPEG"):
        identify(b"\0\0\0\x18ftypheic" + bytes(300))
