"""WADO-URI (PS3.18 section 9): one object, or its picture, by a query; older viewers know this alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from gateway.audit.reads import reads
from gateway.dependencies import ServicesDep
from gateway.dicomweb import accept
from gateway.dicomweb.frames import PDF, document, render
from gateway.dicomweb.wado import find_instances
from gateway.http.params import ReaderOrDevice
from services.dicom.parser.parse import ENCAPSULATED_PDF
from services.domain.errors import InvalidInput

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"])
_DICOM = "application/dicom"
_PICTURES = ("image/jpeg", "image/png")
_Uid = Annotated[str, Query(pattern=r"^[0-9]+(\.[0-9]+)+$", max_length=64)]
_Size = Annotated[int, Query(ge=0, le=20_000)]


@router.get("/wado", summary="Retrieve an object (WADO-URI)", operation_id="wadoUri",
            response_class=Response,
            responses={200: {"content": {_DICOM: {}, "image/jpeg": {}, "image/png": {}}}})  # fmt: skip
def wado_uri(
    request: Request,
    who: ReaderOrDevice,
    services: ServicesDep,
    studyUID: _Uid,  # noqa: N803  (the names are the standard's)
    seriesUID: _Uid,  # noqa: N803
    objectUID: _Uid,  # noqa: N803
    requestType: Annotated[str, Query(max_length=16)] = "WADO",  # noqa: N803
    contentType: Annotated[str, Query(max_length=100)] = "image/jpeg",  # noqa: N803
    frameNumber: Annotated[int, Query(ge=1, le=100_000)] = 1,  # noqa: N803
    rows: _Size = 0,
    columns: _Size = 0,
    imageQuality: Annotated[int, Query(ge=1, le=100)] = 90,  # noqa: N803
) -> Response:
    """As it is stored with ``contentType=application/dicom``, an encapsulated document with
    application/pdf, else a frame as JPEG or PNG."""
    if requestType != "WADO":
        raise InvalidInput("requestType is WADO.")
    (row,) = find_instances(services, who.site, studyUID, seriesUID, objectUID)[:1]
    reads(request, row.study_uid)
    wanted = [one.split(";")[0].strip().lower() for one in contentType.split(",")]
    if _DICOM in wanted:
        return StreamingResponse(services.store.open(row.site, row.sha256), media_type=_DICOM)
    if row.sop_class == ENCAPSULATED_PDF and PDF in wanted:
        return document(request, services, row)
    media = next((one for one in wanted if one in _PICTURES), None)
    if media is None or row.rows == 0:
        raise accept.NotAcceptable("This can be had as application/dicom; images as JPEG or PNG.")
    viewport = [float(columns), float(rows)] if rows and columns else None
    return render(request, services, row, frameNumber, media, viewport, imageQuality)
