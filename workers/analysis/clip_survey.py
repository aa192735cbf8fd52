"""Which frames of a clip a job reads: the best of each plane where the release can glance at them all,
else the good ones that differ (``services.reading.images.keyframes``)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from services.domain.errors import InvalidModelOutput
from services.inference.port import Inference
from services.reading.clips import Glance, best_frames
from services.reading.images.keyframes import Look, candidates, choose
from services.reading.images.picture import Gray
from services.reading.releases.manifest import Manifest
from services.reading.survey import survey_side
from workers.analysis.image_opener import ImageOpener, Looks, OpenedImage

BATCH = 8  # small squares in one call of the model server
_KEPT = 2  # clips whose survey was interrupted
_log = logging.getLogger("workers.analysis.clip_survey")
Check = Callable[[], None]


class Surveys:
    """Surveys that a process has begun: a job that gave way in the midst of one goes on with it."""

    def __init__(self) -> None:
        self._begun: OrderedDict[tuple[str, str], _Seen] = OrderedDict()

    def of(self, key: tuple[str, str], make: Callable[[], _Seen]) -> _Seen:
        """The one that was begun, or a new one."""
        seen = self._begun.pop(key, None) or make()
        self._begun[key] = seen
        while len(self._begun) > _KEPT:
            self._begun.popitem(last=False)
        return seen

    def ended(self, key: tuple[str, str]) -> None:
        """Its frames are chosen."""
        self._begun.pop(key, None)


class FrameChooser:
    """Chooses among the frames of images that were opened."""

    def __init__(
        self,
        opener: ImageOpener,
        inference: Inference,
        request_id: str,
        check: Check,
        surveys: Surveys,
    ) -> None:
        """``check`` is called after each call of the model server; what it raises interrupts a survey."""
        self._opener, self._inference = opener, inference
        self._request_id, self._check, self._surveys = request_id, check, surveys

    def choose(
        self, image: OpenedImage, sha256: str, manifest: Manifest, limit: int
    ) -> tuple[int, ...]:
        """At most ``limit`` frame numbers; ``sha256`` is the file's. Raises what opening and the model
        server raise; a release that cannot be run small falls back to pictures.

        Of a clip that has no readable frame the first, which says why.
        """
        if image.count == 1:
            return (1,)
        key = (sha256, manifest.sha256)
        seen = self._surveys.of(key, lambda: _Seen(manifest, candidates(image.count)))
        while seen.go_on(self._opener, image, self._inference, self._request_id):
            self._check()
        self._surveys.ended(key)
        return tuple(seen.chosen(limit)) or (1,)


class _Seen:
    """The frames of one clip, a batch after the other: the model server glances at one while a child
    decodes the next."""

    def __init__(self, manifest: Manifest, numbers: Sequence[int]) -> None:
        self._manifest, self._able = manifest, manifest.has_heads
        self._side = survey_side(manifest.side)
        self._left = list(numbers)
        self._waiting: list[Gray] = []
        self._looks: list[Look] = []
        self._glances: list[Glance] = []
        self._seconds = 0.0

    def go_on(
        self, opener: ImageOpener, image: OpenedImage, inference: Inference, request_id: str
    ) -> bool:
        """A batch further; False when all frames were seen. What raises leaves all as it was."""
        if not self._left and not self._waiting:
            return False
        glances: list[Glance] = []

        def glance() -> None:
            glances.extend(self._glance(inference, request_id))

        batch = self._left[:BATCH]
        seen = Looks([], [], 0.0)
        if batch:
            seen = opener.looks(
                image, batch, self._side, seconds_before=self._seconds, meanwhile=glance
            )
        else:
            glance()
        self._glances += glances
        self._looks += seen.looks
        self._waiting = seen.squares if self._able else []
        self._seconds += seen.seconds
        del self._left[: len(batch)]
        return True

    def _glance(self, inference: Inference, request_id: str) -> list[Glance]:
        if not self._waiting:
            return []
        try:
            return inference.survey(self._waiting, request_id=request_id)
        except InvalidModelOutput as error:
            _log.warning("clip not surveyed", extra={"code": error.code})
            self._able = False
            return []

    def chosen(self, limit: int) -> list[int]:
        """At most ``limit`` numbers, ascending."""
        best: list[int] = []
        if self._able:
            numbers = [one.number for one in self._looks]
            best = best_frames(numbers, self._glances, self._manifest.thresholds, limit)
        return best or choose(self._looks, limit)
