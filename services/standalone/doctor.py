"""Looks whether each part really answers: one that hangs is alive, and yet of no use.

The model server is asked to read a picture, since it says READY also when its model hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from services.domain.errors import FadaError, InferenceBusy
from services.inference.port import Inference

Check = Callable[[], bool]


class Doctor:
    """A thread that asks. The local stack asks it what it found."""

    def __init__(self, checks: Mapping[str, Check], *, every: float = 10.0, most: int = 3) -> None:
        """``most`` failures in a row, ``every`` s apart, are an illness."""
        self._checks, self._every, self._most = dict(checks), every, most
        self._failures = dict.fromkeys(self._checks, 0)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, name="doctor", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ending.wait(self._every):
            for name, check in self._checks.items():
                self._failures[name] = 0 if _well(check) else self._failures[name] + 1

    def ill(self) -> list[str]:
        """The parts to restart; each is named once for each illness."""
        ill = [name for name, count in self._failures.items() if count >= self._most]
        for name in ill:
            self._failures[name] = 0
        return ill

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        self._thread.join(timeout=15)


def reads(inference: Inference) -> Check:
    """Whether a real inference succeeds; a full queue is not an illness."""

    def check() -> bool:
        with suppress(InferenceBusy):
            inference.canary()
        return True

    return check


def _well(check: Check) -> bool:
    try:
        return check()
    except (FadaError, OSError, ValueError):
        return False
