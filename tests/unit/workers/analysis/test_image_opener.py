"""Images are opened in bounded children: what one of them does to its child costs it alone."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest

from services.dicom.parser.frames import Frames, calibration
from services.domain.errors import FadaError, InvalidDicom, TooLarge
from services.settings import Settings
from workers.analysis.image_opener import ImageOpener

SAMPLES = Path(__file__).parents[4] / "samples"
HEAD = (SAMPLES / "head-27w.dcm").read_bytes()


@pytest.fixture(scope="module")
def opener() -> Iterator[ImageOpener]:
    made = ImageOpener(Settings(parse_memory_bytes=900 * 2**20))
    yield made
    made.close()


def child(opener: ImageOpener) -> int:
    (one,) = opener._children._all
    return one.pid


@pytest.mark.parametrize("name", ["head-27w.dcm", "femur-uncalibrated.dcm", "nt-view.dcm"])
def test_image_is_what_a_reader_in_this_process_sees(opener: ImageOpener, name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    direct = Frames.of_bytes(data)
    with opener.open(data) as image:
        assert image.calibration == calibration(direct.dataset)
        assert image.count == 1
        assert np.array_equal(opener.frame(image, 1), direct.read(1))
        header = image.dataset
    for keyword in ("StudyInstanceUID", "SOPInstanceUID", "SOPClassUID", "Rows", "Columns"):
        assert header[keyword].value == direct.dataset[keyword].value
    assert "PixelData" not in header


def test_header_keeps_the_scale(opener: ImageOpener) -> None:
    with opener.open(HEAD) as image:
        (region,) = calibration(image.dataset).regions
        (said,) = image.calibration.regions
    assert (region.x0, region.y0, region.x1, region.y1) == (said.x0, said.y0, said.x1, said.y1)
    assert region.same_scale(said)


def test_junk_is_refused_and_the_child_stays(opener: ImageOpener) -> None:
    with opener.open(HEAD):
        before = child(opener)
    with pytest.raises(InvalidDicom), opener.open(b"junk" * 100):
        pass
    assert child(opener) == before


def test_frame_that_nothing_could_be_drawn_on_is_not_read(opener: ImageOpener) -> None:
    """It is kept, and its report says that it was skipped: a signature has to draw what was found."""
    dataset = pydicom.dcmread(io.BytesIO(HEAD))
    dataset.Rows = dataset.Columns = 7100
    out = pydicom.filebase.DicomBytesIO()
    dataset.save_as(out, enforce_file_format=True)
    with pytest.raises(TooLarge, match="50 megapixels"), opener.open(bytes(out.getvalue())):
        pass


def test_child_that_was_killed_is_asked_again(opener: ImageOpener) -> None:
    with opener.open(HEAD) as image:
        os.kill(child(opener), signal.SIGKILL)
        assert opener.frame(image, 1).ndim == 2


def test_bomb_of_empty_items_costs_its_image_alone(opener: ImageOpener) -> None:
    """32 MB of items that hold nothing would take gigabytes as objects."""
    dataset = pydicom.dcmread(io.BytesIO(HEAD))
    block = dataset.private_block(0x0011, "TEST", create=True)
    item = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
    block.add_new(0x10, "UN", b"")
    out = pydicom.filebase.DicomBytesIO()
    dataset.save_as(out, enforce_file_format=True)
    whole = bytes(out.getvalue())
    element = b"\x11\x00\x10\x10UN\x00\x00"
    assert element in whole
    items = item * (32 * 2**20 // len(item))
    bomb = whole.replace(
        element + b"\x00\x00\x00\x00",
        b"\x11\x00\x10\x10SQ\x00\x00" + len(items).to_bytes(4, "little") + items,
    )
    with suppress(FadaError), opener.open(bomb) as image:
        opener.frame(image, 1)
    with opener.open(HEAD) as image:
        assert opener.frame(image, 1).ndim == 2


def test_child_that_hangs_is_replaced() -> None:
    opener = ImageOpener(Settings(image_seconds=1))
    try:
        with opener.open(HEAD) as image:
            hanging = child(opener)
            os.kill(hanging, signal.SIGSTOP)
            assert opener.frame(image, 1).ndim == 2
        assert child(opener) != hanging
    finally:
        opener.close()


def clip(damaged: int, frames: int = 4) -> bytes:
    """Frames of the sample as RLE; one of them is cut short."""
    dataset = pydicom.dcmread(io.BytesIO(HEAD))
    dataset.decompress()
    one = dataset.pixel_array
    dataset.NumberOfFrames = frames
    dataset.PixelData = np.stack([np.roll(one, 5 * n, axis=1) for n in range(frames)]).tobytes()
    dataset.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    parts = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=frames))
    parts[damaged - 1] = parts[damaged - 1][:70]
    dataset.PixelData = pydicom.encaps.encapsulate(parts)
    out = pydicom.filebase.DicomBytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return bytes(out.getvalue())


def test_clip_is_looked_at_in_batches_and_a_damaged_frame_is_left_out(opener: ImageOpener) -> None:
    done = []
    with opener.open(clip(damaged=2)) as image:
        assert image.count == 4
        seen = opener.looks(image, [1, 2, 3], 64, meanwhile=lambda: done.append("meanwhile"))
        assert [one.number for one in seen.looks] == [1, 3]
        assert [one.shape for one in seen.squares] == [(64, 64)] * 2
        assert done == ["meanwhile"]
        assert opener.looks(image, [2], 64).looks == []
        with pytest.raises(InvalidDicom, match="too long"):
            opener.looks(image, [4], 64, seconds_before=1e6)
