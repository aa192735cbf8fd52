"""The web form's upload: many files in one multipart request, an outcome for each."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from gateway.dependencies import Needs, Services
from gateway.http.auth import require
from gateway.http.request_logging import request_id
from gateway.ingest import normalise
from gateway.ingest.spool import Spooled
from services.domain.errors import FadaError, InvalidInput, UnsupportedMedia
from services.domain.study import IngestSource, Principal, Role

router = APIRouter(prefix="/api/uploads", tags=["Upload"])
Sender = Annotated[Principal, Depends(require(Role.DEVICE))]

_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "DICOM, ZIP, PNG or JPEG; may be repeated",
                        },
                        "urgent": {"type": "boolean"},
                        "pixel_mm": {"type": "number", "description": "for pictures: mm per pixel"},
                        "patient_name": {"type": "string"},
                        "patient_id": {"type": "string"},
                        "study_date": {"type": "string", "format": "date"},
                        "accession": {"type": "string"},
                        "description": {"type": "string"},
                    },
                }
            }
        },
    }
}


class NothingAccepted(InvalidInput):
    """Every file was refused: the first refusal speaks, and ``items`` has them all."""

    def __init__(self, first: FadaError, members: dict[str, Any]) -> None:
        super().__init__(first.detail)
        self.code, self.title = first.code, first.title  # type: ignore[misc]
        self.status = first.status  # type: ignore[misc]
        self.members = members


@router.post(
    "",
    summary="Send images from the page",
    operation_id="uploadFiles",
    openapi_extra=_FORM,
)
async def upload(request: Request, who: Sender, services: Needs) -> dict[str, Any]:
    """DICOM files, ZIP archives of them, or pictures; one outcome each.

    Pictures of one request become one study. A pixel size given here is marked as given by hand.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UnsupportedMedia("Send a multipart/form-data form with the field 'file'.")
    identity = request_id(request)
    with services.spool.basket() as basket:
        async with request.form(
            max_files=services.settings.max_zip_entries, max_fields=64, max_part_size=1 << 16
        ) as form:
            fields = {k: v for k, v in form.multi_items() if isinstance(v, str)}
            told = normalise.described(fields)
            parts = [v for _, v in form.multi_items() if isinstance(v, UploadFile)]
            if not parts:
                raise InvalidInput("The form has no file: name the field 'file'.")
            for part in parts:
                basket.append(await run_in_threadpool(_spool, services, part))
        outcomes = await run_in_threadpool(
            lambda: normalise.receive(
                services,
                who,
                list(basket),
                told,
                source=IngestSource.WEB,
                request_id=identity,
                basket=basket,
            )
        )
    told_back = normalise.answer(outcomes, identity)
    refused = [o.error for o in outcomes if o.error is not None]
    if len(refused) == len(outcomes):
        raise NothingAccepted(refused[0], told_back)
    return told_back


def _spool(services: Services, part: UploadFile) -> Spooled:
    limit = services.settings.max_request_bytes
    with services.spool.writer(limit, (part.filename or "")[:255]) as out:
        while piece := part.file.read(1 << 20):
            out.write(piece)
        return out.finish()
