"""Stored by-products by hash. A hash of another site is not found, even when the bytes are there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path
from starlette.responses import Response, StreamingResponse

from gateway.dependencies import Needs, Services
from gateway.http.auth import require
from services.domain.errors import FadaError
from services.domain.study import Principal, Role
from services.index.port import Artefact

router = APIRouter(prefix="/api/artefacts", tags=["Results"])
Reader = Annotated[Principal, Depends(require(Role.READER, device=True))]
Hash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the content")]
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_SUFFIX = {"image/png": "png", "application/dicom": "dcm", "application/pdf": "pdf"}


class RangeNotSatisfiable(FadaError):
    code, title, status = "range_not_satisfiable", "There are no such bytes", 416


def one_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(first, length) of a single range; None when all is to be sent.

    Several ranges, and what is no range, are answered with everything, as RFC 9110 allows.
    Raises RangeNotSatisfiable.
    """
    if header is None or len(header) > 64:
        return None
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        length = min(int(last) if last else size - 1, size - 1) - start + 1
    if length <= 0 or start >= size:
        refusal = RangeNotSatisfiable()
        refusal.headers = {"Content-Range": f"bytes */{size}"}  # type: ignore[attr-defined]
        raise refusal
    return start, length


def send(
    services: Services,
    site: str,
    artefact: Artefact,
    *,
    span: str | None = None,
    known: str | None = None,
) -> Response:
    """The bytes, by range and with the hash as ETag."""
    tag = f'"{artefact.sha256}"'
    told = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f'inline; filename="{filename(artefact)}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if known is not None and tag in known:
        return Response(status_code=304, headers=told)
    part = one_range(span, artefact.size)
    start, length = part or (0, artefact.size)
    told["Content-Length"] = str(length)
    if part is not None:
        told["Content-Range"] = f"bytes {start}-{start + length - 1}/{artefact.size}"
    body = services.store.open(site, artefact.sha256, start, length)
    status = 200 if part is None else 206
    return StreamingResponse(body, status, told, media_type=artefact.media_type)


def filename(artefact: Artefact) -> str:
    """Made from the kind and the hash; holds nothing of the patient."""
    suffix = _SUFFIX.get(artefact.media_type, "json")
    return f"{artefact.kind}-{artefact.sha256[:12]}.{suffix}"


@router.get(
    "/{sha256}", summary="A stored mask, overlay, SEG, SR or report", operation_id="artefact"
)
def get(
    sha256: Hash,
    who: Reader,
    services: Needs,
    span: Annotated[str | None, Header(alias="range", max_length=200)] = None,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """Its bytes; they never change."""
    with services.index.read() as tx:
        artefact = tx.results.artefact(who.site, sha256)
    return send(services, who.site, artefact, span=span, known=if_none_match)


@router.get("/{sha256}/url", summary="A link to the store itself", operation_id="artefactUrl")
def url(sha256: Hash, who: Reader, services: Needs) -> dict[str, Any]:
    """Presigned, for a few minutes, for large content."""
    seconds = services.settings.presign_seconds
    with services.index.read() as tx:
        artefact = tx.results.artefact(who.site, sha256)
    link = services.store.presign(who.site, sha256, seconds, filename(artefact))
    return {"url": link, "expires_at": datetime.now(UTC) + timedelta(seconds=seconds)}
