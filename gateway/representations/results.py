"""Result versions as several routes show them: read, and drawn onto their frames."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.dependencies import Services
from gateway.representations import images
from services.domain.errors import NotFound
from services.domain.report import FrameReading, Report
from services.domain.study import Principal
from services.index.port import Result
from services.reading.images import drawn_mask, geometry, overlay

_PRINTED = 1000


def read_result(services: Services, who: Principal, study_id: str, version: str) -> Result:
    """A version of the caller's site; ``version`` is a number or ``latest``. Raises NotFound."""
    with services.index.read() as tx:
        return tx.results.get(who.site, study_id, None if version == "latest" else int(version))


def frame_of(result: Result, sop_uid: str, frame: int) -> FrameReading:
    """What a version says about one frame, counted from 1. Raises NotFound."""
    for reading in result.report.frames:
        if reading.sop_uid == sop_uid and reading.frame == frame:
            return reading
    raise NotFound("This version says nothing about that frame.")


def draw_overlay(
    services: Services, site: str, result: Result, reading: FrameReading, *, blank: bool = False
) -> bytes:
    """PNG of the frame with its overlay; the version's label is burned in. Raises NotFound.

    ``blank``: the frame without the words that its scanner wrote, as it leaves the site.
    """
    with services.index.read() as tx:
        instance = images.find_instance(tx, site, result.report.study_uid, reading.sop_uid)
    with images.open_frames(services, instance) as frames:
        pixels = frames.read(reading.frame, blank=blank)
    return overlay.png(overlay.render(pixels, reading, overlay.caption(result.report)))


def printed(png: bytes) -> bytes:
    """A picture as it goes onto paper: JPEG of at most ``_PRINTED`` pixels a side, 250 dpi and more."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((_PRINTED, _PRINTED), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=88, subsampling=0)
    return data.getvalue()


def masks_of(services: Services, site: str, reading: FrameReading) -> dict[str, NDArray[np.bool_]]:
    """The frame's masks by label: as stored, else the outline filled; a box alone has none.

    Raises InvalidInput: a mask is not one of this frame; TooLarge: they have too many pixels together.
    """
    drawn_mask.check_drawn(reading.width, reading.height, reading.structures)
    masks: dict[str, NDArray[np.bool_]] = {}
    for structure in reading.structures:
        if structure.mask:
            png = services.store.get(site, structure.mask)
            masks[structure.label] = drawn_mask.read_mask(png, reading.width, reading.height)
        elif structure.polygon:
            outline = np.array(structure.polygon, dtype=np.float64)
            masks[structure.label] = geometry.fill(outline, reading.width, reading.height)
    return masks


class MasksByFrame(Mapping[tuple[str, int], dict[str, NDArray[np.bool_]]]):
    """The masks of a report's frames by image and frame, drawn when they are asked for: those of all
    frames at once may not fit into memory."""

    def __init__(self, services: Services, site: str, report: Report) -> None:
        """``report`` is one of ``site``."""
        self._services, self._site = services, site
        self._frames = {(one.sop_uid, one.frame): one for one in report.frames}

    def __getitem__(self, key: tuple[str, int]) -> dict[str, NDArray[np.bool_]]:
        return masks_of(self._services, self._site, self._frames[key])

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)
