"""A case on a device: an image that the release fails on costs itself alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.agent.case_reader import CaseReader
from edge.agent.image_file import ImageFile, open_image
from services.domain.errors import FadaError, InvalidDicom, InvalidModelOutput, ModelCrashed
from services.reading.contract import RawReading
from services.reading.images.picture import Square

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def reader() -> CaseReader:
    return CaseReader(ROOT / "models" / "releases", threads=1)


@pytest.fixture(scope="module")
def images() -> list[ImageFile]:
    """Three images of a case, with one frame each."""
    data = (ROOT / "samples" / "head-27w.png").read_bytes()
    return [open_image("case", letter * 64, "image/png", data) for letter in "abc"]


def failing(
    reader: CaseReader, monkeypatch: pytest.MonkeyPatch, error: FadaError, *calls: int
) -> None:
    """The release fails at these of its calls, counted from 0."""
    real, count = reader._reader.read, iter(range(100))

    def read(image: Square, *given: object, **more: object) -> RawReading:
        if next(count) in calls:
            raise error
        return real(image, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(reader._reader, "read", read)


@pytest.mark.parametrize("error", [InvalidModelOutput(), ModelCrashed()], ids=lambda e: e.code)
@pytest.mark.parametrize("culprit", [0, 1, 2])
def test_image_that_the_release_fails_on_is_skipped_alone(
    reader: CaseReader,
    images: list[ImageFile],
    monkeypatch: pytest.MonkeyPatch,
    error: FadaError,
    culprit: int,
) -> None:
    failing(reader, monkeypatch, error, culprit)
    report = reader.read("case", images)
    others = [image.sop_uid for place, image in enumerate(images) if place != culprit]
    assert [frame.sop_uid for frame in report.frames] == others
    assert report.skipped == ((images[culprit].sop_uid, error.code),)


def test_clip_with_a_frame_that_was_read_is_not_skipped(
    reader: CaseReader, images: list[ImageFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = images[0].frames[0][1]
    clip = ImageFile("1.2.3", "1.2.3.4", ((1, pixels), (5, pixels)))
    failing(reader, monkeypatch, InvalidModelOutput(), 0)
    report = reader.read("case", [clip])
    assert [frame.frame for frame in report.frames] == [5]
    assert report.skipped == ()


def test_release_that_fails_on_every_image_gives_no_report(
    reader: CaseReader, images: list[ImageFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(
        reader, monkeypatch, InvalidModelOutput("The text model failed on this image."), 0, 1, 2
    )
    with pytest.raises(InvalidModelOutput, match="failed on this image"):
        reader.read("case", images)


def test_images_that_cannot_be_decoded_are_left_to_the_hub(reader: CaseReader) -> None:
    unreadable = ImageFile("1.2.3", "1.2.3.4", (), problem="invalid_dicom")
    with pytest.raises(InvalidDicom, match="the hub will try"):
        reader.read("case", [unreadable])
