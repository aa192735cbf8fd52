"""Patients: searched, shown with their pregnancies and examinations, put right; whose a study is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.reads import gives
from gateway.dependencies import ServicesDep
from gateway.http.params import Limit, Reader, RecordId, Sonographer, StudyId, Text
from gateway.http.request_logging import request_id
from gateway.representations import serializers
from services.domain.errors import InvalidInput
from services.domain.examination.history import date_visits, last_period
from services.domain.patient import Identity
from services.index.port import ExaminationRecord

router = APIRouter(prefix="/api", tags=["Patients"])

_LINE = r"^[^\x00-\x1f\x7f\\]*$"
Number = Annotated[str, Field(min_length=1, max_length=64, pattern=_LINE)]
Name = Annotated[str, Field(max_length=200, pattern=_LINE, description="DICOM PN: Family^Given")]
Reason = Annotated[
    str, Field(min_length=1, max_length=400, pattern=_LINE, description="for the audit")
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Correction(_Strict):
    """What is left out stays as it is."""

    number: Number | None = None
    name: Name | None = None
    birth_date: date | None = None
    reason: Reason


class OtherPatient(_Strict):
    """The patient of this number; name and birth date are needed for a new one alone."""

    number: Number
    name: Name = ""
    birth_date: date | None = None
    reason: Reason


class IdentityDecision(_Strict):
    """``keep_record``: the same woman, as she is recorded. ``take_new``: the same, as she came now.
    ``other_patient``: another woman, of ``number``."""

    decision: Literal["keep_record", "take_new", "other_patient"]
    number: Number | None = None


class PregnancyChoice(_Strict):
    """One of the patient's pregnancies, or ``new``."""

    pregnancy_id: str = Field(max_length=36, pattern=r"^(new|[0-9a-f-]{36})$")


@router.get("/patients", summary="Search for patients", operation_id="findPatients")
def find(
    request: Request,
    who: Reader,
    services: ServicesDep,
    q: Text = "",
    limit: Limit = 50,
    cursor: Annotated[str, Query(max_length=36, pattern=r"^[0-9a-f-]*$")] = "",
) -> dict[str, Any]:
    """By words of name or number, in any script; newest first. ``cursor`` of an answer gives the next
    page; null: there is none.
    """
    with services.index.read() as tx:
        patients = tx.patients.find(who.site, q, limit=limit + 1, cursor=cursor)
    more = len(patients) > limit
    items = patients[:limit]
    gives(request, len(items))
    return {
        "items": [serializers.patient(one) for one in items],
        "cursor": items[-1].id if more else None,
    }


@router.get("/patients/{patient_id}", summary="Get a patient", operation_id="getPatient")
def get(patient_id: RecordId, who: Reader, services: ServicesDep) -> dict[str, Any]:
    """With her pregnancies and their examinations, newest first; withdrawn studies say so."""
    with services.index.read() as tx:
        patient = tx.patients.get(who.site, patient_id)
        groups = tx.patients.pregnancies(who.site, patient_id)
    return {
        **serializers.patient(patient),
        "pregnancies": [_pregnancy(pregnancy_id, members) for pregnancy_id, members in groups],
    }


@router.patch("/patients/{patient_id}", summary="Correct a patient", operation_id="correctPatient")
def correct(
    patient_id: RecordId, body: Correction, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """In the record and in all her studies: worklist, retrieval and reports say it from now on, and
    results that went out are sent again with it. The stored objects stay as they came.
    """
    given = body.model_dump(mode="json", exclude_none=True, exclude={"reason"})
    changes = {name: str(value).strip() for name, value in given.items()}
    if not changes:
        raise InvalidInput("Give number, name or birth_date.")
    with services.index.begin() as tx:
        patient = tx.identities.correct(who, patient_id, changes, body.reason)
    services.ingest.dispatcher.wake()
    return serializers.patient(patient)


@router.post(
    "/studies/{study_id}/patient",
    summary="Move a study to another patient",
    operation_id="movePatient",
)
def move(
    study_id: StudyId, body: OtherPatient, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """The patient of this number, made now if there is none."""
    born = body.birth_date.isoformat() if body.birth_date else ""
    identity = Identity(body.number.strip(), body.name.strip(), born)
    with services.index.begin() as tx:
        tx.identities.move(who, study_id, identity, body.reason)
        row = tx.studies.get(who.site, study_id)
    services.ingest.dispatcher.wake()
    return serializers.study(row)


@router.post(
    "/studies/{study_id}/pregnancy",
    summary="Set a study's pregnancy",
    operation_id="setPregnancy",
)
def set_pregnancy(
    study_id: StudyId, body: PregnancyChoice, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """One of her pregnancies, or a new one; dating and centiles follow it."""
    chosen = None if body.pregnancy_id == "new" else body.pregnancy_id
    with services.index.begin() as tx:
        pregnancy_id = tx.identities.set_pregnancy(who, study_id, chosen)
    return {"study_id": study_id, "pregnancy_id": pregnancy_id}


@router.post(
    "/studies/{study_id}/identity",
    summary="Decide whose a study is",
    operation_id="decideIdentity",
    responses={409: {"description": "Nothing to decide, or the number is another woman's."}},
)
def decide(
    study_id: StudyId,
    body: IdentityDecision,
    who: Sonographer,
    services: ServicesDep,
    request: Request,
) -> dict[str, Any]:
    """Ends the clash of a study that came with another name, birth date or number than is recorded.
    Until then nothing of it is sent out; then what was held back is.
    """
    with services.index.begin() as tx:
        tx.identities.decide(who, study_id, body.decision, body.number, request_id(request))
        row = tx.studies.get(who.site, study_id)
    services.ingest.dispatcher.wake()
    return serializers.study(row)


def _pregnancy(pregnancy_id: str, members: list[ExaminationRecord]) -> dict[str, Any]:
    visits = [one.visit for one in members if one.study.withdrawn_at is None]
    dating = date_visits(visits)
    return {
        "id": pregnancy_id or None,
        "last_period": last_period(visits),
        "dating": dating,
        "examinations": [
            {
                "study": serializers.study(one.study),
                "day": one.visit.day,
                "ga_days": dating.age_on(one.visit.day) if dating and one.visit.day else None,
                "mm": one.visit.biometry.mm,
                "grams": one.visit.biometry.grams,
                "plane": one.study.plane,
                "state": one.study.state.value,
            }
            for one in members
        ],
    }
