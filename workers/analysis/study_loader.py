"""From a study's stored bytes to the frames that are read: loaded, checked, chosen, squared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dicom.parser.calibration import calibration
from services.dicom.parser.frames import Frames
from services.domain.calibration import Calibration
from services.domain.errors import FadaError
from services.domain.study import FrameRef
from services.index.port import Instance
from services.reading.images.square import Square, square
from services.storage.port import ObjectStore
from workers.analysis.keyframes import candidates, key_frames

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One instance without its pixels. ``dataset`` is what SEG and SR name as their evidence."""

    instance: Instance
    dataset: Any
    calibration: Calibration
    frames: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame to be read: ``pixels`` (H, W) or (H, W, 3) uint8, ``square`` (S, S)."""

    source: Source
    where: FrameRef
    pixels: NDArray[np.uint8]
    square: Square


@dataclass(slots=True)
class Loaded:
    """What a study holds for the model, and what could not be read: (SOP Instance UID, code)."""

    sources: list[Source] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def load(
    instances: Iterable[Instance],
    store: ObjectStore,
    side: int,
    limit: int,
    *,
    known: frozenset[str] = frozenset(),
    check: Check = lambda: None,
) -> Loaded:
    """Load instances one after the other; of a cine at most ``limit`` frames are kept in memory.

    ``known`` are SOP Instance UIDs whose frames were read before: only their headers are needed.

    Raises:
        StoreUnavailable: nothing is skipped for a reason that passes.
    """
    loaded = Loaded()
    for instance in instances:
        check()
        try:
            frames = Frames.of_bytes(store.get(instance.site, instance.sha256))
            source = Source(instance, frames.dataset, calibration(frames.dataset), frames.count)
            pictures = [] if instance.sop_uid in known else _pictures(source, frames, side, limit)
        except FadaError as error:
            if error.retryable:
                raise
            loaded.skipped.append((instance.sop_uid, error.code))
            continue
        # The pixels are in the pictures by now; a large cine must not lie in memory twice.
        frames.dataset.pop("PixelData", None)
        loaded.sources.append(source)
        loaded.pictures += pictures
    return loaded


def _pictures(source: Source, frames: Frames, side: int, limit: int) -> list[Picture]:
    numbers = [1]
    if frames.count > 1:
        numbers = key_frames(frames.readable(candidates(frames.count)), limit)
    found = []
    for number in numbers:
        pixels = frames.read(number)
        where = FrameRef(source.instance.series_uid, source.instance.sop_uid, number)
        found.append(Picture(source, where, pixels, square(pixels, side)))
    return found
