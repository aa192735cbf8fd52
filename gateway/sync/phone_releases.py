"""Releases for phones: what there is, and the files by range, so that a cut download goes on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi import Path as InPath
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import ReaderOrDevice
from gateway.representations import releases
from gateway.representations.files import local_file_response

router = APIRouter(prefix="/api/sync/releases", tags=["Phones"])
Name = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


@router.get("", summary="List releases for phones", operation_id="phoneReleases")
def listing(_: ReaderOrDevice, services: ServicesDep) -> dict[str, Any]:
    """Signed; the phone verifies the signature and every hash before it parses anything."""
    return releases.for_phones(services.settings.releases)


@router.get(
    "/{release}/{name}",
    summary="Get a file of a release",
    operation_id="releaseFile",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, 206: {}, 304: {}, 416: {}},
)
def file(
    release: Name,
    name: Name,
    _: ReaderOrDevice,
    services: ServicesDep,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """``ETag`` is the file's SHA-256; ``Range`` with ``If-Range`` resumes."""
    entry = releases.file(services.settings.releases, release, name)
    return local_file_response(
        entry.path,
        entry.sha256,
        "application/json" if name.endswith(".json") else "application/octet-stream",
        cache_control="private, max-age=86400",
        if_none_match=if_none_match,
    )
