"""A phone's new key in the place of the one before, at its contact after the hub asked for it."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Sender
from gateway.sync.device_status import device_id_of
from gateway.sync.enrolment import raw_key, signed_by
from services.domain.errors import Forbidden

router = APIRouter(prefix="/api/sync", tags=["Phones"])
PREFIX = "fada-key-1:"


class NewKeyIn(BaseModel):
    """``public_key``: base64 of a raw Ed25519 key. ``signature`` by the present key and ``proof`` by the new
    one, base64, over the UTF-8 bytes of ``fada-key-1:<device_id>:<public_key>``.
    """

    public_key: str = Field(min_length=40, max_length=64)
    signature: str = Field(max_length=128)
    proof: str = Field(max_length=128)


@router.post("/key", summary="Replace a phone's key", operation_id="newDeviceKey", status_code=204)
def new_key(body: NewKeyIn, who: Sender, services: ServicesDep, request: Request) -> Response:
    """By its own word alone. The key before opens no session from now on, and those that it opened end."""
    device_id = device_id_of(who)
    key = base64.b64encode(raw_key(body.public_key)).decode()
    words = f"{PREFIX}{device_id}:{body.public_key}".encode()
    with services.index.begin() as tx:
        before = tx.devices.get(device_id).public_key
        signatures = ((before, body.signature), (key, body.proof))
        if not all(signed_by(public, given, words) for public, given in signatures):
            raise Forbidden("A new key is signed by the present one and by itself.")
        tx.devices.take_key(device_id, key)
        tx.audit.add(who, "device.key", device_id)
    request.app.state.authenticator.invalidate()
    return Response(status_code=204)
