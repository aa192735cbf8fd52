"""STOW-RS (PS3.18 section 10.5): DICOM objects in, one outcome each.

200: all stored; 202: some; 409, 400 or 413: none, by the reason that they share; 415: not DICOM.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.dicomweb.direct_route import DirectRoute
from gateway.dicomweb.responses import JSON, base_url, store_response
from gateway.http.params import Sender, StudyUid
from gateway.http.request_logging import request_id
from gateway.ingest.service import IngestOutcome
from gateway.ingest.spool import RequestFiles, SpooledFile, SpoolWriter
from services.domain.dicom.values import parse_uid
from services.domain.errors import (
    FadaError,
    IncompleteBody,
    InvalidInput,
    TooLarge,
    UnsupportedMedia,
)
from services.domain.study import IngestSource, Principal

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"], route_class=DirectRoute)
DICOM = "application/dicom"
MAX_PARTS = 5000
MAX_BOUNDARY = 128  # RFC 2046 section 5.1.1 allows 70 characters; Orthanc sends 73
_MAX_HEADERS, _MAX_HEADER = 32, 16 * 1024  # of one part; bytes of one header
_MAX_PREAMBLE = 16 * 1024  # bytes before the first boundary
_BATCH = 1 << 22  # bytes that are hashed and written in one go, off the event loop
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            f'multipart/related; type="{DICOM}"': _BINARY,
            DICOM: _BINARY,
        },
    },
    "responses": {"200": {"description": "All stored", "content": {JSON: {}}}},
}


class StowBody:
    """Spools the objects of a request body as it arrives; an object that is too large fails alone.

    ``request_files`` gets every spooled file, so that the request removes it at its end.
    """

    def __init__(self, services: Services, content_type: str, request_files: RequestFiles) -> None:
        """Raises UnsupportedMedia, InvalidInput."""
        self._request_files = request_files
        self._limit = services.settings.max_instance_bytes
        self._writer: SpoolWriter | None = None
        self._error: FadaError | None = None  # of the part that is being read
        self._headers: dict[str, str] = {}
        self._name = self._value = b""
        self._parts: list[SpooledFile | IngestOutcome] = []
        self._preamble: bytes | None = b""
        self._complete = False
        self._parser: MultipartParser | None = None
        if _is_dicom(content_type):
            self._begin_part(DICOM)
        else:
            self._boundary = boundary_of(content_type)
            self._parser = MultipartParser(
                self._boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._end_part,
                    "on_end": self._on_end,
                },
                max_header_count=_MAX_HEADERS,
                max_header_size=_MAX_HEADER,
            )

    def feed(self, chunks: list[bytes]) -> None:
        """The next bytes of the body. Blocking.

        Raises:
            InvalidInput, TooLarge: the message is malformed, or has too many parts.
            QuotaExceeded, StoreUnavailable: there is no room for it now.
        """
        # Joined: a copy costs less than to wait for Python's lock around each chunk.
        data = b"".join(chunks)
        if self._parser is None:
            self._write(data)
            return
        if self._preamble is not None:
            data = self._after_preamble(data)
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise InvalidInput("The multipart message is malformed.") from error

    def close(self) -> list[SpooledFile | IngestOutcome]:
        """The spooled files, and the outcomes of those that failed, in the order of the parts.

        Raises:
            IncompleteBody: the closing boundary has not come.
            InvalidInput: the body holds no object.
        """
        if self._parser is None:
            self._end_part()
        elif not self._complete:
            raise IncompleteBody("The multipart message ends before its last boundary.")
        if not self._parts:
            raise InvalidInput("The request holds no DICOM object.")
        return self._parts

    def abandon(self) -> None:
        """The request failed: leave no half-written file."""
        if self._writer is not None:
            self._writer.__exit__(None, None, None)

    def _after_preamble(self, data: bytes) -> bytes:
        """What follows the preamble (RFC 2046 section 5.1.1), which the library does not skip."""
        assert self._preamble is not None
        held = self._preamble + data
        delimiter = b"--" + self._boundary
        start = 0 if held.startswith(delimiter) else held.find(b"\r\n" + delimiter)
        if start < 0:
            if len(held) > _MAX_PREAMBLE:
                raise InvalidInput("The multipart message does not begin with its boundary.")
            self._preamble = held
            return b""
        self._preamble = None
        return held[start:] if start else held

    def _on_part_begin(self) -> None:
        if len(self._parts) >= MAX_PARTS:
            raise TooLarge(f"One request may have {MAX_PARTS} parts.")
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name = self._value = b""

    def _on_headers_finished(self) -> None:
        self._begin_part(self._headers.get("content-type", DICOM))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._write(memoryview(data)[start:end])

    def _on_end(self) -> None:
        self._complete = True

    def _begin_part(self, content_type: str) -> None:
        self._writer = self._request_files.writer(self._limit)
        self._error = None
        if not _is_dicom(content_type):
            self._error = UnsupportedMedia("A part is not application/dicom.")

    def _write(self, data: bytes | memoryview) -> None:
        if self._writer is None or self._error is not None:
            return
        try:
            self._writer.write(data)
        except TooLarge as error:
            self._error = error

    def _end_part(self) -> None:
        writer, self._writer = self._writer, None
        assert writer is not None
        with writer:
            if self._error is not None:
                self._parts.append(IngestOutcome("", error=self._error))
                return
            file = writer.finish()
        self._request_files.append(file)
        self._parts.append(file)


def _is_dicom(content_type: str) -> bool:
    return parse_options_header(content_type)[0] == DICOM.encode()


def boundary_of(content_type: str) -> bytes:
    """The boundary of ``multipart/related; type="application/dicom"``.

    Raises:
        UnsupportedMedia: another type, or parts of another type.
        InvalidInput: no boundary, or a malformed one.
    """
    name, parameters = parse_options_header(content_type)
    inner = parameters.get(b"type", DICOM.encode()).lower()
    if name != b"multipart/related" or inner != DICOM.encode():
        raise UnsupportedMedia(f'Send multipart/related; type="{DICOM}".')
    boundary = parameters.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY or not boundary.isascii():
        raise InvalidInput("The multipart boundary is missing or malformed.")
    return boundary


@router.post("/studies", summary="Store objects (STOW-RS)", operation_id="stow",
             openapi_extra=_BODY)  # fmt: skip
async def store(
    request: Request, who: Sender, services: ServicesDep, urgent: Annotated[bool, Query()] = False
) -> Response:
    """Answers with one outcome for each object (PS3.18 section 10.5.3)."""
    return await _store(request, who, services, None, urgent)


@router.post("/studies/{study}", summary="Store objects of one study (STOW-RS)",
             operation_id="stowStudy", openapi_extra=_BODY)  # fmt: skip
async def store_study(
    request: Request,
    study: StudyUid,
    who: Sender,
    services: ServicesDep,
    urgent: Annotated[bool, Query()] = False,
) -> Response:
    """Objects of another study are refused, the others are stored."""
    return await _store(request, who, services, parse_uid(study), urgent)


async def _store(
    request: Request, who: Principal, services: Services, study: str | None, urgent: bool
) -> Response:
    identity = request_id(request)
    room = services.spool_room.holding(who)
    with room as holding, services.spool.request_files(holding) as files:
        await holding.announce(request)
        body = StowBody(services, request.headers.get("content-type", ""), files)
        rest = await _feed(request, body)

        def finish() -> list[IngestOutcome]:
            body.feed(rest)
            return _ingest(services, who, body.close(), study, urgent, identity)

        try:
            outcomes = await run_in_threadpool(finish)
        finally:
            body.abandon()
    return store_response(outcomes, base_url(request))


async def _feed(request: Request, body: StowBody) -> list[bytes]:
    """Feed the body in batches; the chunks of the last one. It is abandoned when a batch fails."""
    working: asyncio.Future[None] | None = None
    chunks: list[bytes] = []
    size = 0
    complete = False
    try:
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size >= _BATCH:  # one batch is hashed and written while the next one arrives
                if working is not None:
                    await working
                working = asyncio.ensure_future(run_in_threadpool(body.feed, chunks))
                chunks, size = [], 0
        if working is not None:
            await working
        complete = True
    finally:
        if working is not None:
            await asyncio.wait([working])
        if not complete:
            body.abandon()
    return chunks


def _ingest(
    services: Services,
    who: Principal,
    parts: list[SpooledFile | IngestOutcome],
    study: str | None,
    urgent: bool,
    identity: str,
) -> list[IngestOutcome]:
    """One outcome for each part: those that failed already keep theirs."""
    outcomes = services.ingest.ingest(
        who,
        [part for part in parts if isinstance(part, SpooledFile)],
        source=IngestSource.STOW,
        urgent=urgent,
        request_id=identity,
        study_uid=study,
    )
    ingested = iter(outcomes)
    return [next(ingested) if isinstance(part, SpooledFile) else part for part in parts]
