"""What the tests of this folder know of the gateway that they share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.dependencies import Services

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "samples"


@dataclass
class OpenGateway:
    """``key`` may send and read at site "north", ``other`` at "south", ``stranger`` at "west"."""

    services: Services
    port: int
    key: str
    other: str
    stranger: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}
