"""Images of the store, opened and decoded in bounded children (see ``image_child``)."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dicom.objects import image_header
from services.dicom.parser.pool import Parser
from services.domain.calibration import Calibration, PixelSize, Region
from services.domain.errors import InvalidDicom
from services.reading.images.keyframes import THUMB, Look
from services.reading.images.picture import Gray
from services.settings import Settings

PROGRAM = "workers.analysis.image_child"


@dataclass(frozen=True, slots=True)
class OpenedImage:
    """One image object of ``count`` frames. ``header``: a small Part 10 file of our own."""

    header: bytes
    calibration: Calibration
    count: int
    path: Path

    @property
    def dataset(self) -> Any:
        """The header as a data set, for SEG and SR."""
        return image_header.unpack(self.header)


@dataclass(frozen=True, slots=True)
class Looks:
    """Frames that were looked at, a square of each, and the processor time that it took in s."""

    looks: list[Look]
    squares: list[Gray]
    seconds: float


class ImageOpener:
    """One for a process: its children start when they are first needed, and stay."""

    def __init__(self, settings: Settings) -> None:
        """``settings.image_seconds`` is what a clip may take to be opened, or a frame to be decoded."""
        self._seconds = settings.image_seconds
        self._children = Parser(settings, 1, program=PROGRAM, seconds=settings.image_seconds)

    @contextmanager
    def open(self, data: bytes) -> Iterator[OpenedImage]:
        """Open a whole file.

        Raises:
            InvalidDicom, TooLarge, FrameUndecodable: this image cannot be read.
            Unavailable: it could not be read now, for a reason that is not its own.
        """
        with _file(data) as path:
            header = self._children.ask({"do": "open", "path": str(path)})
            yield OpenedImage(
                base64.b64decode(header["header"]),
                _calibration(header),
                int(header["count"]),
                path,
            )

    def looks(
        self,
        image: OpenedImage,
        numbers: Sequence[int],
        side: int,
        *,
        seconds_before: float = 0.0,
        meanwhile: Callable[[], None] | None = None,
    ) -> Looks:
        """Of those frames of a clip that can be decoded what choosing needs, and a square of ``side``.

        Args:
            seconds_before: what the clip's frames before these took.
            meanwhile: done here while the child decodes.

        Raises as ``open``, what ``meanwhile`` raises, and InvalidDicom when the clip takes too long.
        """
        if seconds_before > self._seconds:
            raise InvalidDicom("The object takes too long to read.")
        out = image.path.with_suffix(".looks")
        request = {
            "do": "look", "path": str(image.path), "numbers": list(numbers), "side": side,
            "out": str(out),
        }  # fmt: skip
        try:
            header = self._children.ask(request, meanwhile)
            data = np.fromfile(out, np.uint8)
        finally:
            out.unlink(missing_ok=True)
        return _looks(header, data, side, len(numbers))

    def frame(self, image: OpenedImage, number: int) -> NDArray[np.uint8]:
        """Frame ``number``: gray (H, W) or RGB (H, W, 3). Raises as ``open``."""
        out = image.path.with_suffix(".pixels")
        try:
            request = {"do": "frame", "path": str(image.path), "frame": number, "out": str(out)}
            shape = [int(side) for side in self._children.ask(request)["shape"]]
            pixels = np.fromfile(out, np.uint8)
        finally:
            out.unlink(missing_ok=True)
        if len(shape) not in (2, 3) or shape[2:] not in ([], [3]) or pixels.size != np.prod(shape):
            raise InvalidDicom("A frame has another size than the header says.")
        return pixels.reshape(shape)

    def close(self) -> None:
        """End the children."""
        self._children.close()


@contextmanager
def _file(data: bytes) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix="fada-image-", suffix=".dcm")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _looks(header: dict[str, Any], data: NDArray[np.uint8], side: int, most: int) -> Looks:
    """The child's answer, and the file that it wrote: of each frame a thumb and a square."""
    thumb, size = THUMB * THUMB * 4, THUMB * THUMB * 4 + side * side
    numbers, qualities = header["numbers"], header["qualities"]
    if len(numbers) > most or data.size != len(numbers) * size:
        raise InvalidDicom("A clip has another size than its header says.")
    rows = data.reshape(-1, size)
    looks = [
        Look(int(n), float(q), row[:thumb].view(np.float32).reshape(THUMB, THUMB))
        for n, q, row in zip(numbers, qualities, rows, strict=True)
    ]
    return Looks(looks, [row[thumb:].reshape(side, side) for row in rows], float(header["seconds"]))


def _calibration(header: dict[str, Any]) -> Calibration:
    spacing = header["spacing"]
    return Calibration(
        tuple(Region(**region) for region in header["regions"]),
        PixelSize(**spacing) if spacing is not None else None,
    )
