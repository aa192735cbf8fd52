"""The same contract without a server, for machines on which Triton does not run."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import InferenceUnavailable, NotFound, ReleaseRefused
from services.inference import canary
from services.reading.clips import Glance
from services.reading.contract import Phase, RawReading
from services.reading.images.picture import Gray
from services.reading.runner import ActiveRelease
from services.reading.text.runtime import TextModelLoader


class InProcessInference:
    """Loads the release at the first call, so that a process may fork before."""

    def __init__(
        self,
        releases: Path,
        release: str = "",
        *,
        threads: int = 1,
        load_text: TextModelLoader | None = None,
    ) -> None:
        self._releases, self._release, self._threads = releases, release, threads
        self._load_text = load_text
        self._active: ActiveRelease | None = None
        self._lock = threading.Lock()

    def read(
        self,
        images: list[Gray],
        phases: tuple[Phase, ...],
        *,
        request_id: str = "",
        structures: tuple[str, ...] = (),
    ) -> list[RawReading]:
        """Read squares (S, S) uint8. Raises InferenceUnavailable, InvalidModelOutput."""
        if not images:
            return []
        runner = self._loaded().runner()
        side = runner.manifest.side
        if any(image.shape != (side, side) for image in images):
            # Made for the release before this one: the caller prepares it again.
            raise InferenceUnavailable(f"The release now takes squares of {side} pixels.")
        return runner.read(images, phases, structures)

    def survey(self, images: list[Gray], *, request_id: str = "") -> list[Glance]:
        """See ``port.Inference``."""
        return self._loaded().runner().survey(images) if images else []

    def heat(self, of: str, image: Gray, *, request_id: str = "") -> NDArray[np.float32]:
        """See ``port.Inference``."""
        return self._loaded().runner().heat(of, image)

    def canary(self) -> None:
        """One real inference of the dense phases."""
        runner = self._loaded().runner()
        runner.read([canary.image(runner.manifest.side)], ())

    def close(self) -> None:
        """Drop the release; the next call loads it again."""
        self._active = None

    def _loaded(self) -> ActiveRelease:
        with self._lock:
            if self._active is None:
                try:
                    self._active = ActiveRelease(
                        self._releases,
                        self._release,
                        threads=self._threads,
                        load_text=self._load_text,
                    )
                except (NotFound, ReleaseRefused) as error:
                    raise InferenceUnavailable(
                        f"No release can be loaded from {self._releases.name}: {error.detail}"
                    ) from error
            return self._active
