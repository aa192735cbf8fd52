"""The text phases of an observation, by the reader that the hub and the phone run."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.evaluation.observe import Observation
from services.reading.contract import RawReading
from services.reading.images.picture import Square
from services.reading.phases import ReleaseReader
from services.reading.releases.release import Release


class TextDenseModel:
    """A release without dense heads: its words, as tensors, for every square."""

    def __init__(self, release: Release, threads: int = 1) -> None:
        self._reader = reader_of(release, threads)
        self.side = release.manifest.side

    def run(self, images: Sequence[npt.NDArray[np.uint8]]) -> dict[str, npt.NDArray[np.float32]]:
        """All phases of each square; the dense tensors alone are kept."""
        readings = [self._reader.read(Square(image, self.side, self.side)) for image in images]
        return {name: np.stack([_tensor(r, name) for r in readings]) for name in _TENSORS}


def reader_of(release: Release, threads: int) -> ReleaseReader:
    """The reader of a release, by the runtime that it asks for."""
    if not release.manifest.has_weights:
        return ReleaseReader(release, threads=threads)
    from models.serving.words import open_words

    return ReleaseReader(release, threads=threads, load_text=open_words)


_TENSORS = ("PLANE", "SCOPE", "QUALITY", "MASKS", "BOXES", "KEYPOINTS")


def _tensor(reading: RawReading, name: str) -> npt.NDArray[np.float32]:
    return np.atleast_1d(np.asarray(getattr(reading, name.lower()), np.float32))


def text_adder(release: Release, threads: int = 1) -> Callable[[Observation], Observation]:
    """A function that reads an observation's square again, in all phases."""
    reader = reader_of(release, threads)

    def add_text(observation: Observation) -> Observation:
        return replace(observation, raw=reader.read(observation.square))

    return add_text
