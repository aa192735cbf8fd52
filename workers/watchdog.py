"""Ends a process that hangs, so that its keeper starts it again."""

from __future__ import annotations

import logging
import os
import threading
import time

_log = logging.getLogger("workers.watchdog")
STATUS = 75  # EX_TEMPFAIL


class Watchdog:
    """Watches from its making on. Who lives calls ``touch`` again and again."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._touched = seconds, time.monotonic()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def touch(self) -> None:
        """Something was done."""
        self._touched = time.monotonic()

    def _watch(self) -> None:
        while True:
            left = self._touched + self._seconds - time.monotonic()
            if left <= 0:
                _log.error("process hangs")
                os._exit(STATUS)
            time.sleep(left)
