"""Erasure of women and studies, its certificates, and how long a site keeps its studies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Limit, Manager, RecordId, StudyId
from services import certificates
from services.domain.errors import Conflict
from services.index.port import Erasure, Retention, Transaction
from services.storage.disks import disks

router = APIRouter(prefix="/api", tags=["Operations"])
_LINE = r"^[^\x00-\x1f\x7f]*$"
Days = Annotated[int | None, Field(ge=1, le=36_500, description="null: never")]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=400, pattern=_LINE, description="kept: no name, no number"),
]


class StudyErasure(BaseModel):
    """Why a study is erased; kept with the certificate, so it must not name the woman."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason


class PatientErasure(StudyErasure):
    """``number``: the patient's own, so that no other woman is erased by mistake."""

    number: str = Field(min_length=1, max_length=64)


class RetentionIn(BaseModel):
    """Days since a study was received (since it was withdrawn), after which it is erased."""

    model_config = ConfigDict(extra="forbid")
    reviewed_days: Days
    withdrawn_days: Days


@router.post(
    "/patients/{patient_id}/erasure",
    summary="Erase a patient",
    operation_id="erasePatient",
    status_code=202,
    responses={409: {"description": "Another number, or a study is being read just now."}},
)
def erase_patient(
    patient_id: RecordId, body: PatientErasure, who: Manager, services: ServicesDep
) -> dict[str, Any]:
    """Her record and all her studies, at once and for good; the objects leave the store within a minute,
    phones are asked to forget their copies. The audit trail, which names nobody, stays.
    """
    with services.index.begin() as tx:
        if tx.patients.get(who.site, patient_id).number != body.number.strip():
            raise Conflict("The patient has another number. Look again whom you erase.")
        made = tx.erasures.of_patient(who, patient_id, body.reason)
        return _erasure(tx, made)


@router.post(
    "/studies/{study_id}/erasure",
    summary="Erase a study",
    operation_id="eraseStudy",
    status_code=202,
    responses={409: {"description": "It is being read just now."}},
)
def erase_study(
    study_id: StudyId, body: StudyErasure, who: Manager, services: ServicesDep
) -> dict[str, Any]:
    """With its images, results and all that is known of it, for good. To hide it: withdraw it."""
    with services.index.begin() as tx:
        return _erasure(tx, tx.erasures.of_study(who, study_id, body.reason))


@router.get("/erasures", summary="List erasures", operation_id="listErasures")
def find(who: Manager, services: ServicesDep, limit: Limit = 100) -> dict[str, Any]:
    """Newest first."""
    with services.index.read() as tx:
        return {"items": [_erasure(tx, one) for one in tx.erasures.find(who.site, limit)]}


@router.get(
    "/erasures/{erasure_id}/certificate",
    summary="Get a certificate of erasure",
    operation_id="erasureCertificate",
)
def certificate(erasure_id: RecordId, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """What was removed and what is left to do outside, as it stands now, signed by the hub (Ed25519 over
    canonical JSON, RFC 8785). It holds ids and counts, no patient data.
    """
    with services.index.begin() as tx:  # the index's identity is made when it is first asked for
        made, hub = tx.erasures.get(who.site, erasure_id), tx.objects.identity()
        statement = {
            "type": "fada.erasure.1",
            "hub": hub,
            "issued_at": datetime.now(UTC),
            **_erasure(tx, made),
        }
    return certificates.sign(services.settings, statement)


@router.get("/retention", summary="Get retention", operation_id="retention")
def retention(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """How long the site keeps studies that a person signed or withdrew, and how full the disks are."""
    with services.index.read() as tx:
        return _retention(tx.erasures.retention(who.site), services)


@router.put("/retention", summary="Set retention", operation_id="setRetention")
def set_retention(body: RetentionIn, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """A study without a person's signature is never erased by its age."""
    with services.index.begin() as tx:
        kept = tx.erasures.set_retention(who, body.reviewed_days, body.withdrawn_days)
    return _retention(kept, services)


def _erasure(tx: Transaction, one: Erasure) -> dict[str, Any]:
    names = {f"device:{device.id}": device.name for device in tx.devices.find(one.site)}
    return {
        "id": one.id,
        "site": one.site,
        "kind": one.kind,
        "subject": one.subject,
        "by": one.actor,
        "reason": one.reason,
        "asked_at": one.asked_at,
        "finished_at": one.finished_at,
        "studies": list(one.studies),
        "removed": one.removed,
        "objects": {"all": one.objects, "waiting": one.waiting, "shared": one.shared},
        "receivers": list(one.receivers),
        "phones": [
            {"name": names.get(owner, owner), "cases": asked, "forgotten": done}
            for owner, asked, done in one.phones
        ],
    }


def _retention(kept: Retention, services: Services) -> dict[str, Any]:
    given = services.settings
    return {
        "reviewed_days": kept.reviewed_days,
        "withdrawn_days": kept.withdrawn_days,
        "changed_by": kept.actor or None,
        "changed_at": kept.changed_at,
        "disks": [{"place": one.place, "size": one.size, "free": one.free} for one in disks(given)],
        "warn_share": given.disk_warn_share,
        "refuse_share": given.disk_refuse_share,
    }
