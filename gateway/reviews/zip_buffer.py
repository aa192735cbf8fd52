"""What a ZIP writer writes, until it is sent."""

from __future__ import annotations

import io
from typing import Any


class ZipBuffer(io.RawIOBase):
    """Holds what was written since it was taken last; cannot be sought, so entries say their size after."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece."""
        self._held.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """All that was written since the last time."""
        held, self._held = self._held, []
        return b"".join(held)
