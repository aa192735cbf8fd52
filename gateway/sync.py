"""Phones: reports first, images later, results back. A case may come twice, late and in pieces."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from gateway import cases, results, shapes
from gateway.cases import Case, Picture
from gateway.observe import request_id
from gateway.params import Sender
from gateway.reception import case_sop_uid, case_study_uid
from gateway.services import Needs, Services
from services.domain.errors import InvalidInput
from services.domain.priority import Need, need
from services.domain.report import Origin, Report
from services.domain.review import disagreements
from services.domain.study import Door, Principal, Role, parse_uid
from services.index.port import Artefact, Study, Transaction
from services.reading import document

router = APIRouter(prefix="/api/sync", tags=["Phones"])
CaseId = Annotated[uuid.UUID, Path(description="made on the phone (UUIDv7)")]
Number = Annotated[int, Path(ge=1, le=100_000, description="version of the case, from 1")]
_PLAIN = r"^[^\x00-\x1f\x7f\\]*$"
_EVENTS = 500


class PictureIn(BaseModel):
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=2**40)
    media_type: str = Field(default="", max_length=100)


class CaseIn(BaseModel):
    """``pixel_mm``: by the phone's scale bar. ``study_uid``: of DICOM images that have one."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "urgent": False,
                "pictures": [{"sha256": "0" * 64, "size": 43210, "media_type": "image/png"}],
                "pixel_mm": None,
                "report": None,
            }
        }
    )

    urgent: bool = False
    pictures: list[PictureIn] = Field(default_factory=list, max_length=200)
    pixel_mm: tuple[float, float] | None = None
    study_uid: str = Field(default="", max_length=64)
    report: dict[str, Any] | None = None
    patient_name: str = Field(default="", max_length=64, pattern=_PLAIN)
    patient_id: str = Field(default="", max_length=64, pattern=_PLAIN)
    study_date: date | None = None
    last_period: date | None = None


@router.put(
    "/cases/{case_id}/versions/{number}",
    summary="A case's report",
    operation_id="putCase",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": CaseIn.model_json_schema()}},
        }
    },
    responses={
        200: {"description": "The very same bytes were here already."},
        409: {"description": "This version came before with other bytes (``different_bytes``)."},
    },
)
async def put(
    request: Request, case_id: CaseId, number: Number, who: Sender, services: Needs
) -> JSONResponse:
    """Kilobytes before megabytes: the hub can triage before the images are here."""
    data = await request.body()
    told = _parsed(data)
    new, answer = await run_in_threadpool(
        _put, services, who, str(case_id), number, data, told, request_id(request)
    )
    return JSONResponse(answer, 201 if new else 200)


@router.get("/cases/{case_id}", summary="How a case fares", operation_id="getCase")
def get(case_id: CaseId, who: Sender, services: Needs) -> dict[str, Any]:
    """Which images are missing, and what the hub has made of it."""
    with services.index.read() as tx:
        case = cases.own(tx, who, str(case_id))
        study = tx.studies.by_uid(who.site, case.study_uid)
        missing = cases.missing(tx, who.site, case)
    return {
        "case_id": case.id,
        "study_id": study.id,
        "study_uid": study.study_uid,
        "state": study.state.value,
        "missing": missing,
        "latest_version": study.latest_version,
    }


@router.get("/changes", summary="What came back", operation_id="changes")
def changes(
    who: Sender,
    services: Needs,
    cursor: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> dict[str, Any]:
    """Cases of this phone that changed since ``cursor``, with all their versions; keep ``cursor``."""
    with services.index.read() as tx:
        events = tx.events.since(who.site, cursor, limit=_EVENTS)
        items = []
        for study_id in dict.fromkeys(e.study_id for e in events):
            case = cases.of_study(tx, who.site, study_id)
            if case is not None and case.owner == who.subject:
                items.append(_item(tx, who.site, study_id, case))
    last = events[-1].seq if events else cursor
    return {"items": items, "cursor": last, "more": len(events) == _EVENTS}


def _item(tx: Transaction, site: str, study_id: str, case: Case) -> dict[str, Any]:
    found = tx.results.versions(site, study_id)
    study = tx.studies.get(site, study_id)
    return {
        "case_id": case.id,
        "study_id": study_id,
        "state": study.state.value,
        "error_code": study.error_code,
        "results": [
            {
                **shapes.summary(r),
                "reviewed": r.report.reviewed_by is not None,
                "report": r.report,
            }
            for r in found
        ],
        "disagreement": results.compare(found),
    }


def _parsed(data: bytes) -> CaseIn:
    """Raises InvalidInput; nothing of the content is echoed."""
    try:
        told = CaseIn.model_validate_json(data)
    except ValidationError as error:
        field = ".".join(str(p) for p in error.errors()[0]["loc"])
        raise InvalidInput(f"The case is malformed at {field[:80]!r}.") from error
    if told.study_uid:
        parse_uid(told.study_uid)
    if told.pixel_mm and not all(0.005 <= v <= 5.0 for v in told.pixel_mm):
        raise InvalidInput("A pixel is between 0.005 and 5 mm wide.")
    return told


def _put(
    services: Services,
    who: Principal,
    case_id: str,
    number: int,
    data: bytes,
    told: CaseIn,
    identity: str,
) -> tuple[bool, dict[str, Any]]:
    digest = hashlib.sha256(data).hexdigest()
    case = _case(who, case_id, told)
    report = _report(told, case)
    artefacts = []
    if report is not None:
        stored = services.store.put(who.site, data, "application/json")
        artefacts = [
            Artefact("report", stored.sha256, "application/json", stored.size, "", 0, "as sent")
        ]
    with services.index.begin() as tx:
        # Locks the study, so that the same case sent twice at once comes one after the other.
        tx.studies.receive(
            who, case.study_uid, _attributes(case, told), [],
            door=Door.PHONE, urgent=told.urgent, request_id=identity,
        )  # fmt: skip
        study = tx.studies.by_uid(who.site, case.study_uid)
        case = cases.open_case(tx, who.site, case)
        known = cases.version(tx, who.site, case_id, number, digest)
        became = known if known is not None else 0
        if known is None:
            if told.urgent and not study.urgent:
                tx.studies.set_urgent(who, study.id, True)
                study = tx.studies.get(who.site, study.id)
            cases.link(tx, who.site, study.id, case_id)
            if report is not None:
                became = _add(tx, who, study, report, artefacts)
            cases.keep_version(tx, who.site, case_id, number, digest, became)
            _seen(tx, who, report)
        also = tuple(p.sha256 for p in told.pictures)
        missing = cases.missing(tx, who.site, case, also)
    return known is None, {
        "case_id": case_id,
        "study_id": study.id,
        "study_uid": study.study_uid,
        "version": number,
        "result_version": became or None,
        "missing": missing,
    }


def _add(
    tx: Transaction, who: Principal, study: Study, report: Report, artefacts: list[Artefact]
) -> int:
    versions = tx.results.versions(who.site, study.id)
    place = _need(study, report, [r.report for r in versions if r.origin is Origin.HUB])
    reviewed = any(r.report.reviewed_by is not None for r in versions)
    added = tx.results.add(
        who,
        study.id,
        report,
        artefacts,
        origin=Origin.PHONE,
        based_on=None,
        score=None if reviewed else place.score,
        reasons=None if reviewed else place.reasons,
    )
    return added.version


def _need(study: Study, report: Report, hub: list[Report]) -> Need:
    """Where the case stands before the hub has read it, or beside what the hub read."""
    differ = bool(hub) and bool(disagreements(report, hub[-1]))
    best = report.best
    doubt = 1.0 - best.plane.confidence if best is not None and best.plane else 1.0
    return need(urgent=study.urgent, disagreement=differ, uncertainty=doubt)


def _case(who: Principal, case_id: str, told: CaseIn) -> Case:
    return Case(
        id=case_id,
        owner=who.subject,
        study_uid=told.study_uid or case_study_uid(case_id),
        pictures=tuple(Picture(p.sha256, p.size, p.media_type) for p in told.pictures),
        urgent=told.urgent,
        pixel_mm=told.pixel_mm,
        subject={
            "patient_name": told.patient_name,
            "patient_id": told.patient_id,
            "study_date": told.study_date.strftime("%Y%m%d") if told.study_date else "",
        },
    )


def _report(told: CaseIn, case: Case) -> Report | None:
    """The phone's report under the hub's names. A phone cannot say that somebody reviewed it.

    Raises InvalidInput.
    """
    if told.report is None:
        return None
    try:
        report = document.load(json.dumps(told.report, allow_nan=False))
        report = document.load(document.dump(report))  # what is kept must be readable again
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The report is not of the form that this hub knows.") from error
    pictures = [p.sha256 for p in told.pictures]
    frames = []
    for reading in report.frames:
        # A phone that knows no UIDs names its case and counts its pictures.
        if reading.sop_uid in ("", case.id) and 1 <= reading.frame <= len(pictures):
            uid = case_sop_uid(case.id, pictures[reading.frame - 1])
            reading = replace(
                reading, series_uid=case_sop_uid(case.id, "series"), sop_uid=uid, frame=1
            )
        frames.append(reading)
    return replace(
        report,
        study_uid=case.study_uid,
        origin=Origin.PHONE,
        frames=tuple(frames),
        reviewed_by=None,
        reviewed_at=None,
    )


def _attributes(case: Case, told: CaseIn) -> dict[str, Any]:
    """DICOM JSON of the study, from what the phone knows."""
    found: dict[str, Any] = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "0020000D": {"vr": "UI", "Value": [case.study_uid]},
    }
    if told.patient_name:
        found["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": told.patient_name}]}
    for tag, vr, value in (
        ("00100020", "LO", told.patient_id),
        ("00080020", "DA", case.subject["study_date"]),
        ("001021D0", "DA", told.last_period.strftime("%Y%m%d") if told.last_period else ""),
    ):
        if value:
            found[tag] = {"vr": vr, "Value": [value]}
    return found


def _seen(tx: Transaction, who: Principal, report: Report | None) -> None:
    if who.role is Role.DEVICE and who.subject.startswith("device:") and report is not None:
        release = f"{report.release.name}-{report.release.version}"
        tx.devices.seen(who.subject.partition(":")[2], release[:100])
