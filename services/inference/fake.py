"""Answers of the right shape without a model, for unit tests of what stands above. Never a default."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import FadaError
from services.reading.clips import Glance
from services.reading.contract import Phase, RawReading
from services.reading.images.picture import Gray

RELEASE = "fake 0.0.0 " + "0" * 64


class FakeInference:
    """Deterministic by the image's mean. ``error`` is raised by every call while it is set."""

    def __init__(
        self, planes: int = 5, masks: int = 3, boxes: int = 12, keypoints: int = 4
    ) -> None:
        self._sizes = (planes, masks, boxes, keypoints)
        self.error: FadaError | None = None
        self.calls: list[tuple[int, tuple[Phase, ...]]] = []

    def read(
        self,
        images: list[Gray],
        phases: tuple[Phase, ...],
        *,
        request_id: str = "",
        structures: tuple[str, ...] = (),
    ) -> list[RawReading]:
        """See ``port.Inference``."""
        self.calls.append((len(images), phases))
        if self.error is not None:
            raise self.error
        return [self._one(image) for image in images]

    def survey(self, images: list[Gray], *, request_id: str = "") -> list[Glance]:
        """See ``port.Inference``."""
        if self.error is not None:
            raise self.error
        answers = [self._one(image) for image in images]
        return [Glance(one.plane, one.scope, one.quality) for one in answers]

    def heat(self, of: str, image: Gray, *, request_id: str = "") -> NDArray[np.float32]:
        """See ``port.Inference``."""
        if self.error is not None:
            raise self.error
        return np.asarray(image[::8, ::8] / max(int(image.max()), 1), dtype=np.float32)

    def canary(self) -> None:
        """Raises ``error`` while it is set."""
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Forget the calls."""
        self.calls.clear()

    def _one(self, image: Gray) -> RawReading:
        planes, masks, boxes, keypoints = self._sizes
        half = image.shape[0] // 2
        plane = np.full(planes, -4.0, np.float32)
        plane[0] = 4.0 + float(image.mean()) / 255
        y, x = np.mgrid[0:half, 0:half] / half - 0.5
        oval = 6.0 * (1 - np.hypot(x / 0.35, y / 0.27))
        box = np.array([0.5, 0.5, 0.7, 0.54, 4.0], np.float32)
        point = np.array([0.5, 0.5, 4.0], np.float32)
        return RawReading(
            plane=plane,
            scope=6.0,
            quality=6.0,
            masks=np.repeat(oval[None].astype(np.float32), masks, axis=0),
            boxes=np.repeat(box[None], boxes, axis=0),
            keypoints=np.repeat(point[None], keypoints, axis=0),
            interpretation="",
            classification="",
            release=RELEASE,
            seconds={"vision": 0.0},
        )
