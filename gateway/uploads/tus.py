"""Resumable upload, tus 1.0: creation, creation-with-upload, checksum, expiration, termination.

An offset is told only after its bytes are on disk (fsync) and in the index. The last bytes are
counted only after the intake took the file, so a client that was told "all" may forget its copy.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from gateway.dependencies import Needs, Services
from gateway.http.auth import require
from gateway.http.request_logging import request_id
from gateway.ingest.normalise import described
from gateway.uploads import completion
from gateway.uploads.files import Partial, Parts
from services.domain.errors import (
    ChecksumMismatch,
    Gone,
    InvalidInput,
    NotFound,
    OffsetMismatch,
    SlowRequest,
    TooLarge,
    UnsupportedMedia,
)
from services.domain.study import Principal, Role
from services.index.port import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
ALGORITHMS = ("sha1", "sha256")
CHECKPOINT = 4 * 2**20
OFFSET_TYPE = "application/offset+octet-stream"

router = APIRouter(prefix="/tus", tags=["Upload"])
Sender = Annotated[Principal, Depends(require(Role.DEVICE))]


class WrongVersion(InvalidInput):
    code, title, status = "tus_version", "This hub speaks tus 1.0.0", 412
    headers = {"Tus-Version": VERSION}  # noqa: RUF012


def _parts(services: Services) -> Parts:
    return Parts(services.spool.folder)


@router.options("/", summary="What this tus server can do", operation_id="tusOptions")
def options(who: Sender, services: Needs) -> Response:
    """The Tus-* headers."""
    told = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services.settings.max_request_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return _answer(204, told)


@router.post("/", summary="Begin an upload", operation_id="tusCreate", status_code=201)
async def create(request: Request, who: Sender, services: Needs) -> Response:
    """Upload-Length and Upload-Metadata; the first bytes may come along."""
    _speaks(request)
    if "upload-defer-length" in request.headers:
        raise InvalidInput("Say the Upload-Length at once; it cannot be deferred.")
    length = _number(request, "upload-length")
    if length > services.settings.max_request_bytes:
        raise TooLarge(f"An upload may have {services.settings.max_request_bytes} bytes.")
    metadata = _metadata(request.headers.get("upload-metadata", ""))
    described(metadata)
    completion.check(metadata)
    has_body = request.headers.get("content-type") == OFFSET_TYPE
    upload = await run_in_threadpool(_begin, services, who, length, metadata)
    told = {"Location": f"/tus/{upload.id}", **_expiry(upload)}
    if has_body or length == 0:
        offset, state = await _append(request, services, who, upload)
        told |= {"Upload-Offset": str(offset), "Fada-Outcome": state}
    return _answer(201, told)


def _begin(services: Services, who: Principal, length: int, metadata: dict[str, str]) -> Upload:
    until = datetime.now(UTC) + timedelta(days=services.settings.upload_days)
    with services.index.begin() as tx:
        completion.check_case(tx, who, metadata)
        upload = tx.uploads.create(who, length, metadata, until)
        _parts(services).create(upload.id)
    return upload


@router.head("/{upload_id}", summary="How far an upload has come", operation_id="tusOffset")
def head(request: Request, upload_id: str, who: Sender, services: Needs) -> Response:
    """Upload-Offset is durable."""
    _speaks(request)
    upload = find(services, who, upload_id)
    told = {"Upload-Offset": str(upload.offset), "Cache-Control": "no-store", **_expiry(upload)}
    if upload.length is not None:
        told["Upload-Length"] = str(upload.length)
    return _answer(200, told)


@router.get("/{upload_id}", summary="What became of an upload", operation_id="tusOutcome")
def outcome(upload_id: str, who: Sender, services: Needs) -> dict[str, Any]:
    """The outcome of each file in it, once it is whole."""
    upload = find(services, who, upload_id)
    return {
        "id": upload.id,
        "state": upload.state,
        "offset": upload.offset,
        "length": upload.length,
        "expires_at": upload.expires_at,
        "outcome": upload.outcome or None,
    }


@router.patch("/{upload_id}", summary="Send the next bytes", operation_id="tusAppend")
async def patch(request: Request, upload_id: str, who: Sender, services: Needs) -> Response:
    """Upload-Offset must be the durable one; Upload-Checksum is verified before it moves."""
    _speaks(request)
    if request.headers.get("content-type") != OFFSET_TYPE:
        raise UnsupportedMedia(f"Send the bytes as {OFFSET_TYPE}.")
    upload = await run_in_threadpool(find, services, who, upload_id)
    if _number(request, "upload-offset") != upload.offset:
        raise OffsetMismatch("Ask for the offset with HEAD, then go on from there.")
    if upload.state != "open":
        raise OffsetMismatch("This upload is complete.")
    offset, state = await _append(request, services, who, upload)
    return _answer(204, {"Upload-Offset": str(offset), "Fada-Outcome": state, **_expiry(upload)})


@router.delete("/{upload_id}", summary="Give an upload up", operation_id="tusTerminate")
def terminate(request: Request, upload_id: str, who: Sender, services: Needs) -> Response:
    """Its bytes are removed at once. What the intake took already stays."""
    _speaks(request)
    upload = find(services, who, upload_id)
    with services.index.begin() as tx:
        tx.uploads.delete(who.site, upload.id)
    _parts(services).remove(upload.id)
    return _answer(204, {})


def find(services: Services, who: Principal, upload_id: str) -> Upload:
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
    """Write the body at the durable offset; (offset, state) when it ended."""
    assert upload.length is not None
    checksum = _checksum(request.headers.get("upload-checksum", ""))
    with _parts(services).open(upload.id) as part:
        # Another request may have moved it before we had the lock.
        now = await run_in_threadpool(find, services, who, upload.id)
        if now.offset != upload.offset or now.state != "open":
            raise OffsetMismatch("Ask for the offset with HEAD, then go on from there.")
        part.start(upload.offset)
        pen = Pen(services, who.site, upload.id, part, upload.length, upload.offset, checksum)
        try:
            async for piece in request.stream():
                await run_in_threadpool(pen.write, piece)
        except (ClientDisconnect, SlowRequest):
            await run_in_threadpool(pen.rescue)
            raise
        await run_in_threadpool(pen.verify)
        if part.at < upload.length:
            await run_in_threadpool(pen.checkpoint)
            return pen.durable, "open"
        state, told = await run_in_threadpool(
            completion.land,
            services,
            who,
            _parts(services),
            upload,
            part,
            request_id(request),
        )
        await run_in_threadpool(pen.complete, state, told)
    await run_in_threadpool(_parts(services).remove, upload.id)
    return upload.length, state


@dataclass(slots=True)
class Pen:
    """Writes one PATCH. With a checksum nothing counts before it is verified."""

    services: Services
    site: str
    upload_id: str
    part: Partial
    length: int
    durable: int
    checksum: tuple[str, bytes] | None
    _hash: Any = None

    def write(self, piece: bytes) -> None:
        if self.part.at + len(piece) > self.length:
            raise TooLarge("More bytes came than Upload-Length says.")
        self.part.write(piece)
        if self.checksum is not None:
            if self._hash is None:
                self._hash = hashlib.new(self.checksum[0], usedforsecurity=False)
            self._hash.update(piece)
        elif self.part.at - self.durable >= CHECKPOINT and self.part.at < self.length:
            self.checkpoint()

    def verify(self) -> None:
        """Raises ChecksumMismatch: the offset did not move."""
        if self.checksum is None:
            return
        digest = self._hash.digest() if self._hash else hashlib.new(self.checksum[0]).digest()
        if not hmac.compare_digest(digest, self.checksum[1]):
            raise ChecksumMismatch("Send these bytes again.")

    def rescue(self) -> None:
        """The line broke: what came so far counts, unless it was to be verified as a whole."""
        if self.checksum is None and self.part.at < self.length:
            self.checkpoint()

    def checkpoint(self) -> None:
        if self.part.at == self.durable:
            return
        self.part.sync()
        with self.services.index.begin() as tx:
            tx.uploads.advance(self.site, self.upload_id, self.durable, self.part.at)
        self.durable = self.part.at

    def complete(self, state: str, outcome: dict[str, Any]) -> None:
        """After the intake: the last bytes count now."""
        with self.services.index.begin() as tx:
            if self.durable != self.length:
                tx.uploads.advance(self.site, self.upload_id, self.durable, self.length)
            tx.uploads.finish(self.site, self.upload_id, state, outcome)


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION, **headers})


def _expiry(upload: Upload) -> dict[str, str]:
    if upload.state != "open":
        return {}
    return {"Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)}


def _speaks(request: Request) -> None:
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
    found: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:
            raise InvalidInput("Upload-Metadata is not base64 of UTF-8 text.") from error
        if "\0" in found[key] or not key.isascii() or len(found) > 32:
            raise InvalidInput("Upload-Metadata is malformed.")
    return found
