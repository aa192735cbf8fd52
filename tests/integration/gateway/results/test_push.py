"""A person subscribes a browser over HTTP; keys do not, and nothing of another site is seen."""

from __future__ import annotations

import httpx
import hub as hubs
import pytest
from integration.gateway.access.test_accounts import accepted
from push_service import Receiver

from services.domain.study import Role

pytestmark = pytest.mark.usefixtures("many_sign_ins")
ENDPOINT = "https://push.example/of-a-browser"
DESTINATION = {
    "name": "Browsers", "kind": "web_push", "address": "mailto:it@clinic.example", "by_default": False,
}  # fmt: skip


def unsubscribe(client: httpx.Client, endpoint: str) -> int:
    return client.request("DELETE", "/api/me/push", json={"endpoint": endpoint}).status_code


def test_a_browser_is_subscribed_and_let_go(hub: hubs.Hub) -> None:
    with hub.browser() as client, hub.client("push1") as admin:
        accepted(hub, "push-nurse@clinic.example", client, site="push1")
        assert client.get("/api/me/push").json() == {"public_key": None}
        subscription = {**Receiver().subscription(ENDPOINT), "language": "hi"}
        assert client.post("/api/me/push", json=subscription).status_code == 409
        made = admin.post("/api/destinations", json=DESTINATION)
        assert made.status_code == 201, made.text
        assert "PRIVATE KEY" not in made.text
        assert made.json()["credentials"] == ["private_key"]
        key = client.get("/api/me/push").json()["public_key"]
        assert len(key) == 87, "a point of P-256, base64url"
        for _ in range(2):
            assert client.post("/api/me/push", json=subscription).status_code == 201
        with hub.services.index.read() as tx:
            (one,) = tx.push_subscriptions.find("push1", made.json()["id"])
        assert (one.endpoint, one.language) == (ENDPOINT, "hi")
        path = f"/api/destinations/{made.json()['id']}"
        moved = admin.patch(path, json={"address": "mailto:other@clinic.example"})
        assert moved.status_code == 200, moved.text
        assert client.get("/api/me/push").json()["public_key"] == key
        actions = [a["action"] for a in admin.get("/api/audit").json()["items"]]
        assert actions.count("push.subscribed") == 2
        assert unsubscribe(client, ENDPOINT) == unsubscribe(client, ENDPOINT) == 204
        assert admin.delete(path).status_code == 204
        assert client.get("/api/me/push").json() == {"public_key": None}


def test_what_is_no_subscription_is_refused(hub: hubs.Hub) -> None:
    with (
        hub.browser() as client,
        hub.client("push2") as admin,
        hub.client("push2", Role.READER) as key,
    ):
        accepted(hub, "push-reader@clinic.example", client, site="push2", role="reader")
        admin.post("/api/destinations", json=DESTINATION)
        good = Receiver().subscription(ENDPOINT)
        assert key.post("/api/me/push", json=good).status_code == 403, "a key is nobody's browser"
        for wrong in (
            {**good, "endpoint": "http://127.0.0.1:9/x"},
            {**good, "keys": {**good["keys"], "auth": "AAAA"}},
            {**good, "keys": {**good["keys"], "p256dh": "A" * 87}},
            {**good, "language": "xx"},
        ):
            assert client.post("/api/me/push", json=wrong).status_code in (400, 422), wrong
        assert client.post("/api/me/push", json=good).status_code == 201
