"""Result versions as several routes show them: read, and drawn onto their frames."""

from __future__ import annotations

from gateway.dependencies import Services
from gateway.representations import images
from services.domain.errors import NotFound
from services.domain.report import FrameReading
from services.domain.study import Principal
from services.index.port import Result
from services.reading.images import overlay


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


def draw_overlay(services: Services, site: str, result: Result, reading: FrameReading) -> bytes:
    """PNG of the frame with its overlay; the version's label is burned in. Raises NotFound."""
    with services.index.read() as tx:
        instance = images.find_instance(tx, site, result.report.study_uid, reading.sop_uid)
    with images.open_frames(services, instance) as frames:
        pixels = frames.read(reading.frame)
    return overlay.png(overlay.render(pixels, reading, overlay.caption(result.report)))
