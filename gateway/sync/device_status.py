"""What a phone says of itself at each contact, and what it is told: settings, and to erase itself."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Sender
from services.device_settings import settings_for
from services.domain.errors import Forbidden
from services.domain.study import Principal

router = APIRouter(prefix="/api/sync", tags=["Phones"])
_MOST = 2**53


class StatusIn(BaseModel):
    """``clock_ms``: its clock, milliseconds since 1970; it is shown, and orders nothing."""

    clock_ms: int = Field(ge=0, le=_MOST)
    storage_used: int = Field(default=0, ge=0, le=_MOST)
    storage_quota: int = Field(default=0, ge=0, le=_MOST)
    waiting: int = Field(default=0, ge=0, le=1_000_000)


@router.post("/status", summary="Report a phone's state", operation_id="deviceStatus")
def status(body: StatusIn, who: Sender, services: ServicesDep) -> dict[str, Any]:
    """The answer holds what the programme sets, and whether the phone is to erase itself."""
    drift = body.clock_ms / 1000 - time.time()
    said = {**body.model_dump(exclude={"clock_ms"}), "clock_drift_s": round(drift, 1)}
    with services.index.begin() as tx:
        device = tx.devices.report(device_id_of(who), said)
        given = settings_for(tx, who.site, device.group_name)
    return {
        "settings": given,
        "settings_at": int(time.time() * 1000),
        "group": device.group_name,
        "erase": device.erase_at is not None,
    }


@router.post("/erased", summary="Confirm the erasure", operation_id="deviceErased", status_code=204)
def erased(who: Sender, services: ServicesDep, request: Request) -> Response:
    """Said by the phone before it erases itself as it was told: it is revoked."""
    device_id = device_id_of(who)
    with services.index.begin() as tx:
        if tx.devices.get(device_id).erase_at is None:
            raise Forbidden("Nobody told this phone to erase itself.")
        tx.devices.revoke(who.site, device_id)
        tx.audit.add(who, "device.erased", device_id)
    request.app.state.authenticator.invalidate()
    return Response(status_code=204)


def device_id_of(who: Principal) -> str:
    """Of the phone that asks. Raises Forbidden: it is none."""
    kind, _, device_id = who.subject.partition(":")
    if kind != "device":
        raise Forbidden("Only a phone speaks of itself.")
    return device_id
