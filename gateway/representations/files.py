"""Stored bytes as responses: whole or by range, with the content's SHA-256 as ETag.

Ranges are read by Starlette's ``FileResponse``, for local files and for objects of the store alike.
"""

from __future__ import annotations

from pathlib import Path

from starlette import responses
from starlette.responses import FileResponse, Response, StreamingResponse

from gateway.dependencies import Services
from services.domain.errors import FadaError
from services.index.port import Artefact

_SUFFIX = {"image/png": "png", "application/dicom": "dcm", "application/pdf": "pdf"}
_LONGEST_RANGE = 200  # characters of a Range header


class RangeNotSatisfiable(FadaError):
    """The range begins after the end of the content."""

    code, title, status = "range_not_satisfiable", "There are no such bytes", 416


class LocalFileResponse(FileResponse):
    """``FileResponse`` whose refusals are problems.

    Several ranges, and what is no range, are answered with everything (RFC 9110 section 14.2).
    """

    max_ranges = 1

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        if len(http_range) > _LONGEST_RANGE:
            return []
        try:
            return super()._parse_range_header(http_range, file_size)
        except responses.MalformedRangeHeader:
            return []
        except responses.RangeNotSatisfiable as error:
            refusal = RangeNotSatisfiable()
            refusal.headers = {"Content-Range": f"bytes */{file_size}"}  # type: ignore[attr-defined]
            raise refusal from error


def single_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(first byte, length) of a Range header; None when all ``size`` bytes are to be sent.

    Raises:
        RangeNotSatisfiable: the range begins after the end.
    """
    if header is None:
        return None
    ranges = LocalFileResponse._parse_range_header(header, size)
    return (ranges[0][0], ranges[0][1] - ranges[0][0]) if ranges else None


def local_file_response(
    path: Path, sha256: str, media_type: str, *, cache_control: str, if_none_match: str | None
) -> Response:
    """A local file; ``Range`` and ``If-Range`` of the request are honoured when it is sent."""
    headers = {"ETag": f'"{sha256}"', "Cache-Control": cache_control}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    return LocalFileResponse(path, headers=headers, media_type=media_type)


def artefact_response(
    services: Services,
    site: str,
    artefact: Artefact,
    *,
    range_header: str | None = None,
    if_none_match: str | None = None,
) -> Response:
    """An artefact's bytes from the object store. Raises RangeNotSatisfiable."""
    etag = f'"{artefact.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f'inline; filename="{artefact_filename(artefact)}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    part = single_range(range_header, artefact.size)
    start, length = part or (0, artefact.size)
    headers["Content-Length"] = str(length)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{artefact.size}"
    content = services.store.open(site, artefact.sha256, start, length)
    status = 200 if part is None else 206
    return StreamingResponse(content, status, headers, media_type=artefact.media_type)


def artefact_filename(artefact: Artefact) -> str:
    """Made from the kind and the hash; holds nothing of the patient."""
    suffix = _SUFFIX.get(artefact.media_type, "json")
    return f"{artefact.kind}-{artefact.sha256[:12]}.{suffix}"
