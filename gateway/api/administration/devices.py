"""The phones of one site: who they are, how they fare, what the programme sets on them, lost ones."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Manager, RecordId
from services import bundle, device_settings
from services.credentials import secrets_of
from services.device_settings import settings_for

router = APIRouter(prefix="/api", tags=["Operations"])
CODE_SECONDS = 900.0
_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
Group = Annotated[str, Query(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ProgrammeSettings(BaseModel):
    """What is not given is left to each phone; with ``locked`` a person cannot change what is given."""

    language: Literal["en", "fr", "pt", "sw", "hi"] | None = None
    wait_for_wifi: bool | None = None
    daily_mb: int | None = Field(default=None, ge=1, le=10_000)
    quiet_from: str | None = Field(default=None, pattern=_TIME, examples=["21:00"])
    quiet_to: str | None = Field(default=None, pattern=_TIME, examples=["06:00"])
    pin_length: int | None = Field(default=None, ge=6, le=12)
    pin_tries: int | None = Field(default=None, ge=1, le=10, description="before each waits longer")
    chart: Literal["INTERGROWTH-21st", "Hadlock"] | None = None
    keep_days: int | None = Field(
        default=None, ge=1, le=365, description="after the hub has them, images leave the phone"
    )
    locked: bool = False

    @model_validator(mode="after")
    def _quiet_hours_have_two_ends(self) -> ProgrammeSettings:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet hours have a beginning and an end")
        return self


@router.get("/devices/settings", summary="Get the phones' settings", operation_id="deviceSettings")
def settings(who: Manager, services: ServicesDep, group: Group = "") -> ProgrammeSettings:
    """What the programme gives to all phones of the site, or to those of a group over that."""
    with services.index.read() as tx:
        return ProgrammeSettings.model_validate(tx.devices.settings(who.site, group))


@router.put("/devices/settings", summary="Set the phones' settings", operation_id="giveSettings")
def give_settings(
    body: ProgrammeSettings, who: Manager, services: ServicesDep, group: Group = ""
) -> ProgrammeSettings:
    """Phones have them with their enrolment, with their next contact, or by QR code."""
    with services.index.begin() as tx:
        tx.devices.give_settings(who.site, body.model_dump(exclude_none=True), group)
        tx.audit.add(who, "device.settings", group or who.site)
    return body


@router.get(
    "/devices/settings/qr",
    summary="Get the settings as a QR code's text",
    operation_id="settingsQr",
)
def settings_qr(
    who: Manager, services: ServicesDep, request: Request, group: Group = ""
) -> dict[str, Any]:
    """For phones that are enrolled and have no network; signed, for this site and group alone."""
    with services.index.read() as tx:
        given = settings_for(tx, who.site, group)
    key = bundle.receipt_key(secrets_of(services.settings)[0])
    text = device_settings.signed(key, who.site, group, given, int(time.time() * 1000))
    return {"url": f"{_base(services, request)}/field/#settings={text}", "settings": given}


@router.get("/devices/groups", summary="List groups of phones", operation_id="deviceGroups")
def groups(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """Groups that have phones or settings."""
    with services.index.read() as tx:
        return {"items": tx.devices.groups(who.site)}


@router.put(
    "/devices/{device_id}/group",
    summary="Put a phone into a group",
    operation_id="putIntoGroup",
    status_code=204,
)
def put_into_group(
    device_id: RecordId, who: Manager, services: ServicesDep, group: Group = ""
) -> Response:
    """It has the group's settings with its next contact; without ``group`` it belongs to none."""
    with services.index.begin() as tx:
        tx.devices.put_into(who.site, device_id, group)
        tx.audit.add(who, "device.group", device_id, {"group": group})
    return Response(status_code=204)


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


@router.post(
    "/devices/rotate", summary="Ask all phones for a new key", operation_id="rotateDevices",
    status_code=202,
)  # fmt: skip
def rotate_devices(who: Manager, services: ServicesDep, group: Group = "") -> dict[str, Any]:
    """Of the site, or of a group. Each makes one at its next contact; what it has not sent stays."""
    with services.index.begin() as tx:
        return {"ids": tx.devices.rotate(who, group=group)}


@router.post(
    "/devices/{device_id}/rotate", summary="Ask a phone for a new key", operation_id="rotateDevice",
    status_code=202,
)  # fmt: skip
def rotate_device(device_id: RecordId, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """It makes one at its next contact; the one before ends then."""
    with services.index.begin() as tx:
        return {"ids": tx.devices.rotate(who, device_id)}


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
                "group": d.group_name,
                "rotate_at": d.rotate_at,
                "key_at": d.key_at or d.enrolled_at,
            }
            for d in devices
        ]
    }


@router.post(
    "/devices/codes", summary="Create an enrolment code", operation_id="makeCode", status_code=201
)
def make_code(
    who: Manager, services: ServicesDep, request: Request, group: Group = ""
) -> dict[str, Any]:
    """For one phone, within fifteen minutes. ``url`` is what the QR code holds."""
    with services.index.begin() as tx:
        code = tx.devices.new_code(who, CODE_SECONDS, group)
    url = f"{_base(services, request)}/field/#enrol={code}"
    return {"code": code, "expires_in": int(CODE_SECONDS), "url": url}


def _base(services: Services, request: Request) -> str:
    return services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


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
