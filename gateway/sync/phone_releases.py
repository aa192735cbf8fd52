"""Releases for phones: what there is, and the files by range, so that a cut download goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi import Path as InPath
from starlette.responses import Response, StreamingResponse

from gateway.api.artefacts import one_range
from gateway.dependencies import Needs
from gateway.http.params import ReaderOrDevice
from gateway.representations import releases

router = APIRouter(prefix="/api/sync/releases", tags=["Phones"])
Name = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
_CHUNK = 256 * 1024


@router.get("", summary="Releases for phones", operation_id="phoneReleases")
def listing(_: ReaderOrDevice, services: Needs) -> dict[str, Any]:
    """Signed; the phone verifies the signature and every hash before it parses anything."""
    return releases.for_phones(services.settings.releases)


@router.get(
    "/{release}/{name}",
    summary="A file of a release",
    operation_id="releaseFile",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, 206: {}, 304: {}, 416: {}},
)
def file(
    release: Name,
    name: Name,
    _: ReaderOrDevice,
    services: Needs,
    span: Annotated[str | None, Header(alias="range", max_length=200)] = None,
    if_range: Annotated[str | None, Header(max_length=200)] = None,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """``ETag`` is the file's SHA-256; ``Range`` with ``If-Range`` resumes."""
    found = releases.file(services.settings.releases, release, name)
    tag = f'"{found.sha256}"'
    told = {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": "private, max-age=86400"}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=told)
    part = one_range(span if if_range in (None, tag) else None, found.size)
    start, length = part or (0, found.size)
    told["Content-Length"] = str(length)
    if part is not None:
        told["Content-Range"] = f"bytes {start}-{start + length - 1}/{found.size}"
    kind = "application/json" if name.endswith(".json") else "application/octet-stream"
    body = _read(found.path, start, length)
    return StreamingResponse(body, 200 if part is None else 206, told, media_type=kind)


def _read(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(start)
        while length > 0 and (piece := source.read(min(length, _CHUNK))):
            length -= len(piece)
            yield piece
