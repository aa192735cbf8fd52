"""Resumable upload, tus 1.0: creation, creation-with-upload, checksum, expiration, termination.

An offset is reported only after its bytes are on disk (fsync) and in the index. The last bytes are
counted only after the ingest service took the file, so a client that reads the full length back may
forget its copy.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import RecordId, Sender
from gateway.http.request_logging import request_id
from gateway.uploads.completed_upload import complete_upload, require_case, validate_metadata
from gateway.uploads.partial_upload import Appender, UploadFiles
from services.domain.errors import (
    Gone,
    InvalidInput,
    NotFound,
    OffsetMismatch,
    SlowRequest,
    TooLarge,
    UnsupportedMedia,
    UploadTakenOver,
)
from services.domain.study import Principal
from services.index.port import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
ALGORITHMS = ("sha1", "sha256")
_CLAIM_SECONDS = 0.2  # how soon a silent connection notices that it is not wanted any more
OFFSET_TYPE = "application/offset+octet-stream"

router = APIRouter(prefix="/tus", tags=["Upload"])


class WrongVersion(InvalidInput):
    """The request names another version of tus, or none."""

    code, title, status = "tus_version", "This hub speaks tus 1.0.0", 412
    headers = {"Tus-Version": VERSION}  # noqa: RUF012


def _files(services: Services) -> UploadFiles:
    return UploadFiles(services.spool.folder)


@router.options("/", summary="Get the tus server's capabilities", operation_id="tusOptions")
def options(who: Sender, services: ServicesDep) -> Response:
    """The Tus-* headers."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services.settings.max_request_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return _response(204, headers)


@router.post("/", summary="Create an upload", operation_id="tusCreate", status_code=201)
async def create(request: Request, who: Sender, services: ServicesDep) -> Response:
    """Upload-Length and Upload-Metadata; the first bytes may come along."""
    return await _begin(request, who, services, preview=False)


@router.post(
    "/previews/",
    summary="Create an upload of a preview",
    operation_id="tusPreview",
    status_code=201,
)
async def create_preview(request: Request, who: Sender, services: ServicesDep) -> Response:
    """The same for a preview: ``case``, and ``preview`` with SOP Instance UID, slash, frame.

    An address of its own: a hub that knows no previews must not take one for an image.
    """
    return await _begin(request, who, services, preview=True)


async def _begin(
    request: Request, who: Principal, services: Services, *, preview: bool
) -> Response:
    _check_version(request)
    if "upload-defer-length" in request.headers:
        raise InvalidInput("Say the Upload-Length at once; it cannot be deferred.")
    length = _number(request, "upload-length")
    if length > services.settings.max_request_bytes:
        raise TooLarge(f"An upload may have {services.settings.max_request_bytes} bytes.")
    metadata = _metadata(request.headers.get("upload-metadata", ""))
    validate_metadata(metadata, preview=preview)
    upload = await run_in_threadpool(_create, services, who, length, metadata)
    headers = {"Location": f"/tus/{upload.id}", **_expiry(upload)}
    if request.headers.get("content-type") == OFFSET_TYPE or length == 0:
        offset, state = await _append(request, services, who, upload)
        headers |= {"Upload-Offset": str(offset), "Fada-Outcome": state}
    return _response(201, headers)


def _create(services: Services, who: Principal, length: int, metadata: dict[str, str]) -> Upload:
    services.ingest.site_room.check(who.site, length)
    until = datetime.now(UTC) + timedelta(days=services.settings.upload_days)
    with services.index.begin() as tx:
        require_case(tx, who, metadata)
        services.spool_room.make_room(tx, who, length)
        upload = tx.uploads.create(who, length, metadata, until)
        _files(services).create(upload.id)
    return upload


@router.head("/{upload_id}", summary="Get an upload's offset", operation_id="tusOffset")
async def head(
    request: Request, upload_id: RecordId, who: Sender, services: ServicesDep
) -> Response:
    """Upload-Offset is durable. A request that still writes is ended first, and what it brought counts."""
    _check_version(request)
    upload = await run_in_threadpool(find_upload, services, who, upload_id)
    if upload.state == "open":
        await _files(services).claim(upload.id)
        upload = await run_in_threadpool(find_upload, services, who, upload_id)
    headers = {"Upload-Offset": str(upload.offset), "Cache-Control": "no-store", **_expiry(upload)}
    if upload.length is not None:
        headers["Upload-Length"] = str(upload.length)
    return _response(200, headers)


@router.get("/{upload_id}", summary="Get an upload's outcome", operation_id="tusOutcome")
def outcome(upload_id: RecordId, who: Sender, services: ServicesDep) -> dict[str, Any]:
    """The outcome of each file in it, once it is complete."""
    upload = find_upload(services, who, upload_id)
    return {
        "id": upload.id,
        "state": upload.state,
        "offset": upload.offset,
        "length": upload.length,
        "expires_at": upload.expires_at,
        "outcome": upload.outcome or None,
    }


@router.patch("/{upload_id}", summary="Append to an upload", operation_id="tusAppend")
async def patch(
    request: Request, upload_id: RecordId, who: Sender, services: ServicesDep
) -> Response:
    """Upload-Offset must be the durable one; Upload-Checksum is verified before it moves."""
    _check_version(request)
    if request.headers.get("content-type") != OFFSET_TYPE:
        raise UnsupportedMedia(f"Send the bytes as {OFFSET_TYPE}.")
    upload = await run_in_threadpool(find_upload, services, who, upload_id)
    if _number(request, "upload-offset") != upload.offset:
        raise OffsetMismatch("Ask for the offset with HEAD, then go on from there.")
    if upload.state != "open":
        raise OffsetMismatch("This upload is complete.")
    offset, state = await _append(request, services, who, upload)
    headers = {"Upload-Offset": str(offset), "Fada-Outcome": state, **_expiry(upload)}
    return _response(204, headers)


@router.delete("/{upload_id}", summary="Delete an upload", operation_id="tusTerminate")
def terminate(
    request: Request, upload_id: RecordId, who: Sender, services: ServicesDep
) -> Response:
    """Its bytes are removed at once. What was ingested already stays."""
    _check_version(request)
    upload = find_upload(services, who, upload_id)
    with services.index.begin() as tx:
        tx.uploads.delete(who.site, upload.id)
    _files(services).remove(upload.id)
    return _response(204, {})


def find_upload(services: Services, who: Principal, upload_id: str) -> Upload:
    """The caller's own upload. Raises NotFound, Gone."""
    with services.index.read() as tx:
        upload = tx.uploads.get(who.site, upload_id)
    if upload.owner != who.subject:
        raise NotFound()
    if upload.state == "expired" or (
        upload.state == "open" and upload.expires_at <= datetime.now(UTC)
    ):
        raise Gone("This upload has expired; start it again.")
    return upload


async def _append(
    request: Request, services: Services, who: Principal, upload: Upload
) -> tuple[int, str]:
    """Write the body at the durable offset; (offset, state) afterwards."""
    assert upload.length is not None
    checksum = _checksum(request.headers.get("upload-checksum", ""))
    files = _files(services)
    with files.open(upload.id) as part:
        # Another request may have moved it before this one had the lock.
        now = await run_in_threadpool(find_upload, services, who, upload.id)
        if now.offset != upload.offset or now.state != "open":
            raise OffsetMismatch("Ask for the offset with HEAD, then go on from there.")
        part.start(upload.offset)
        appender = Appender(
            services, who.site, upload.id, part, upload.length, upload.offset, checksum
        )
        try:
            async for chunk in _unclaimed(request, files, upload.id):
                await run_in_threadpool(appender.write, chunk)
        except (ClientDisconnect, SlowRequest, UploadTakenOver):
            await run_in_threadpool(appender.keep_received)
            raise
        await run_in_threadpool(appender.verify)
        if part.at < upload.length:
            await run_in_threadpool(appender.checkpoint)
            return appender.durable, "open"
        state, answer = await run_in_threadpool(
            complete_upload, services, who, files, upload, part, request_id(request)
        )
        await run_in_threadpool(appender.complete, state, answer)
    await run_in_threadpool(files.remove, upload.id)
    return upload.length, state


async def _unclaimed(request: Request, files: UploadFiles, upload_id: str) -> AsyncIterator[bytes]:
    """The body, until its sender asks on another connection how much there is.

    Raises UploadTakenOver.
    """
    stream = aiter(request.stream())
    coming = asyncio.ensure_future(anext(stream, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=_CLAIM_SECONDS)
            if files.is_claimed(upload_id):
                raise UploadTakenOver("The upload goes on over another connection.")
            if not coming.done():
                continue
            chunk = coming.result()
            if chunk is None:
                return
            yield chunk
            coming = asyncio.ensure_future(anext(stream, None))
    finally:
        coming.cancel()


def _response(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION, **headers})


def _expiry(upload: Upload) -> dict[str, str]:
    if upload.state != "open":
        return {}
    return {"Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)}


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise WrongVersion()


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InvalidInput(f"The header {name} is a number of bytes.")
    return int(text)


def _checksum(header: str) -> tuple[str, bytes] | None:
    if not header:
        return None
    name, _, text = header.partition(" ")
    if name not in ALGORITHMS:
        raise InvalidInput(f"Upload-Checksum is one of {', '.join(ALGORITHMS)}.")
    try:
        return name, base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidInput("Upload-Checksum is not base64.") from error


def _metadata(header: str) -> dict[str, str]:
    """``key base64,key base64``; a key may stand alone."""
    if len(header) > 8192:
        raise InvalidInput("Upload-Metadata may have 8 KiB.")
    metadata: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            metadata[key] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:
            raise InvalidInput("Upload-Metadata is not base64 of UTF-8 text.") from error
        if "\0" in metadata[key] or not key.isascii() or len(metadata) > 32:
            raise InvalidInput("Upload-Metadata is malformed.")
    return metadata
