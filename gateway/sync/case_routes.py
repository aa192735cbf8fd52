"""Phones: reports first, images later, results back. A case may come twice, late and in pieces."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.audit.reads import gives, reads
from gateway.dependencies import ServicesDep
from gateway.http.params import Sender
from gateway.http.request_logging import request_id
from gateway.ingest.case_form import case_json_schema
from gateway.ingest.case_reports import receive_case
from gateway.representations import examinations as representations
from gateway.representations import serializers
from services.examinations import examination_of
from services.index.port import Case, Transaction

router = APIRouter(prefix="/api/sync", tags=["Phones"])
CaseId = Annotated[uuid.UUID, Path(description="made on the phone (UUIDv7)")]
Number = Annotated[int, Path(ge=1, le=100_000, description="version of the case, from 1")]
_EVENTS = 500


@router.put(
    "/cases/{case_id}/versions/{number}",
    summary="Store a version of a case",
    operation_id="putCase",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": case_json_schema()}},
        }
    },
    responses={
        200: {"description": "The very same bytes were here already."},
        409: {"description": "This version came before with other bytes (``different_bytes``)."},
        410: {"description": "The case was erased at the hub; erase it on the phone."},
    },
)
async def put(
    request: Request, case_id: CaseId, number: Number, who: Sender, services: ServicesDep
) -> JSONResponse:
    """Kilobytes before megabytes: the hub can triage before the images are here."""
    data = await request.body()
    new, answer = await run_in_threadpool(
        receive_case, services.index, services.store, services.ingest.site_room, who,
        str(case_id), number, data, request_id=request_id(request),
    )  # fmt: skip
    return JSONResponse(answer, 201 if new else 200)


@router.get("/cases/{case_id}", summary="Get a case", operation_id="getCase")
def get(
    request: Request,
    case_id: CaseId,
    who: Sender,
    services: ServicesDep,
    version: Annotated[int | None, Query(ge=1, le=100_000)] = None,
) -> dict[str, Any]:
    """Which images are missing, and what the hub has made of it.

    With ``version``, the images that this version names count too.
    """
    with services.index.read() as tx:
        case = tx.cases.get(who, str(case_id))
        study = tx.studies.by_uid(who.site, case.study_uid)
        missing = tx.cases.missing(who.site, case.id, version)
    reads(request, study.id)
    return {
        "case_id": case.id,
        "study_id": study.id,
        "study_uid": study.study_uid,
        "state": study.state.value,
        "missing": missing,
        "latest_version": study.latest_version,
    }


@router.get("/changes", summary="List changed cases", operation_id="changes")
def changes(
    request: Request,
    who: Sender,
    services: ServicesDep,
    cursor: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> dict[str, Any]:
    """Cases of this phone that changed since ``cursor``, with all their versions; keep ``cursor``.

    ``forget``: cases that were erased at the hub. The phone erases its copies and says so.
    """
    with services.index.read() as tx:
        events = tx.events.since(who.site, cursor, limit=_EVENTS)
        items = []
        for study_id in dict.fromkeys(e.study_id for e in events):
            for case in tx.cases.of_study(who.site, study_id):
                if case.owner == who.subject:
                    items.append(_item(tx, who.site, study_id, case))
        forget = tx.erasures.to_forget(who)
    gives(request, len(items))
    last = events[-1].seq if events else cursor
    return {"items": items, "forget": forget, "cursor": last, "more": len(events) == _EVENTS}


@router.delete(
    "/cases/{case_id}",
    summary="Say that a case is forgotten",
    operation_id="forgotCase",
    status_code=204,
)
def forgot(case_id: CaseId, who: Sender, services: ServicesDep) -> Response:
    """The phone has erased its copy of a case that ``changes`` asked it to forget."""
    with services.index.begin() as tx:
        tx.erasures.forgotten(who, str(case_id))
    return Response(status_code=204)


def _item(tx: Transaction, site: str, study_id: str, case: Case) -> dict[str, Any]:
    versions = tx.results.versions(site, study_id)
    study = tx.studies.get(site, study_id)
    whole = examination_of(tx, study)
    return {
        "case_id": case.id,
        "study_id": study_id,
        "state": study.state.value,
        "error_code": study.error_code,
        "comment": whole.facts.values.get("comment") or "",
        "examination": representations.for_the_phone(whole),
        "results": [
            {
                **serializers.result_summary(r),
                "reviewed": r.report.reviewed_by is not None,
                "report": r.report,
            }
            for r in versions
        ],
        "disagreement": serializers.compare_phone_and_hub(versions),
    }
