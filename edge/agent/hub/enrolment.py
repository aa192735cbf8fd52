"""How a device comes to a site: a one-time code is exchanged for a place there."""

from __future__ import annotations

from typing import Any

import httpx

from edge.agent.hub.answers import checked
from edge.agent.identity import DeviceIdentity, new_key
from services.domain.errors import InvalidInput, Unavailable


def enrol(address: str, code: str, name: str) -> DeviceIdentity:
    """Exchange a one-time code for a place at a site. Raises FadaError: no hub there, or the hub refused."""
    private, public = new_key()
    asked = {"code": code, "name": name, "public_key": public}
    try:
        with httpx.Client(base_url=address, timeout=30) as client:
            answer = _enrolled(checked(client.post("/api/sync/enrol", json=asked)))
    except httpx.UnsupportedProtocol as error:
        raise InvalidInput(
            "The address begins with https:// (or http:// on one's own machine)."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(
            f"No hub can be reached at {address}. Check the address and the network, then enrol again."
        ) from error
    keys = {name: answer.get(name, "") for name in ("bundle_key", "receipt_key")}
    return DeviceIdentity(address, answer["device_id"], answer["site"], private, **keys)


def _enrolled(answer: httpx.Response) -> dict[str, Any]:
    """What a hub answers; InvalidInput where somebody else answers at its address."""
    try:
        body = dict(answer.json())
    except ValueError:
        body = {}
    if not {"device_id", "site"} <= set(body):
        raise InvalidInput(f"What answers at {answer.url.host} is no hub. Check the address.")
    return body
