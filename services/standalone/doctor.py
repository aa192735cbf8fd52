"""Looks whether the model server really reads, since a server that hangs still says READY."""

from __future__ import annotations

import threading

from services.domain.errors import FadaError, InferenceBusy
from services.inference.connect import connect
from services.settings import Settings

_EVERY = 10.0  # s
_MOST = 3  # failures in a row; a dead model alone is healed by the first


class Doctor:
    """A thread that sends the canary. The machine asks it what it found."""

    def __init__(self, settings: Settings, every: float = _EVERY) -> None:
        self._inference = connect(settings)
        self._every = every
        self._failures = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, name="doctor", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ending.wait(self._every):
            try:
                self._inference.canary()
                self._failures = 0
            except InferenceBusy:
                self._failures = 0  # a full queue is not an illness
            except FadaError:
                self._failures += 1

    def asks_for_restart(self) -> bool:
        """Once for each illness."""
        if self._failures < _MOST:
            return False
        self._failures = 0
        return True

    def close(self) -> None:
        self._ending.set()
        self._thread.join(timeout=15)
        self._inference.close()
