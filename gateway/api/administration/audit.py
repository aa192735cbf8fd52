"""The audit trail: listed, verified against its seals, exported as FHIR AuditEvents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from gateway.audit.seals import seal, seal_key
from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Admin, Manager
from services.actors import names_of
from services.credentials import secrets_of
from services.index.port import AuditEntry

router = APIRouter(prefix="/api/audit", tags=["Operations"])
_PAGE = 1000
# https://hl7.org/fhir/R4/valueset-audit-event-action.html, by the last word of ours
_ACTIONS = {
    "read": "R",
    "searched": "E",
    "opened": "R",
    "created": "C",
    "deleted": "D",
    "sign_in": "E",
}
_REFUSED = "sign_in.refused"


@router.get("", summary="List audit entries", operation_id="audit")
def audit(
    who: Manager,
    services: ServicesDep,
    subject: Annotated[str | None, Query(max_length=64, pattern=r"^[\w:.-]*$")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """Newest first; for the next page give the ``before`` of this one."""
    with services.index.read() as tx:
        entries = tx.audit.find(who.site, subject=subject or None, limit=limit, before=before)
        names = names_of(tx, who.site)
    return {
        "items": [
            {
                "seq": e.seq,
                "at": e.at,
                "actor": e.actor,
                "name": names.get(e.actor, e.actor),
                "action": e.action,
                "subject": e.subject,
                "detail": e.detail,
            }
            for e in entries
        ],
        "before": entries[-1].seq if len(entries) == limit else None,
    }


@router.get("/verify", summary="Verify the audit trail", operation_id="verifyAudit")
def verify(
    _: Admin,
    services: ServicesDep,
    request: Request,
    noted: Annotated[str, Query(pattern=r"^[0-9a-f]{64}$|^$")] = "",
) -> dict[str, Any]:
    """Of the whole hub: whether every sealed entry is as it was written. ``mac`` is the newest seal's.
    The log has each of them: give one as ``noted``, and a trail whose end was cut shows too.
    """
    key, *before = map(seal_key, secrets_of(services.settings))
    request.app.state.access.write()
    seal(services.index, key)
    with services.index.read() as tx:
        verification = tx.audit_seals.verify(key, noted, before=before)
    return {
        "holds": verification.holds,
        "fault": verification.fault or None,
        "entries": verification.entries,
        "seals": verification.seals,
        "unsealed": verification.unsealed,
        "mac": verification.mac,
    }


@router.get("/export", summary="Export the audit trail", operation_id="exportAudit")
def export(who: Manager, services: ServicesDep) -> StreamingResponse:
    """All of the site, newest first: a FHIR R4 AuditEvent a line (the content of IHE ATNA's RESTful
    audit messages).
    """
    headers = {"Content-Disposition": 'attachment; filename="audit.ndjson"'}
    return StreamingResponse(
        _events(services, who.site), media_type="application/fhir+ndjson", headers=headers
    )


def _events(services: Services, site: str) -> Iterator[bytes]:
    with services.index.read() as tx:
        names = names_of(tx, site)
    before: int | None = None
    while True:
        with services.index.read() as tx:
            page = tx.audit.find(site, limit=_PAGE, before=before)
        for entry in page:
            yield json.dumps(audit_event(entry, names), ensure_ascii=False).encode() + b"\n"
        if len(page) < _PAGE:
            return
        before = page[-1].seq


def audit_event(entry: AuditEntry, names: dict[str, str]) -> dict[str, Any]:
    """FHIR R4 AuditEvent; DICOM's codes (PS3.16 CID 400) for the kinds that have one."""
    last = entry.action.rpartition(".")[2]
    signing = entry.action.startswith("sign_in")
    code, display = ("110114", "User Authentication") if signing else ("110112", "Query")
    if not signing and last not in ("read", "searched"):
        code, display = "110110", "Patient Record"
    return {
        "resourceType": "AuditEvent",
        "id": str(entry.seq),
        "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": code,
                 "display": display},
        "subtype": [{"system": "urn:fada:audit", "code": entry.action}],
        "action": _ACTIONS.get(last, "U"),
        "recorded": entry.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "outcome": "4" if entry.action == _REFUSED else "0",
        "agent": [{"who": {"identifier": {"system": "urn:fada:subject", "value": entry.actor},
                           "display": names.get(entry.actor, entry.actor)}, "requestor": True}],
        "source": {"site": entry.site, "observer": {"display": "FADA hub"}},
        "entity": [{"what": {"identifier": {"system": "urn:fada:id", "value": entry.subject}},
                    "detail": [{"type": key, "valueString": str(value)}
                               for key, value in entry.detail.items()
                               if str(value)]}],  # FHIR has no empty strings
    }  # fmt: skip
