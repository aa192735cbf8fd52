"""Stored artefacts by hash. A hash of another site is not found, even when the bytes are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from gateway.audit.reads import reads
from gateway.dependencies import ServicesDep
from gateway.http.params import ReaderOrDevice, Sha256
from gateway.representations.files import artefact_filename, artefact_response

router = APIRouter(prefix="/api/artefacts", tags=["Results"])


@router.get(
    "/{sha256}", summary="Get a stored mask, overlay, SEG, SR or report", operation_id="artefact"
)
def get(
    request: Request,
    sha256: Sha256,
    who: ReaderOrDevice,
    services: ServicesDep,
    range_header: Annotated[str | None, Header(alias="range", max_length=200)] = None,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """Its bytes; they never change. A byte range can be asked for."""
    with services.index.read() as tx:
        artefact = tx.results.artefact(who.site, sha256)
        reads(request, tx.results.study_of_artefact(who.site, sha256))
    return artefact_response(
        services, who.site, artefact, range_header=range_header, if_none_match=if_none_match
    )


@router.get("/{sha256}/url", summary="Get a link to the object store", operation_id="artefactUrl")
def url(
    request: Request, sha256: Sha256, who: ReaderOrDevice, services: ServicesDep
) -> dict[str, Any]:
    """A presigned URL that holds for a few minutes, for large content."""
    seconds = services.settings.presign_seconds
    with services.index.read() as tx:
        artefact = tx.results.artefact(who.site, sha256)
        reads(request, tx.results.study_of_artefact(who.site, sha256))
    link = services.store.presign(who.site, sha256, seconds, artefact_filename(artefact))
    return {"url": link, "expires_at": datetime.now(UTC) + timedelta(seconds=seconds)}
