"""Read a case on this device: the same release, phases and judgement as the hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.domain.calibration import Calibration
from services.domain.dicom_values import case_picture_uid, case_series_uid
from services.domain.report import FrameReading, Origin, Report
from services.domain.study import FrameRef
from services.reading.contract import ALL_PHASES, Phase
from services.reading.images.picture import flag_text, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of

Progress = Callable[[str], None]


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

    def read(
        self,
        case_id: str,
        images: list[NDArray[np.uint8]],
        calibration: Calibration | None = None,
        *,
        sha256s: Sequence[str],
        phases: tuple[Phase, ...] = ALL_PHASES,
        progress: Progress = lambda words: None,
    ) -> Report:
        """The report of a case; ``images`` are (H, W) or (H, W, 3) uint8, ``sha256s`` of their files.

        Frames are named by ``services.domain.dicom_values``, as the hub and the browser name them.
        Without ``calibration`` measurements stay in pixels.

        Raises:
            InvalidModelOutput: the release gives nothing usable for an image.
        """
        frames: list[FrameReading] = []
        seconds: dict[str, float] = {}
        for number, (image, sha256) in enumerate(zip(images, sha256s, strict=True), start=1):
            progress(f"image {number} of {len(images)}")
            prepared = square(image, self.manifest.side)
            raw = self._reader.read(prepared, phases)
            for phase, spent in raw.seconds.items():
                seconds[phase] = seconds.get(phase, 0.0) + spent
            series, picture = case_series_uid(case_id), case_picture_uid(case_id, sha256)
            where = FrameRef(series_uid=series, sop_uid=picture, frame=1)
            judged = judge(raw, prepared, where, self.manifest, calibration or Calibration())
            frames.append(flag_text(judged.reading, image))
        release = self._reader.release.id
        return Report(case_id, Origin.PHONE, release, datetime.now(UTC), tuple(frames), seconds)
