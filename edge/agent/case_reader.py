"""Read a case on this device: the same release, phases and judgement as the hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.agent.image_file import ImageFile
from services.domain.calibration import Calibration
from services.domain.errors import InvalidDicom, InvalidModelOutput
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

        Without either measurements stay in pixels.

        Raises:
            InvalidModelOutput: the release gives nothing usable for an image.
            InvalidDicom: not one image can be decoded.
        """
        frames: list[FrameReading] = []
        seconds: dict[str, float] = {}
        for index, image in enumerate(images, start=1):
            progress(f"image {index} of {len(images)}")
            for number, pixels in image.frames:
                prepared = square(pixels, self.manifest.side)
                raw = self._reader.read(prepared, phases)
                for phase, spent in raw.seconds.items():
                    seconds[phase] = seconds.get(phase, 0.0) + spent
                where = FrameRef(image.series_uid, image.sop_uid, number)
                scale = image.calibration or by_hand or Calibration()
                judged = judge(raw, prepared, where, self.manifest, scale)
                frames.append(flag_text(judged.reading, pixels))
        skipped = tuple((image.sop_uid, image.problem) for image in images if image.problem)
        if not frames and skipped:
            raise InvalidDicom(
                "None of its images can be decoded on this device; the hub will try."
            )
        study = next((image.study_uid for image in images if image.study_uid), case_id)
        release = self._reader.release.id
        return Report(
            study, Origin.PHONE, release, datetime.now(UTC), tuple(frames), seconds,
            skipped=skipped,
        )  # fmt: skip
