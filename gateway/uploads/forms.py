"""The web form's upload: many files in one multipart request, an outcome for each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Sender
from gateway.http.request_logging import request_id
from gateway.ingest.spool import RequestFiles, SpooledFile
from gateway.ingest.spool_room import Holding
from gateway.uploads import normalise
from services.domain.errors import FadaError, InvalidInput, UnsupportedMedia
from services.domain.study import IngestSource

router = APIRouter(prefix="/api/uploads", tags=["Upload"])

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
                        "pixel_mm": {"type": "number", "description": "of images: mm per pixel"},
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
    """Every file was refused: the problem is the first refusal's, ``items`` has them all."""

    def __init__(self, first: FadaError, members: dict[str, Any]) -> None:
        super().__init__(first.detail)
        self.code, self.title = first.code, first.title  # type: ignore[misc]
        self.status = first.status  # type: ignore[misc]
        self.members = members


@router.post(
    "",
    summary="Upload images",
    operation_id="uploadFiles",
    openapi_extra=_FORM,
)
async def upload(request: Request, who: Sender, services: ServicesDep) -> dict[str, Any]:
    """DICOM files, ZIP archives of them, or PNG and JPEG images; one outcome each.

    Images of one request become one study. A pixel size given here is marked as given by hand.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UnsupportedMedia("Send a multipart/form-data form with the field 'file'.")
    identity = request_id(request)
    room = services.spool_room.holding(who)
    with room as holding, services.spool.request_files(holding) as files:
        await holding.announce(request)
        async with Request(request.scope, _counted(request, holding)).form(
            max_files=services.settings.max_zip_entries, max_fields=64, max_part_size=1 << 16
        ) as form:
            fields = {k: v for k, v in form.multi_items() if isinstance(v, str)}
            description = normalise.parse_description(fields)
            uploads = [v for _, v in form.multi_items() if isinstance(v, UploadFile)]
            if not uploads:
                raise InvalidInput("The form has no file: name the field 'file'.")
            for one in uploads:
                files.append(await run_in_threadpool(_spool, services, files, one))
                await one.close()
                holding.shrink(one.size or 0)
        outcomes = await run_in_threadpool(
            normalise.ingest_uploads,
            services,
            who,
            list(files),
            description,
            source=IngestSource.WEB,
            request_id=identity,
            request_files=files,
        )
    answer = normalise.outcomes_json(outcomes, identity)
    refusals = [o.error for o in outcomes if o.error is not None]
    if len(refusals) == len(outcomes):
        raise NothingAccepted(refusals[0], answer)
    return answer


def _counted(request: Request, holding: Holding) -> Receive:
    """The body, whose parts lie in the spool's folder until they are copied."""

    async def receive() -> Message:
        message = await request.receive()
        await holding.arrived(len(message.get("body", b"")))
        return message

    return receive


def _spool(services: Services, files: RequestFiles, upload: UploadFile) -> SpooledFile:
    limit = services.settings.max_request_bytes
    with files.writer(limit, (upload.filename or "")[:255]) as out:
        while chunk := upload.file.read(1 << 20):
            out.write(chunk)
        return out.finish()
