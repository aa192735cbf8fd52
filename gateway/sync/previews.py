"""Previews: a small copy of each key frame goes before the images, so that a reader at the hub can answer."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Frame, Reader, Sender, SopUid, StudyId
from gateway.ingest.case_previews import MOST_BYTES, keep_preview
from services.domain.errors import TooLarge

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
    shown as a preview, and goes when the picture comes. By tus (``preview``: UID/frame) it can be resumed."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise TooLarge(f"A preview may have {MOST_BYTES} bytes.")
    await run_in_threadpool(
        keep_preview, services.index, who, str(case_id), sop_uid, frame, bytes(data)
    )
    return Response(status_code=204)


@router.get("/api/studies/{study_id}/previews", summary="List previews", operation_id="previews")
def listing(study_id: StudyId, who: Reader, services: ServicesDep) -> dict[str, Any]:
    """Frames of which a small copy is here and the picture is not."""
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
        previews = tx.previews.of_study(who.site, study.id)
    return {"items": [{"sop_uid": sop_uid, "frame": frame} for sop_uid, frame in previews]}


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
