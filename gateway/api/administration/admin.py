"""API keys and webhooks of one site."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Manager, RecordId
from services.domain.errors import Forbidden, InvalidInput
from services.domain.study import Role

router = APIRouter(prefix="/api", tags=["Operations"])
EVENTS = (
    "study.received",
    "study.analysing",
    "study.progress",
    "study.ready",
    "study.failed",
    "study.reviewed",
    "study.corrected",
)
_NAME = r"^[^\x00-\x1f\x7f]+$"


class KeyIn(BaseModel):
    """A new API key. ``name`` is for people; it is shown in "reviewed by"."""

    name: str = Field(min_length=1, max_length=80, pattern=_NAME, examples=["Dr. A. Okoye"])
    role: Role


class WebhookIn(BaseModel):
    """A new webhook. Without ``events`` it gets all but progress; messages are signed by the Standard
    Webhooks scheme.
    """

    url: str = Field(max_length=2000, examples=["https://emr.example.org/hooks/fada"])
    events: list[str] = Field(default_factory=list, max_length=len(EVENTS))


@router.get("/keys", summary="List API keys", operation_id="listKeys")
def list_keys(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """Without their secrets: those are not kept."""
    with services.index.read() as tx:
        keys = tx.keys.find(who.site)
    return {
        "items": [
            {
                "id": k.id,
                "name": k.name,
                "role": k.role.value,
                "created_at": k.created_at,
                "last_used_at": k.last_used_at,
                "revoked_at": k.revoked_at,
            }
            for k in keys
        ]
    }


@router.post("/keys", summary="Create an API key", operation_id="makeKey", status_code=201)
def make_key(body: KeyIn, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """``key`` is shown this once. Nobody can create a key with a higher role than their own."""
    order = list(Role)
    if order.index(body.role) > order.index(who.role):
        raise Forbidden("You cannot make a key with a higher role than yours.")
    with services.index.begin() as tx:
        key, secret = tx.keys.create(who.site, body.role, body.name)
        tx.audit.add(who, "key.created", key.id, {"role": body.role.value})
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "created_at": key.created_at,
        "key": secret,
    }


@router.delete(
    "/keys/{key_id}", summary="Revoke an API key", operation_id="revokeKey", status_code=204
)
def revoke_key(key_id: RecordId, who: Manager, services: ServicesDep, request: Request) -> Response:
    """Sessions that were opened with it end too."""
    with services.index.begin() as tx:
        key = next((k for k in tx.keys.find(who.site) if k.id == key_id), None)
        order = list(Role)
        if key is not None and order.index(key.role) > order.index(who.role):
            raise Forbidden("You cannot revoke a key with a higher role than yours.")
        tx.keys.revoke(who.site, key_id)
        tx.audit.add(who, "key.revoked", key_id)
    request.app.state.authenticator.invalidate()
    return Response(status_code=204)


@router.get("/webhooks", summary="List webhooks", operation_id="listWebhooks")
def list_webhooks(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """Without their secrets."""
    with services.index.read() as tx:
        webhooks = tx.webhooks.find(who.site)
    return {
        "items": [
            {
                "id": w.id,
                "url": w.url,
                "events": list(w.events),
                "created_at": w.created_at,
                "disabled": w.disabled,
            }
            for w in webhooks
        ]
    }


@router.post("/webhooks", summary="Create a webhook", operation_id="makeWebhook", status_code=201)
def make_webhook(body: WebhookIn, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """``secret`` (whsec_…) is shown this once; verify every message with it."""
    _check_url(body.url, services.settings.webhook_allow_private)
    if unknown := set(body.events) - set(EVENTS):
        raise InvalidInput(f"There are {len(unknown)} unknown event types; known: {EVENTS}.")
    with services.index.begin() as tx:
        webhook = tx.webhooks.create(who.site, body.url, tuple(body.events))
        tx.audit.add(who, "webhook.created", webhook.id)
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "created_at": webhook.created_at,
        "secret": webhook.secret,
    }


@router.delete(
    "/webhooks/{webhook_id}",
    summary="Delete a webhook",
    operation_id="deleteWebhook",
    status_code=204,
)
def delete_webhook(webhook_id: RecordId, who: Manager, services: ServicesDep) -> Response:
    """It gets no further messages."""
    with services.index.begin() as tx:
        tx.webhooks.delete(who.site, webhook_id)
        tx.audit.add(who, "webhook.deleted", webhook_id)
    return Response(status_code=204)


def _check_url(url: str, private: bool) -> None:
    """A first check; the sender checks again the address that it connects to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput("This is not a URL.") from error
    if parts.scheme not in (("https", "http") if private else ("https",)) or not parts.hostname:
        raise InvalidInput("A webhook's address begins with https:// and a host.")
    if parts.username or parts.password or not url.isprintable() or port == 0:
        raise InvalidInput("A webhook's address holds no user name and no odd characters.")
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    if not private and not address.is_global:
        raise InvalidInput("A webhook may not point into the private network.")
