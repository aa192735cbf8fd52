"""One's own browser told of cases: subscribing it to the site's destination of the kind "web_push"."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Reader
from services.domain.errors import Conflict, Forbidden, InvalidInput
from services.domain.study import Principal
from services.domain.work import DestinationKind
from services.index.port import Destination, Transaction
from services.publish import webhook
from services.publish.notices.web_push import PushSender
from services.senders import Senders

router = APIRouter(prefix="/api/me/push", tags=["Access"])
_Base64 = Annotated[str, Field(max_length=120, pattern=r"^[A-Za-z0-9_-]+=*$")]
_Endpoint = Annotated[str, Field(min_length=10, max_length=1000)]


class BrowserKeys(BaseModel):
    """As ``PushSubscription.toJSON()`` tells them (RFC 8291), base64url."""

    p256dh: _Base64
    auth: _Base64


class Subscription(BaseModel):
    """``PushSubscription.toJSON()`` and the language of the words."""

    endpoint: _Endpoint
    keys: BrowserKeys
    language: Literal["en", "fr", "pt", "sw", "hi"] = "en"


class Endpoint(BaseModel):
    """Of a subscription."""

    endpoint: _Endpoint


@router.get("", summary="Get what a browser subscribes to", operation_id="pushKey")
def push_key(who: Reader, services: ServicesDep) -> dict[str, Any]:
    """``public_key`` (VAPID) is null where the site tells no browsers."""
    with services.index.read() as tx:
        destination = _destination(tx, who)
    if destination is None:
        return {"public_key": None}
    sender = Senders(services.settings).of(destination)
    assert isinstance(sender, PushSender)
    return {"public_key": sender.public_key}


@router.post("", summary="Subscribe a browser", operation_id="subscribePush", status_code=201)
def subscribe(body: Subscription, who: Reader, services: ServicesDep) -> dict[str, Any]:
    """It is told of what the site's rules send to browsers, without patient data, until the account is
    closed or the browser's push service says that it is gone."""
    webhook.check_url(body.endpoint, allow_private=services.settings.webhook_allow_private)
    _check_keys(body.keys)
    with services.index.begin() as tx:
        destination = _destination(tx, who)
        if destination is None:
            raise Conflict("This site tells no browsers; a manager adds such a destination.")
        made = tx.push_subscriptions.add(
            who, destination.id, _own(tx, who), body.endpoint, body.keys.p256dh, body.keys.auth,
            body.language,
        )  # fmt: skip
    return {"id": made.id, "created_at": made.created_at}


@router.delete("", summary="End a subscription", operation_id="unsubscribePush", status_code=204)
def unsubscribe(body: Endpoint, who: Reader, services: ServicesDep) -> Response:
    """One's own; also where there is none."""
    with services.index.begin() as tx:
        tx.push_subscriptions.remove(who, _own(tx, who), body.endpoint)
    return Response(status_code=204)


def _destination(tx: Transaction, who: Principal) -> Destination | None:
    destinations = tx.destinations.find(who.site)
    return next((one for one in destinations if one.kind is DestinationKind.WEB_PUSH), None)


def _own(tx: Transaction, who: Principal) -> str:
    """The id of the caller's account. Raises Forbidden: a key has none."""
    kind, _, account_id = who.subject.partition(":")
    account = tx.accounts.get(who.site, account_id) if kind == "person" else None
    if account is None:
        raise Forbidden("Only people with an account subscribe their browsers.")
    return account.id


def _check_keys(keys: BrowserKeys) -> None:
    """Raises InvalidInput: no point of P-256, or no secret of 16 bytes."""
    try:
        point, secret = (
            base64.urlsafe_b64decode(one.rstrip("=") + "=" * (-len(one.rstrip("=")) % 4))
            for one in (keys.p256dh, keys.auth)
        )
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("These are not the keys of a push subscription.") from error
    if len(secret) != 16:
        raise InvalidInput("These are not the keys of a push subscription.")
