"""How a phone becomes known and proves itself: a one-time code, then its own Ed25519 key.

The proof is a signature over the hub's fresh nonce. No clock of the phone is used anywhere.
"""

from __future__ import annotations

import base64
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from gateway.dependencies import Services, ServicesDep
from gateway.http.authenticator import DEVICE_PREFIX, DEVICE_SECONDS, key_mark
from gateway.http.limits import LoginAttempts
from gateway.http.tokens import Signer
from services import bundle
from services.credentials import secrets_of
from services.device_settings import settings_for
from services.domain.errors import InvalidInput, NotAuthenticated, NotFound
from services.domain.study import Principal, Role
from services.index.port import Device, Remembered
from services.reading.releases.registry import trust_of

router = APIRouter(prefix="/api/sync", tags=["Phones"])
CHALLENGE_SECONDS = 120
PREFIX = "fada-sync-1:"
_ID = r"^[0-9a-f-]{36}$"


class EnrolIn(BaseModel):
    """``public_key``: base64 of the 32 raw bytes of an Ed25519 public key."""

    code: str = Field(min_length=4, max_length=64, examples=["7K3M-0QX2-9VBT"])
    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")
    public_key: str = Field(min_length=40, max_length=64)


class ChallengeIn(BaseModel):
    """The phone that wants to prove its key."""

    device_id: str = Field(pattern=_ID)


class SessionIn(BaseModel):
    """``signature``: base64, over the UTF-8 bytes of ``fada-sync-1:<device_id>:<challenge>``."""

    device_id: str = Field(pattern=_ID)
    challenge: str = Field(max_length=500)
    signature: str = Field(max_length=128)


@router.post("/enrol", summary="Enrol a phone", operation_id="enrol", status_code=201)
def enrol(body: EnrolIn, services: ServicesDep, request: Request) -> dict[str, Any]:
    """By a code from the hub's page, good once. The key never leaves the phone."""
    attempts: LoginAttempts = request.app.state.attempts
    key = raw_key(body.public_key)
    with attempts.attempt(request, "enrol"), services.index.begin() as tx:
        device = tx.devices.enrol(body.code, body.name, base64.b64encode(key).decode())
        tx.audit.add(_principal(device), "device.enrolled", device.id)
        given = settings_for(tx, device.site, device.group_name)
    return {
        "device_id": device.id,
        "site": device.site,
        "release_keys": _trusted(services),
        "settings": given,
        "settings_at": int(time.time() * 1000),
        "group": device.group_name,
        **_hub_keys(services),
    }


@router.post("/challenge", summary="Create a challenge", operation_id="challenge")
def challenge(body: ChallengeIn, request: Request) -> dict[str, Any]:
    """The answer does not say whether the phone is known."""
    signer: Signer = request.app.state.signer
    claims = {"device": body.device_id, "nonce": secrets.token_hex(16)}
    token = signer.sign("challenge", claims, CHALLENGE_SECONDS)
    return {"challenge": token, "expires_in": CHALLENGE_SECONDS}


@router.post("/session", summary="Create a device session", operation_id="deviceSession")
def session(body: SessionIn, services: ServicesDep, request: Request) -> dict[str, Any]:
    """A token for an hour. Each challenge works once. ``new_key``: the hub asks for another key now."""
    signer: Signer = request.app.state.signer
    claims = signer.read("challenge", body.challenge)
    if claims["device"] != body.device_id:
        raise NotAuthenticated("This challenge was given to another phone.")
    device = _proven(services, body)
    _use_once(services, device.site, claims["nonce"])
    with services.index.begin() as tx:
        tx.devices.seen(device.id, device.release)
    claims = {"device": device.id, "key": key_mark(device)}
    token = signer.sign("device", claims, DEVICE_SECONDS)
    return {
        "token": DEVICE_PREFIX + token,
        "expires_in": DEVICE_SECONDS,
        "new_key": device.rotate_at is not None,
        **_hub_keys(services),
    }


def _proven(services: Services, body: SessionIn) -> Device:
    try:
        with services.index.read() as tx:
            device = tx.devices.get(body.device_id)
    except NotFound as error:
        raise NotAuthenticated("This phone is not enrolled here.") from error
    if device.revoked_at is not None:
        raise NotAuthenticated("This phone was revoked.")
    message = f"{PREFIX}{device.id}:{body.challenge}".encode()
    if not signed_by(device.public_key, body.signature, message):
        raise NotAuthenticated("The signature does not fit this phone's key.")
    return device


def signed_by(public_key: str, signature: str, message: bytes) -> bool:
    """Whether ``signature`` is of ``public_key``, both base64."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
        public.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _use_once(services: Services, site: str, nonce: str) -> None:
    """The first to write the nonce has it, of all processes and requests."""
    mine = secrets.token_hex(16)
    until = datetime.now(UTC) + timedelta(seconds=2 * CHALLENGE_SECONDS)
    with services.index.begin() as tx:
        tx.idempotency.keep(site, f"challenge:{nonce}", Remembered(mine, 0, b"", ""), until)
        kept = tx.idempotency.find(site, f"challenge:{nonce}")
    if kept is None or kept.request_hash != mine:
        raise NotAuthenticated("This challenge was used; ask for a new one.")


def raw_key(text: str) -> bytes:
    """The 32 bytes of an Ed25519 public key. Raises InvalidInput."""
    try:
        raw = base64.b64decode(text, validate=True)
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise InvalidInput("public_key is base64 of a raw Ed25519 key of 32 bytes.") from error
    return raw


def _trusted(services: Services) -> list[str]:
    """The public keys, base64, whose releases the phone may run."""
    keys = trust_of(services.settings.releases).keys
    return [base64.b64encode(raw).decode() for raw in keys.values()]


def _hub_keys(services: Services) -> dict[str, str]:
    """What carried cases are sealed to and what their receipts are signed by: P-256 points, base64."""
    secret = secrets_of(services.settings)[0]
    named = {"bundle_key": bundle.hub_key(secret), "receipt_key": bundle.receipt_key(secret)}
    return {
        name: base64.b64encode(bundle.public_bytes(key)).decode() for name, key in named.items()
    }


def _principal(device: Device) -> Principal:
    return Principal(f"device:{device.id}", device.site, Role.DEVICE)
