"""How a worker asks the model server. The contract itself is services.reading.contract."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.reading.clips import Glance
from services.reading.contract import Phase, RawReading
from services.reading.images.picture import Gray


class Inference(Protocol):
    """Raises InferenceBusy (queue full), InferenceUnavailable (dead, deadline), InvalidModelOutput."""

    def read(
        self,
        images: list[Gray],
        phases: tuple[Phase, ...],
        *,
        request_id: str = "",
        structures: tuple[str, ...] = (),
    ) -> list[RawReading]:
        """Read squares (S, S) uint8 in one batch; answers in the same order.

        ``structures`` (FADA's names) are what a release without heads looks for instead of what
        phase 3 would choose; heads look for all that they know.
        """
        ...

    def survey(self, images: list[Gray], *, request_id: str = "") -> list[Glance]:
        """Glance at small squares of ``services.reading.survey.survey_side``; answers in the same order.

        Raises InvalidModelOutput where the release has no heads or cannot be run small.
        """
        ...

    def heat(self, of: str, image: Gray, *, request_id: str = "") -> NDArray[np.float32]:
        """Where a finding comes from in an (S, S) uint8 square: [h, w], 0 to 1 (services.reading.heat).

        Raises NotFound where the release has no such finding.
        """
        ...

    def canary(self) -> None:
        """One real inference on a built-in image: READY from the server alone is not believed."""
        ...

    def close(self) -> None:
        """Give back connections and memory."""
        ...
