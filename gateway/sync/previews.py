"""Previews: a small copy of each key frame goes before the images, so that a reader at the hub can answer."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Frame, Reader, Sender, SopUid, StudyId
from services.dicom.parser.jpeg import size_of
from services.domain.errors import InvalidInput, TooLarge
from services.domain.study import Principal

MOST_BYTES = 30_000  # of one preview
MOST_OF_A_CASE = 200
router = APIRouter(tags=["Phones"])
CaseId = Annotated[uuid.UUID, Path(description="made on the phone (UUIDv7)")]
_JPEG: dict[str, Any] = {"content": {"image/jpeg": {}}}


@router.put(
    "/api/sync/cases/{case_id}/previews/{sop_uid}/{frame}",
    summary="Store a preview",
    operation_id="putPreview",
    status_code=204,
    openapi_extra={"requestBody": {"required": True, **_JPEG}},
)
async def put(
    request: Request,
    case_id: CaseId,
    sop_uid: SopUid,
    frame: Frame,
    who: Sender,
    services: ServicesDep,
) -> Response:
    """A JPEG of at most 30 kB of a frame whose picture has not arrived; the first one counts. It is
    shown as a preview, and goes when the picture comes."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise TooLarge(f"A preview may have {MOST_BYTES} bytes.")
    await run_in_threadpool(_keep, services, who, str(case_id), sop_uid, frame, bytes(data))
    return Response(status_code=204)


@router.get("/api/studies/{study_id}/previews", summary="List previews", operation_id="previews")
def listing(study_id: StudyId, who: Reader, services: ServicesDep) -> dict[str, Any]:
    """Frames of which a small copy is here and the picture is not."""
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
        found = tx.previews.of_study(who.site, study.id)
    return {"items": [{"sop_uid": sop_uid, "frame": frame} for sop_uid, frame in found]}


@router.get(
    "/api/studies/{study_id}/previews/{sop_uid}/{frame}",
    summary="Get a preview",
    operation_id="preview",
    response_class=Response,
    responses={200: _JPEG},
)
def preview(
    study_id: StudyId, sop_uid: SopUid, frame: Frame, who: Reader, services: ServicesDep
) -> Response:
    """A small JPEG, to be looked at and never measured on."""
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
        data = tx.previews.get(who.site, study.id, sop_uid, frame)
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="image/jpeg", headers=headers)


def _keep(
    services: Services, who: Principal, case_id: str, sop_uid: str, frame: int, jpeg: bytes
) -> None:
    size = size_of(jpeg) if jpeg[:3] == b"\xff\xd8\xff" else None
    if size is None or max(size) > 2048:
        raise InvalidInput("A preview is a JPEG of at most 2048 pixels a side.")
    with services.index.begin() as tx:
        case = tx.cases.get(who, case_id)
        if tx.previews.count(who, case.id) >= MOST_OF_A_CASE:
            raise InvalidInput(f"A case may have {MOST_OF_A_CASE} previews.")
        study = tx.studies.by_uid(who.site, case.study_uid)
        tx.previews.keep(case, study.id, who.site, sop_uid, frame, jpeg)
