"""A release reads a batch, behind the model server and on a hub without one: the vision graph sees all
squares at once, the phases of each are services.reading.phases.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput, NotFound, ReleaseRefused
from services.reading.clips import Glance
from services.reading.confidence import softmax
from services.reading.contract import Phase, RawReading
from services.reading.images.picture import Gray, Square
from services.reading.phases import Dense, ReleaseReader
from services.reading.releases.registry import POINTER, open_release, trust_of
from services.reading.releases.release import Release, load
from services.reading.text.runtime import TextModelLoader

_TEXT_PHASES = (Phase.INTERPRET, Phase.CLASSIFY)
_log = logging.getLogger("fada.release")


class Runner:
    """One release in memory. ``read`` may be called from several threads; text waits its turn."""

    def __init__(
        self,
        release: Path | Release,
        *,
        threads: int = 1,
        concurrency: int = 1,
        load_text: TextModelLoader | None = None,
    ) -> None:
        """Load a release's folder (its keys are trusted as its store says), or a verified release.
        ``threads`` compute one image, and ``concurrency`` images of a batch are read at once.

        Raises:
            ReleaseRefused: it does not pass, or its files cannot be loaded.
        """
        verified = (
            release if isinstance(release, Release) else load(release, trust_of(release.parent))
        )
        self.manifest = verified.manifest
        self._reader = ReleaseReader(
            verified, threads=threads, concurrency=concurrency, load_text=load_text
        )

    def read(
        self,
        images: Sequence[Gray] | Gray,
        phases: Sequence[Phase],
        structures: Sequence[str] = (),
    ) -> list[RawReading]:
        """Read N squares, each (S, S) uint8; answers in the same order. ``structures`` are what a release
        without heads looks for, where that is not left to phase 3.

        Raises:
            InvalidModelOutput: squares of another size, or an answer that is not usable.
        """
        side = self.manifest.side
        for image in images:
            if image.shape != (side, side) or image.dtype != np.uint8:
                raise InvalidModelOutput(f"The release takes uint8 squares of {side} pixels.")
        if not len(images):
            return []
        began = time.perf_counter()
        dense = self._reader.dense_outputs(list(images))
        if dense is None:
            squares = [Square(i, side, side) for i in images]
            return [self._reader.read(s, phases, structures=structures) for s in squares]
        each = round((time.perf_counter() - began) / len(images), 6)
        return [
            self._finish(image, _slice(dense, place), phases, each)
            for place, image in enumerate(images)
        ]

    def survey(self, images: Sequence[Gray]) -> list[Glance]:
        """See ``ReleaseReader.survey``."""
        return self._reader.survey(images) if len(images) else []

    def heat(self, of: str, image: Gray) -> NDArray[np.float32]:
        """See ``ReleaseReader.heat``."""
        return self._reader.heat(of, image)

    def _finish(
        self, image: Gray, dense: Dense, phases: Sequence[Phase], seconds: float
    ) -> RawReading:
        if not self._usable(dense):
            phases = [phase for phase in phases if phase not in _TEXT_PHASES]
        square = Square(image, *image.shape)
        raw = self._reader.read(square, phases, dense=dense)
        return replace(raw, seconds={"vision": seconds, **raw.seconds})

    def _usable(self, dense: Dense) -> bool:
        """What the judge abstains from needs no text: it would be thrown away."""
        rules = self.manifest.thresholds
        return bool(
            rules.scope_platt(float(dense["SCOPE"][0, 0])) >= rules.scope
            and rules.quality_platt(float(dense["QUALITY"][0, 0])) >= rules.quality
            and softmax(dense["PLANE"][0], rules.plane_temperature).max() >= rules.plane
        )


def _slice(dense: Dense, place: int) -> Dense:
    return {name: value[place : place + 1] for name, value in dense.items()}


class ActiveRelease:
    """The active release, followed: when another one is activated, the next reading is by that one.

    Its runner is exchanged between two readings, never during one.

    A release that does not pass stays out: the runner before it goes on, and the log says why.
    """

    def __init__(
        self,
        store: Path,
        name: str = "",
        *,
        threads: int = 1,
        concurrency: int = 1,
        load_text: TextModelLoader | None = None,
    ) -> None:
        """``name`` fixes one release; empty follows what is activated in ``store``. ``threads`` and
        ``concurrency`` are those of ``Runner``. ``load_text`` loads text models in Hugging Face form,
        where this machine can.

        Raises:
            NotFound: there is no release.
            ReleaseRefused: it does not pass.
        """
        self._store, self._name = store, name
        self._open = partial(Runner, threads=threads, concurrency=concurrency, load_text=load_text)
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
        return self._open(release)

    def _pointer_state(self) -> tuple[int, int]:
        try:
            status = (self._store / POINTER).stat()
        except OSError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)
