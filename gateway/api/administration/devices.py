"""The phones of one site: who they are, how they fare, what the programme sets on them, lost ones."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Manager, RecordId

router = APIRouter(prefix="/api", tags=["Operations"])
CODE_SECONDS = 900.0


class ProgrammeSettings(BaseModel):
    """What is not given is left to each phone; with ``locked`` a person cannot change what is given."""

    language: Literal["en", "fr", "pt", "sw", "hi"] | None = None
    wait_for_wifi: bool | None = None
    daily_mb: int | None = Field(default=None, ge=1, le=10_000)
    locked: bool = False


@router.get("/devices/settings", summary="Get the phones' settings", operation_id="deviceSettings")
def settings(who: Manager, services: ServicesDep) -> ProgrammeSettings:
    """What the programme gives to all phones of the site."""
    with services.index.read() as tx:
        return ProgrammeSettings.model_validate(tx.devices.settings(who.site))


@router.put("/devices/settings", summary="Set the phones' settings", operation_id="giveSettings")
def give_settings(
    body: ProgrammeSettings, who: Manager, services: ServicesDep
) -> ProgrammeSettings:
    """Phones have them with their enrolment, or with their next contact."""
    with services.index.begin() as tx:
        tx.devices.give_settings(who.site, body.model_dump(exclude_none=True))
        tx.audit.add(who, "device.settings", who.site)
    return body


@router.post(
    "/devices/{device_id}/erase",
    summary="Erase a phone",
    operation_id="eraseDevice",
    status_code=202,
)
def erase_device(device_id: RecordId, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """At its next contact it erases all it has, cases that were not sent too, and is revoked."""
    with services.index.begin() as tx:
        tx.devices.erase(who.site, device_id)
        tx.audit.add(who, "device.erase", device_id)
    return {"id": device_id, "erase": "at its next contact"}


@router.get("/devices", summary="List phones", operation_id="listDevices")
def list_devices(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """With their last contact, and what they said of themselves then."""
    with services.index.read() as tx:
        devices = tx.devices.find(who.site)
    return {
        "items": [
            {
                "id": d.id,
                "name": d.name,
                "enrolled_at": d.enrolled_at,
                "last_seen_at": d.last_seen_at,
                "release": d.release,
                "revoked_at": d.revoked_at,
                "status": d.status,
                "erase_at": d.erase_at,
            }
            for d in devices
        ]
    }


@router.post(
    "/devices/codes", summary="Create an enrolment code", operation_id="makeCode", status_code=201
)
def make_code(who: Manager, services: ServicesDep, request: Request) -> dict[str, Any]:
    """For one phone, within fifteen minutes. ``url`` is what the QR code holds."""
    with services.index.begin() as tx:
        code = tx.devices.new_code(who, CODE_SECONDS)
    base = services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return {"code": code, "expires_in": int(CODE_SECONDS), "url": f"{base}/field/#enrol={code}"}


@router.delete(
    "/devices/{device_id}", summary="Revoke a phone", operation_id="revokeDevice", status_code=204
)
def revoke_device(
    device_id: RecordId, who: Manager, services: ServicesDep, request: Request
) -> Response:
    """Its key is refused from now on."""
    with services.index.begin() as tx:
        tx.devices.revoke(who.site, device_id)
        tx.audit.add(who, "device.revoked", device_id)
    request.app.state.authenticator.invalidate()
    return Response(status_code=204)
