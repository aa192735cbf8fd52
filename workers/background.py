"""A duty in a thread of its own, since one run of it may take hours: the others keep to their times."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from services.domain.errors import FadaError
from services.telemetry import metrics

_log = logging.getLogger("workers.background")
Step = Callable[[], None]


class Stopped(Exception):
    """The process ends; the run ends with it."""


class Background:
    """Runs ``work`` once for each ``start``, never twice at a time. ``start``, ``hangs`` and ``stop`` are
    for one thread."""

    def __init__(self, name: str, work: Callable[[Step], int]) -> None:
        """``work`` calls what it is given at each of its steps, and returns how much it did."""
        self._name, self._work = name, work
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._stepped = time.monotonic()

    def start(self) -> int:
        """Begin a run, where the one before has ended. Returns 0: the run counts by itself."""
        if not self.running() and not self._ending.is_set():
            self._stepped = time.monotonic()
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return 0

    def running(self) -> bool:
        """Whether a run has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def hangs(self, seconds: float) -> bool:
        """Whether a run has made no step for so long. However many steps it has, it may make them all."""
        return self.running() and time.monotonic() - self._stepped > seconds

    def stop(self, seconds: float) -> None:
        """End a run at its next step; wait for that for at most ``seconds``."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _step(self) -> None:
        if self._ending.is_set():
            raise Stopped
        self._stepped = time.monotonic()

    def _run(self) -> None:
        try:
            count = self._work(self._step)
        except Stopped:
            return
        except FadaError as error:
            _log.warning("duty failed", extra={"action": self._name, "code": error.code})
            return
        except Exception as error:  # seen, without its words; the next run may succeed
            _log.error("duty failed", extra={"action": self._name, "error": type(error).__name__})
            return
        if count:
            metrics.SWEPT.labels(self._name).inc(count)
