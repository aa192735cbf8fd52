"""Result versions as several routes show them: read, compared, drawn onto their frames."""

from __future__ import annotations

from typing import Any

from gateway.dependencies import Services
from gateway.representations import images, serializers
from services.domain.errors import NotFound
from services.domain.report import FrameReading, Origin
from services.domain.review import disagreements
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


def compare_phone_and_hub(versions: list[Result]) -> dict[str, Any] | None:
    """The latest phone and hub versions beside each other; None when one is missing."""
    phone = next((r for r in reversed(versions) if r.origin is Origin.PHONE), None)
    hub = next((r for r in reversed(versions) if r.origin is Origin.HUB), None)
    if phone is None or hub is None:
        return None
    differences = disagreements(phone.report, hub.report)
    return {
        "phone_version": phone.version,
        "hub_version": hub.version,
        "agree": not differences,
        "differences": [{"what": d.what, "phone": d.phone, "hub": d.hub} for d in differences],
        "phone_release": serializers.result_summary(phone)["release"],
        "hub_release": serializers.result_summary(hub)["release"],
    }


def draw_overlay(services: Services, site: str, result: Result, reading: FrameReading) -> bytes:
    """PNG of the frame with its overlay; the version's label is burned in. Raises NotFound."""
    with services.index.read() as tx:
        instance = images.find_instance(tx, site, result.report.study_uid, reading.sop_uid)
    with images.open_frames(services, instance) as frames:
        pixels = frames.read(reading.frame)
    return overlay.png(overlay.render(pixels, reading, overlay.caption(result.report)))
