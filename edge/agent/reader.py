"""Read an image on this device: the same release, phases and judgement as the hub."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from services.domain.calibration import Calibration
from services.domain.errors import InvalidInput, TooLarge
from services.domain.report import FrameReading, Origin, Report
from services.domain.study import FrameRef
from services.reading import lettering
from services.reading.contract import ALL_PHASES, Phase
from services.reading.image import square
from services.reading.judge import judge
from services.reading.phases import Reader as Phases
from services.reading.store import open_release, trust_of

MAX_PIXELS = 64_000_000
Progress = Callable[[str], None]


def decode(data: bytes) -> NDArray[np.uint8]:
    """A PNG or JPEG as (H, W) or (H, W, 3) uint8; its size is checked before it is decoded."""
    try:
        picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise InvalidInput("Give a PNG or JPEG image of one ultrasound frame.") from error
    if picture.width * picture.height > MAX_PIXELS:
        raise TooLarge("The image has more than 64 million pixels.")
    try:
        return np.asarray(picture.convert("L" if picture.mode in ("1", "L", "I;16") else "RGB"))
    except OSError as error:
        raise InvalidInput("The image is cut short or damaged.") from error


class Reader:
    """A loaded release. Loading costs seconds, so keep one."""

    def __init__(self, releases: Path, *, threads: int = 2) -> None:
        self._phases = Phases(open_release(releases, trust_of(releases)), threads=threads)
        self.manifest = self._phases.manifest

    def read(
        self,
        case_id: str,
        images: list[NDArray[np.uint8]],
        calibration: Calibration | None = None,
        *,
        phases: tuple[Phase, ...] = ALL_PHASES,
        progress: Progress = lambda words: None,
    ) -> Report:
        """The report of a case. Without ``calibration`` measurements stay in pixels."""
        frames: list[FrameReading] = []
        seconds: dict[str, float] = {}
        for number, image in enumerate(images, start=1):
            progress(f"image {number} of {len(images)}")
            prepared = square(image, self.manifest.side)
            raw = self._phases.read(prepared, phases)
            for phase, spent in raw.seconds.items():
                seconds[phase] = seconds.get(phase, 0.0) + spent
            where = FrameRef(series_uid="", sop_uid=case_id, frame=number)
            judged = judge(raw, prepared, where, self.manifest, calibration or Calibration())
            frames.append(lettering.marked(judged.reading, image))
        release = self._phases.release.id
        return Report(case_id, Origin.PHONE, release, datetime.now(UTC), tuple(frames), seconds)
