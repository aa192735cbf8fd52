"""Phones: reports first, images later, results back. A case may come twice, late and in pieces."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Sender
from gateway.http.request_logging import request_id
from gateway.representations import serializers
from gateway.sync.schemas import (
    CaseIn,
    case_json_schema,
    case_of,
    parse_case,
    report_of,
    study_attributes,
)
from services.domain.biometry import age_by_last_period
from services.domain.report import Origin, Report
from services.domain.study import IngestSource, Principal, Role
from services.domain.triage import triage_readings
from services.index.port import Artefact, Case, CaseVersion, Study, Transaction
from services.reading import report_json

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
    },
)
async def put(
    request: Request, case_id: CaseId, number: Number, who: Sender, services: ServicesDep
) -> JSONResponse:
    """Kilobytes before megabytes: the hub can triage before the images are here."""
    data = await request.body()
    sent = parse_case(data)
    digest = hashlib.sha256(data).hexdigest()
    new, answer = await run_in_threadpool(
        _receive, services, who, str(case_id), number, digest, sent, request_id(request)
    )
    return JSONResponse(answer, 201 if new else 200)


@router.get("/cases/{case_id}", summary="Get a case", operation_id="getCase")
def get(
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
    who: Sender,
    services: ServicesDep,
    cursor: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> dict[str, Any]:
    """Cases of this phone that changed since ``cursor``, with all their versions; keep ``cursor``."""
    with services.index.read() as tx:
        events = tx.events.since(who.site, cursor, limit=_EVENTS)
        items = []
        for study_id in dict.fromkeys(e.study_id for e in events):
            for case in tx.cases.of_study(who.site, study_id):
                if case.owner == who.subject:
                    items.append(_item(tx, who.site, study_id, case))
    last = events[-1].seq if events else cursor
    return {"items": items, "cursor": last, "more": len(events) == _EVENTS}


def _item(tx: Transaction, site: str, study_id: str, case: Case) -> dict[str, Any]:
    versions = tx.results.versions(site, study_id)
    study = tx.studies.get(site, study_id)
    return {
        "case_id": case.id,
        "study_id": study_id,
        "state": study.state.value,
        "error_code": study.error_code,
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


def _receive(
    services: Services,
    who: Principal,
    case_id: str,
    number: int,
    digest: str,
    sent: CaseIn,
    identity: str,
) -> tuple[bool, dict[str, Any]]:
    """Object first, then one transaction; (whether the version is new, the answer)."""
    case = case_of(who, case_id, sent)
    report = report_of(sent, case)
    artefacts = []
    if report is not None:
        stored = services.store.put(who.site, report_json.dump(report), "application/json")
        artefacts = [Artefact("report", stored.sha256, "application/json", stored.size)]
    with services.index.begin() as tx:
        # Locks the study, so that the same case sent twice at once comes one after the other.
        tx.studies.receive(
            who, case.study_uid, study_attributes(case, sent), [],
            source=IngestSource.PHONE, urgent=sent.urgent, request_id=identity,
        )  # fmt: skip
        study = tx.studies.by_uid(who.site, case.study_uid)
        tx.cases.open(who.site, case)
        version = tx.cases.known_version(who.site, case_id, number, digest)
        new = version is None
        if version is None:
            became = _add_result(tx, who, study, sent.urgent, report, artefacts)
            version = CaseVersion(number, study.id, digest, case.pictures, became)
            tx.cases.add_version(who.site, case_id, version)
        missing = tx.cases.missing(who.site, case_id, number)
    return new, {
        "case_id": case_id,
        "study_id": study.id,
        "study_uid": study.study_uid,
        "version": number,
        "result_version": version.result_version or None,
        "missing": missing,
    }


def _add_result(
    tx: Transaction,
    who: Principal,
    study: Study,
    urgent: bool,
    report: Report | None,
    artefacts: list[Artefact],
) -> int:
    """The version that the report became among the study's results; 0 without one."""
    if urgent and not study.urgent:
        tx.studies.set_urgent(who, study.id, True)
        study = tx.studies.get(who.site, study.id)
    if report is None:
        return 0
    _note_release(tx, who, report)
    versions = tx.results.versions(who.site, study.id)
    triaged = triage_readings(
        urgent=study.urgent,
        hub=next((r.report for r in reversed(versions) if r.origin is Origin.HUB), None),
        phone=report,
        lmp_days=age_by_last_period(study.attributes),
    )
    added = tx.results.add(
        who,
        study.id,
        report,
        artefacts,
        origin=Origin.PHONE,
        based_on=None,
        score=triaged.score,
        reasons=triaged.reasons,
    )
    return added.version


def _note_release(tx: Transaction, who: Principal, report: Report) -> None:
    """Which release the phone runs, for the hub's list of phones."""
    if who.role is Role.DEVICE and who.subject.startswith("device:"):
        release = f"{report.release.name}-{report.release.version}"
        tx.devices.seen(who.subject.partition(":")[2], release[:100])
