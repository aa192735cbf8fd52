"""STOW-RS (PS3.18 section 10.5): DICOM objects in, one outcome each.

200: all stored; 202: some; 409, 400 or 413: none, by the reason that they share; 415: not DICOM.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.dependencies import Needs, Outcome, Services
from gateway.dicomweb import multipart
from gateway.dicomweb.addresses import (
    StudyUid,
    base,
    instance_address,
    retrieve_url,
    study_address,
)
from gateway.http.params import Sender
from gateway.http.request_logging import request_id
from gateway.ingest.spool import Spooled, Writer
from services.domain.errors import FadaError, InvalidInput, TooLarge, UnsupportedMedia
from services.domain.study import IngestSource, Principal, parse_uid

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"])
DICOM = "application/dicom"
JSON = "application/dicom+json"
_BATCH = 1 << 22  # bytes that are hashed and written in one go, off the event loop
# PS3.4 table GG.4-2 and PS3.7 annex C
_REASONS = {
    "different_bytes": 0x0111,
    "unsupported_object": 0x0122,
    "too_large": 0xA700,
    "study_mismatch": 0xA900,
}
_CANNOT_UNDERSTAND = 0xC000
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            'multipart/related; type="application/dicom"': {
                "schema": {"type": "string", "format": "binary"}
            },
            DICOM: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "responses": {"200": {"description": "All stored", "content": {JSON: {}}}},
}


class Collector:
    """Takes the body as it comes and spools each part; a part that is too large ends alone."""

    def __init__(self, services: Services, content_type: str, basket: list[Spooled]) -> None:
        self._services, self._basket = services, basket
        media = multipart.media_type(content_type)
        self._reader: multipart.Reader | None = None
        self._writer: Writer | None = None
        self._fault: FadaError | None = None
        self.found: list[Spooled | Outcome] = []
        if media.name != DICOM:
            self._reader = multipart.Reader(multipart.boundary_of(content_type, DICOM))
        else:
            self._begin(DICOM)

    def feed(self, pieces: list[bytes]) -> None:
        """Blocking. Joined: a copy costs less than to wait for Python's lock around each of them."""
        piece = b"".join(pieces)
        if self._reader is None:
            self._write(piece)
            return
        for event in self._reader.feed(piece):
            if isinstance(event, multipart.Data):
                self._write(event.data)
            elif isinstance(event, multipart.End):
                self._end()
            else:
                self._begin(event.headers.get("content-type", DICOM))

    def close(self) -> list[Spooled | Outcome]:
        """What came. Raises IncompleteBody, InvalidInput (nothing came)."""
        if self._reader is None:
            self._end()
        else:
            self._reader.close()
        if not self.found:
            raise InvalidInput("The request holds no DICOM object.")
        return self.found

    def abandon(self) -> None:
        """The request failed: leave no half-written file."""
        if self._writer is not None:
            self._writer.__exit__(None, None, None)

    def _begin(self, content_type: str) -> None:
        self._writer = self._services.spool.writer(self._services.settings.max_instance_bytes)
        self._fault = None
        if multipart.media_type(content_type).name != DICOM:
            self._fault = UnsupportedMedia("A part is not application/dicom.")

    def _write(self, piece: bytes | memoryview) -> None:
        if self._writer is None or self._fault is not None:
            return
        try:
            self._writer.write(piece)
        except TooLarge as error:
            self._fault = error

    def _end(self) -> None:
        writer, self._writer = self._writer, None
        assert writer is not None
        with writer:
            if self._fault is not None:
                self.found.append(Outcome("", error=self._fault))
                return
            spooled = writer.finish()
        self._basket.append(spooled)
        self.found.append(spooled)


@router.post("/studies", summary="Store objects (STOW-RS)", operation_id="stow",
             openapi_extra=_BODY)  # fmt: skip
async def store(
    request: Request, who: Sender, services: Needs, urgent: Annotated[bool, Query()] = False
) -> Response:
    """One outcome for each object, as PS3.18 section 10.5.3 has them."""
    return await _store(request, who, services, None, urgent)


@router.post("/studies/{study}", summary="Store objects of one study (STOW-RS)",
             operation_id="stowStudy", openapi_extra=_BODY)  # fmt: skip
async def store_study(
    request: Request,
    study: StudyUid,
    who: Sender,
    services: Needs,
    urgent: Annotated[bool, Query()] = False,
) -> Response:
    """Objects of another study are refused, the others stored."""
    return await _store(request, who, services, parse_uid(study), urgent)


async def _store(
    request: Request, who: Principal, services: Services, study: str | None, urgent: bool
) -> Response:
    identity = request_id(request)
    with services.spool.basket() as basket:
        collector = Collector(services, request.headers.get("content-type", ""), basket)
        working: asyncio.Future[None] | None = None
        try:
            held: list[bytes] = []
            size = 0
            async for piece in request.stream():
                held.append(piece)
                size += len(piece)
                if size >= _BATCH:  # one batch is hashed and written while the next one comes
                    if working is not None:
                        await working
                    working = asyncio.ensure_future(run_in_threadpool(collector.feed, held))
                    held, size = [], 0
            if working is not None:
                await working

            def finish() -> list[Outcome]:
                collector.feed(held)
                return _take(services, who, collector.close(), study, urgent, identity)

            outcomes = await run_in_threadpool(finish)
        finally:
            if working is not None:
                await asyncio.wait([working])
            collector.abandon()
    return answer(outcomes, base(request))


def _take(
    services: Services,
    who: Principal,
    found: list[Spooled | Outcome],
    study: str | None,
    urgent: bool,
    identity: str,
) -> list[Outcome]:
    files = [f for f in found if isinstance(f, Spooled)]
    taken: Iterator[Outcome] = iter(())
    if files:
        taken = iter(
            services.intake.take(
                who, files, source=IngestSource.STOW, urgent=urgent, request_id=identity, study_uid=study
            )
        )
    return [next(taken) if isinstance(f, Spooled) else f for f in found]


def answer(outcomes: list[Outcome], address: str) -> Response:
    """The Store Instances Response Module (PS3.18 table 10.5.3-2)."""
    stored = [o for o in outcomes if o.error is None]
    failed = [o for o in outcomes if o.error is not None]
    body: dict[str, Any] = {}
    studies = {o.study_uid for o in stored}
    if len(studies) == 1:
        body["00081190"] = retrieve_url(study_address(address, studies.pop()))
    if stored:
        body["00081199"] = {"vr": "SQ", "Value": [_stored(o, address) for o in stored]}
    known = [_failed(o) for o in failed if o.sop_uid]
    unknown = [_failed(o) for o in failed if not o.sop_uid]
    if known:
        body["00081198"] = {"vr": "SQ", "Value": known}
    if unknown:
        body["0008119A"] = {"vr": "SQ", "Value": unknown}
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, _status(stored, failed), media_type=JSON)


def _status(stored: list[Outcome], failed: list[Outcome]) -> int:
    if not failed:
        return 200
    if stored:
        return 202
    shared = {o.error.status for o in failed if o.error and o.error.code != "unsupported_object"}
    shared |= {409 for o in failed if o.error and o.error.code == "unsupported_object"}
    return shared.pop() if len(shared) == 1 else 409


def _stored(outcome: Outcome, address: str) -> dict[str, Any]:
    place = instance_address(address, outcome.study_uid, outcome.series_uid, outcome.sop_uid)
    return {
        "00081150": {"vr": "UI", "Value": [outcome.sop_class]},
        "00081155": {"vr": "UI", "Value": [outcome.sop_uid]},
        "00081190": retrieve_url(place),
    }


def _failed(outcome: Outcome) -> dict[str, Any]:
    assert outcome.error is not None
    code = outcome.error.code
    item: dict[str, Any] = {
        "00081197": {"vr": "US", "Value": [_REASONS.get(code, _CANNOT_UNDERSTAND)]},
        "00000902": {"vr": "LO", "Value": [f"{code}: {outcome.error.detail}"[:64]]},
    }
    if outcome.sop_uid:
        item["00081150"] = {"vr": "UI", "Value": [outcome.sop_class]}
        item["00081155"] = {"vr": "UI", "Value": [outcome.sop_uid]}
    return item
