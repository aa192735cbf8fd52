"""The worklist, single studies and their status."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from gateway.audit.reads import gives
from gateway.dependencies import ServicesDep
from gateway.http.params import (
    Limit,
    Manager,
    Offset,
    Reader,
    ReaderOrDevice,
    Since,
    Sonographer,
    StudyId,
    Text,
    Until,
    parse_states,
)
from gateway.representations import serializers
from gateway.representations.images import CalibrationCache
from services.actors import names_of
from services.domain.calibration import Calibration
from services.domain.errors import Conflict, FadaError
from services.index.port import (
    MOST_COUNTED,
    Instance,
    Job,
    JobState,
    StudyQuery,
    StudyState,
    Transaction,
)

router = APIRouter(prefix="/api/studies", tags=["Studies"])

_ROW: dict[str, Any] = {
    "id": "01930a5e-7c1b-7a55-9a43-0d8c1d5f3a10",
    "study_uid": "2.25.3113579",
    "state": "ready",
    "source": "stow",
    "urgent": False,
    "score": 22.5,
    "reasons": ["low_confidence"],
    "received_at": "2026-01-31T08:15:00Z",
    "waiting_hours": 0.5,
    "instances": 1,
    "latest_version": 1,
    "newest_version": 1,
    "signed_version": None,
    "has_new_version": False,
    "plane": "head",
    "ga_days": 143.4,
    "ga_text": "20w 3d",
    "patient": {"name": "Sample One", "id": "S-1", "birth_date": ""},
    "accession": "",
    "study_date": "2026-01-31",
    "description": "",
    "last_period": None,
    "error_code": "",
    "headline": {"code": "below_3rd", "measure": "AC", "centile": 2.1},
    "claim": None,
    "withdrawn_at": None,
    "patient_id": "01930a5e-7c1b-7a55-9a43-0d8c1d5f3a11",
    "pregnancy_id": "01930a5e-7c1b-7a55-9a43-0d8c1d5f3a12",
}


class Change(BaseModel):
    """A change of a study by a person."""

    urgent: bool


class Withdrawal(BaseModel):
    """Why a study is withdrawn, for the audit."""

    reason: str = Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")


@router.get(
    "",
    summary="List studies",
    operation_id="listStudies",
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "items": [_ROW], "total": 1, "total_is_exact": True, "limit": 100,
                        "offset": 0, "next": None, "cursor": 17,
                    }
                }
            }
        }
    },
)  # fmt: skip
def find(
    request: Request,
    who: Reader,
    services: ServicesDep,
    text: Text = "",
    study_uid: Annotated[
        str | None, Query(max_length=64, pattern=r"^[0-9.]*$", description="Study Instance UID")
    ] = None,
    state: Annotated[str, Query(max_length=80, description="states, comma-separated")] = "",
    urgent: bool | None = None,
    plane: Annotated[str | None, Query(max_length=32, pattern=r"^[a-z_]*$")] = None,
    reason: Annotated[str | None, Query(max_length=32, pattern=r"^[a-z_]*$")] = None,
    received_from: Since = None,
    received_to: Until = None,
    date_from: Annotated[date | None, Query(description="day of the examination or later")] = None,
    date_to: Annotated[date | None, Query(description="day of the examination or earlier")] = None,
    withdrawn: Annotated[bool, Query(description="withdrawn studies alone")] = False,
    order: Annotated[str, Query(pattern="^(need|newest)$")] = "need",
    limit: Limit = 100,
    offset: Offset = 0,
    after: Annotated[
        str | None,
        Query(max_length=36, description="``next`` of the page before, instead of offset"),
    ] = None,
) -> dict[str, Any]:
    """The worklist by priority, or newest first.

    ``headline`` is what each row says first, or null: ``identity_clash``, ``below_3rd`` or ``below_10th``
    with ``measure`` (EFW, AC, HC) and ``centile``, or ``readers_differ`` (hub and phone).
    ``total`` counts to 10,000: with ``total_is_exact`` false there are as many or more. ``next`` is for
    ``after``, which finds the next page at any depth as quickly; null: this is the last one.
    ``cursor`` is the number of the site's last event: stream events from there.
    """
    query = StudyQuery(
        study_uid=study_uid or None,
        states=parse_states(StudyState, state),
        urgent=urgent,
        plane=plane or None,
        reason=reason or None,
        received_from=received_from,
        received_to=received_to,
        day_from=date_from,
        day_to=date_to,
        withdrawn=withdrawn,
        text=text,
        by_need=order == "need",
        limit=limit,
        offset=offset,
        after=after or None,
    )
    with services.index.read() as tx:
        cursor = tx.events.latest(who.site)
        rows = tx.studies.find(who.site, query)
        total = tx.studies.count(who.site, query)
    gives(request, len(rows))
    page = {
        "total": total,
        "total_is_exact": total < MOST_COUNTED,
        "limit": limit,
        "offset": offset,
        "next": rows[-1].id if len(rows) == limit else None,
        "cursor": cursor,
    }
    return {"items": [serializers.study(row) for row in rows], **page}


@router.get("/{study_id}", summary="Get a study", operation_id="getStudy")
def get(study_id: StudyId, who: Reader, services: ServicesDep, request: Request) -> dict[str, Any]:
    """With its instances and their calibration, its jobs and result versions."""
    calibrations: CalibrationCache = request.app.state.calibrations
    with services.index.read() as tx:
        row = tx.studies.get(who.site, study_id)
        instances = tx.studies.instances(who.site, study_uid=row.study_uid, replaced=False)
        jobs = tx.jobs.find(who.site, study_id=study_id)
        results = tx.results.versions(who.site, study_id)
        names = names_of(tx, who.site)
    return {
        **serializers.study(row),
        "instances_list": [
            {**serializers.instance(i), "calibration": _calibration(calibrations, i)}
            for i in instances
        ],
        "jobs": [serializers.job(j) for j in jobs],
        "results": [serializers.result_summary(r, names) for r in results],
    }


def _calibration(cache: CalibrationCache, instance: Instance) -> Calibration | None:
    """The scale of an image; None for other objects and for what cannot be opened now."""
    if instance.frames == 0:
        return None
    try:
        return cache.of(instance)
    except FadaError:
        return None


@router.get("/{study_id}/status", summary="Get a study's status", operation_id="getStatus")
def status(study_id: StudyId, who: ReaderOrDevice, services: ServicesDep) -> dict[str, Any]:
    """State and latest job: a small answer for polling."""
    with services.index.read() as tx:
        row = tx.studies.get(who.site, study_id)
        job = _latest_job(tx, who.site, study_id)
    return {
        "id": row.id,
        "study_uid": row.study_uid,
        "state": row.state.value,
        "urgent": row.urgent,
        "latest_version": row.latest_version,
        "error_code": row.error_code,
        "job": serializers.job(job) if job else None,
    }


@router.patch("/{study_id}", summary="Change a study's urgency", operation_id="changeStudy")
def change(
    study_id: StudyId, body: Change, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """Urgent studies come first, in the worklist and in the queue."""
    with services.index.begin() as tx:
        tx.studies.set_urgent(who, study_id, body.urgent)
        row = tx.studies.get(who.site, study_id)
    return serializers.study(row)


@router.post(
    "/{study_id}/complete",
    summary="Read a study now",
    operation_id="completeStudy",
    status_code=202,
)
def complete(study_id: StudyId, who: Sonographer, services: ServicesDep) -> dict[str, Any]:
    """All of its images are here: do not wait for more. ``job`` is null when nothing waits."""
    with services.index.begin() as tx:
        job_id = tx.studies.complete(who, study_id)
        job = tx.jobs.get(who.site, job_id) if job_id is not None else None
    services.ingest.dispatcher.wake()
    return {"id": study_id, "job": serializers.job(job) if job else None}


@router.post(
    "/{study_id}/run-again",
    summary="Retry a study's dead job",
    operation_id="runAgain",
    status_code=202,
)
def run_again(study_id: StudyId, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """It is queued again; the result versions stay."""
    with services.index.begin() as tx:
        tx.studies.get(who.site, study_id)
        dead = tx.jobs.find(who.site, states=(JobState.DEAD,), study_id=study_id)
        if not dead:
            raise Conflict("No job of this study has failed for good.")
        job = tx.jobs.run_again(who, max(dead, key=lambda j: j.id).id)
    return serializers.job(job)


@router.post("/{study_id}/withdraw", summary="Withdraw a study", operation_id="withdrawStudy")
def withdraw(
    study_id: StudyId, body: Withdrawal, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """It leaves the worklist, QIDO-RS and all deliveries; nothing is deleted, and it can be restored."""
    with services.index.begin() as tx:
        tx.studies.withdraw(who, study_id, body.reason)
        row = tx.studies.get(who.site, study_id)
    return serializers.study(row)


@router.post("/{study_id}/restore", summary="Restore a study", operation_id="restoreStudy")
def restore(study_id: StudyId, who: Sonographer, services: ServicesDep) -> dict[str, Any]:
    """A withdrawn study is back; its latest result is sent again."""
    with services.index.begin() as tx:
        tx.studies.restore(who, study_id)
        row = tx.studies.get(who.site, study_id)
    services.ingest.dispatcher.wake()
    return serializers.study(row)


@router.post("/{study_id}/claim", summary="Claim a case", operation_id="claimStudy")
def claim(study_id: StudyId, who: Sonographer, services: ServicesDep) -> dict[str, Any]:
    """The caller reads this case: others see who, and may read it all the same."""
    with services.index.begin() as tx:
        tx.studies.claim(who, study_id, serializers.display_name(tx, who))
        row = tx.studies.get(who.site, study_id)
    return serializers.study(row)


@router.delete("/{study_id}/claim", summary="Give a case back", operation_id="unclaimStudy")
def unclaim(study_id: StudyId, who: Sonographer, services: ServicesDep) -> dict[str, Any]:
    """Nobody reads this case."""
    with services.index.begin() as tx:
        tx.studies.claim(who, study_id, None)
        row = tx.studies.get(who.site, study_id)
    return serializers.study(row)


def _latest_job(tx: Transaction, site: str, study_id: str) -> Job | None:
    jobs = tx.jobs.find(site, study_id=study_id)
    return max(jobs, key=lambda j: j.id) if jobs else None
