"""How a worker asks the model server. The contract itself is services.reading.contract."""

from __future__ import annotations

from typing import Protocol

from services.reading.contract import Phase, RawReading
from services.reading.images.picture import Gray


class Inference(Protocol):
    """Raises InferenceBusy (queue full), InferenceUnavailable (dead, deadline), InvalidModelOutput."""

    def read(
        self, images: list[Gray], phases: tuple[Phase, ...], *, request_id: str = ""
    ) -> list[RawReading]:
        """Read squares (S, S) uint8 in one batch; answers in the same order."""
        ...

    def canary(self) -> None:
        """One real inference on a built-in image: READY from the server alone is not believed."""
        ...

    def close(self) -> None:
        """Give back connections and memory."""
        ...
