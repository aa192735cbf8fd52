"""Result versions: all are kept, none is changed. Phone's and hub's stand side by side."""

from __future__ import annotations

import io
from typing import Annotated, Any

from fastapi import APIRouter, Path
from PIL import Image
from starlette.responses import Response

from gateway.dependencies import Needs, Services
from gateway.http.params import Frame, Reader, ReaderOrDevice, SopUid, StudyId
from gateway.representations import images, serializers
from services.domain.errors import NotFound
from services.domain.report import FrameReading, Origin
from services.domain.review import disagreements
from services.domain.study import Principal
from services.index.port import Result
from services.reading import report_json
from services.reading.images import overlay

router = APIRouter(prefix="/api/studies/{study_id}", tags=["Results"])
Version = Annotated[str, Path(pattern=r"^(latest|[1-9][0-9]{0,8})$", description="or latest")]


@router.get("/results", summary="All versions of a result", operation_id="listResults")
def versions(study_id: StudyId, who: ReaderOrDevice, services: Needs) -> dict[str, Any]:
    """Hub, phone and review, oldest first, each with its release's hash."""
    with services.index.read() as tx:
        tx.studies.get(who.site, study_id)
        found = tx.results.versions(who.site, study_id)
    return {"items": [serializers.summary(r) for r in found]}


@router.get("/results/{version}", summary="One version of a result", operation_id="getResult")
def get(
    study_id: StudyId, version: Version, who: ReaderOrDevice, services: Needs
) -> dict[str, Any]:
    """The report and what was stored with it."""
    return serializers.result(read(services, who, study_id, version))


@router.get("/disagreement", summary="Phone against hub", operation_id="getDisagreement")
def disagreement(study_id: StudyId, who: ReaderOrDevice, services: Needs) -> dict[str, Any]:
    """What the latest readings of phone and hub say differently, with both releases."""
    with services.index.read() as tx:
        tx.studies.get(who.site, study_id)
        found = tx.results.versions(who.site, study_id)
    told = compare(found)
    if told is None:
        raise NotFound("There is no reading by a phone and by the hub to compare.")
    return told


def compare(found: list[Result]) -> dict[str, Any] | None:
    """The latest phone and hub versions beside each other; None when one is missing."""
    phone = next((r for r in reversed(found) if r.origin is Origin.PHONE), None)
    hub = next((r for r in reversed(found) if r.origin is Origin.HUB), None)
    if phone is None or hub is None:
        return None
    differences = disagreements(phone.report, hub.report)
    return {
        "phone_version": phone.version,
        "hub_version": hub.version,
        "agree": not differences,
        "differences": [{"what": d.what, "phone": d.phone, "hub": d.hub} for d in differences],
        "phone_release": serializers.summary(phone)["release"],
        "hub_release": serializers.summary(hub)["release"],
    }


@router.get(
    "/results/{version}/frames/{sop_uid}/{frame}/overlay.png",
    summary="A frame with what was found drawn on it",
    operation_id="overlay",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def drawn(
    study_id: StudyId,
    version: Version,
    sop_uid: SopUid,
    frame: Frame,
    who: Reader,
    services: Needs,
) -> Response:
    """Rendered from this very version; its label is burned in."""
    result = read(services, who, study_id, version)
    reading = frame_of(result, sop_uid, frame)
    data = draw(services, who.site, result, reading)
    told = {"Cache-Control": "private, max-age=300", "ETag": f'"{result.id}-{frame}"'}
    return Response(data, headers=told, media_type="image/png")


@router.get("/results/{version}/report.json", summary="The report alone", operation_id="report")
def report(study_id: StudyId, version: Version, who: ReaderOrDevice, services: Needs) -> Response:
    """As the published JSON Schema (/api/schemas/report.json) has it."""
    result = read(services, who, study_id, version)
    return Response(report_json.dump(result.report), media_type="application/json")


def read(services: Services, who: Principal, study_id: str, version: str) -> Result:
    """Raises NotFound."""
    with services.index.read() as tx:
        return tx.results.get(who.site, study_id, None if version == "latest" else int(version))


def frame_of(result: Result, sop_uid: str, frame: int) -> FrameReading:
    """Raises NotFound."""
    for reading in result.report.frames:
        if reading.sop_uid == sop_uid and reading.frame == frame:
            return reading
    raise NotFound("This version says nothing about that frame.")


def draw(services: Services, site: str, result: Result, reading: FrameReading) -> bytes:
    """PNG of the frame with its overlay."""
    with services.index.read() as tx:
        instance = images.find(tx, site, result.report.study_uid, reading.sop_uid)
    with images.opened(services, instance) as frames:
        pixels = frames.read(reading.frame)
    return overlay.png(overlay.render(pixels, reading, overlay.caption(result.report)))


def plain(services: Services, site: str, study_uid: str, sop_uid: str, frame: int) -> bytes:
    """PNG of the frame alone."""
    with services.index.read() as tx:
        instance = images.find(tx, site, study_uid, sop_uid)
    with images.opened(services, instance) as frames:
        pixels = frames.read(frame)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()
