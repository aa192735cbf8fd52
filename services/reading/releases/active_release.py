"""The active release, followed: when another one is activated, the next reading is by that one."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from services.domain.errors import NotFound, ReleaseRefused
from services.reading.releases.registry import POINTER, open_release, trust_of
from services.reading.runner import Runner
from services.reading.text.session import TextModelLoader

_log = logging.getLogger("fada.release")


class ActiveRelease:
    """A runner that is exchanged between two readings, never during one.

    A release that does not pass stays out: the runner before it goes on, and the log says why.
    """

    def __init__(
        self,
        store: Path,
        name: str = "",
        *,
        threads: int = 1,
        load_text: TextModelLoader | None = None,
    ) -> None:
        """``name`` fixes one release; empty follows what is activated in ``store``. ``load_text`` loads
        text models in Hugging Face form, where this machine can.

        Raises:
            NotFound: there is no release.
            ReleaseRefused: it does not pass.
        """
        self._store, self._name, self._threads = store, name, threads
        self._load_text = load_text
        self._lock = threading.Lock()
        self._pointer_seen = self._pointer_state()
        self._runner = self._load()

    def runner(self) -> Runner:
        """The runner to read with now; a newly activated release is loaded first."""
        if self._name:
            return self._runner
        with self._lock:
            seen = self._pointer_state()
            if seen != self._pointer_seen:
                self._pointer_seen = seen
                try:
                    self._runner = self._load()
                except (NotFound, ReleaseRefused) as error:
                    _log.error("release refused: %s", error.code)
            return self._runner

    def _load(self) -> Runner:
        release = open_release(self._store, trust_of(self._store), self._name)
        return Runner(release, threads=self._threads, load_text=self._load_text)

    def _pointer_state(self) -> tuple[int, int]:
        try:
            status = (self._store / POINTER).stat()
        except OSError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)
