"""Read a case on this device: the same release, phases and judgement as the hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.agent.image_file import ImageFile
from services.domain.calibration import Calibration
from services.domain.errors import FadaError, InvalidDicom, InvalidModelOutput, ModelCrashed
from services.domain.report import FrameReading, Origin, Report
from services.domain.study import FrameRef
from services.reading.clips import best_frames
from services.reading.contract import ALL_PHASES, Phase
from services.reading.images.picture import flag_text, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of
from services.reading.survey import survey_side

Progress = Callable[[str], None]
_BATCH = 8  # small squares in one run of the graph
_MOST_PLANES = 8  # frames of a clip, one for each plane that it shows; as on the phone


class CaseReader:
    """A loaded release. Loading costs seconds, so keep one."""

    def __init__(self, releases: Path, *, threads: int = 2) -> None:
        """Load the active release of the folder ``releases``.

        Raises:
            NotFound: there is none.
            ReleaseRefused: it does not pass its checks.
        """
        self._reader = ReleaseReader(open_release(releases, trust_of(releases)), threads=threads)
        self.manifest = self._reader.manifest

        self.side = survey_side(self.manifest.side) if self.manifest.has_heads else 0

    def best_frames(self, numbers: Sequence[int], squares: NDArray[np.uint8]) -> list[int]:
        """The best frame of each plane that a clip shows, by the hub's rules; empty where none was, or
        where the release cannot glance. ``squares``: (N, ``side``, ``side``)."""
        try:
            glances = [
                glance
                for start in range(0, len(numbers), _BATCH)
                for glance in self._reader.survey(list(squares[start : start + _BATCH]))
            ]
        except InvalidModelOutput:
            return []
        return best_frames(numbers, glances, self.manifest.thresholds, _MOST_PLANES)

    def read(
        self,
        case_id: str,
        images: Sequence[ImageFile],
        by_hand: Calibration | None = None,
        *,
        phases: tuple[Phase, ...] = ALL_PHASES,
        progress: Progress = lambda words: None,
    ) -> Report:
        """The report of a case; ``by_hand`` is the scale of images that have none of their own.

        Without either measurements stay in pixels. An image that the release fails on is skipped, and the
        report says so.

        Raises:
            InvalidModelOutput, ModelCrashed: what the release made of the first image that it failed on,
                and nothing else was read either.
            InvalidDicom: not one image can be decoded.
        """
        reading = _Reading(self._reader, phases, by_hand or Calibration())
        for index, image in enumerate(images, start=1):
            progress(f"image {index} of {len(images)}")
            reading.add(image)
        if not reading.frames and reading.fault is not None:
            raise reading.fault
        if not reading.frames and reading.skipped:
            raise InvalidDicom(
                "None of its images can be decoded on this device; the hub will try."
            )
        study = next((image.study_uid for image in images if image.study_uid), case_id)
        return Report(
            study, Origin.PHONE, self._reader.release.id, datetime.now(UTC),
            tuple(reading.frames), reading.seconds, skipped=tuple(reading.skipped),
        )  # fmt: skip


class _Reading:
    """What was read of a case by now. A frame that the model fails on costs itself alone; an image of
    which nothing could be read is among ``skipped`` with the code of its error."""

    def __init__(
        self, reader: ReleaseReader, phases: tuple[Phase, ...], scale: Calibration
    ) -> None:
        self._reader, self._phases, self._scale = reader, phases, scale
        self.frames: list[FrameReading] = []
        self.seconds: dict[str, float] = {}
        self.skipped: list[tuple[str, str]] = []
        self.fault: FadaError | None = None  # the first that cost a frame

    def add(self, image: ImageFile) -> None:
        """Read the frames of one image."""
        problem, before = image.problem, len(self.frames)
        for number, pixels in image.frames:
            try:
                self.frames.append(self._frame(image, number, pixels))
            except (InvalidModelOutput, ModelCrashed) as error:
                self.fault = self.fault or error
                problem = problem or error.code
        if problem and len(self.frames) == before:
            self.skipped.append((image.sop_uid, problem))

    def _frame(self, image: ImageFile, number: int, pixels: NDArray[np.uint8]) -> FrameReading:
        manifest = self._reader.manifest
        prepared = square(pixels, manifest.side)
        raw = self._reader.read(prepared, self._phases)
        where = FrameRef(image.series_uid, image.sop_uid, number)
        judged = judge(raw, prepared, where, manifest, image.calibration or self._scale)
        for phase, spent in raw.seconds.items():
            self.seconds[phase] = self.seconds.get(phase, 0.0) + spent
        return flag_text(judged.reading, pixels)
