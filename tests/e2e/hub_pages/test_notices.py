"""A person's browser is told of an urgent case, in Chromium: asked for, subscribed, told, let go.

The one part that is not there is the push service of the browser's maker: ``PushManager.subscribe`` gives a
subscription of a service on loopback instead, and what this service gets is opened with the browser's keys
and handed to Chromium's service worker by its debugging protocol, as the maker's service would.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import hub as hubs
import pytest
import readings
import servers
from e2e.hub_pages.test_passkeys import come_by_link
from playwright.sync_api import Browser, Page, expect
from push_service import Receiver, push_service

from services.domain.report import Origin
from services.domain.study import Principal, Role
from services.index.port import DeliveryState
from services.standalone import ports
from workers.delivery.runner import DeliveryRunner

SITE = "noticed"
SUBSCRIBED = """(subscription) => {
  let held = null;
  PushManager.prototype.subscribe = async function (options) {
    window.askedWith = btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey)));
    held = { endpoint: subscription.endpoint, toJSON: () => subscription, unsubscribe: async () => { held = null; return true; } };
    return held;
  };
  PushManager.prototype.getSubscription = async () => held;
}"""


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    settings = {"public_url": f"http://localhost:{ports.free(1)[0]}", "webhook_allow_private": True}
    with hubs.running(tmp_path_factory.mktemp("notices"), valkey, seaweed, **settings) as running:
        yield running


def urgent_result(hub: hubs.Hub) -> str:
    """A signed result of an urgent study; the study's id."""
    with hub.client(SITE) as client:
        data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
        assert client.post("/api/uploads", files={"file": data}).status_code == 200
        (item,) = client.get("/api/studies").json()["items"]
    report = readings.report(item["study_uid"], readings.measured(HC=250.0))
    report = replace(report, origin=Origin.REVIEW, reviewed_by="Anna")
    who = Principal("key:anna", SITE, Role.SONOGRAPHER)
    with hub.services.index.begin() as tx:
        tx.studies.set_urgent(who, item["id"], True)
        tx.results.add(who, item["id"], report, [], origin=Origin.REVIEW, based_on=None)
    return str(item["id"])


def deliver(hub: hubs.Hub) -> list[str]:
    services = hub.services
    runner = DeliveryRunner(services.settings, services.index, services.store)
    with services.index.read() as tx:
        waiting = tx.deliveries.find(SITE, states=(DeliveryState.WAITING,))
    return [runner.deliver(one.id) for one in waiting]


def handed_to_worker(page: Page, message: bytes, origin: str) -> None:
    session = page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    while not registrations:
        page.wait_for_timeout(50)
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": origin,
            "registrationId": registrations[-1]["registrationId"],
            "data": message.decode(),
        },
    )


def shown_notices(page: Page) -> list[list[str]]:
    """Title, words and address of what the browser shows, as soon as there is something."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        shown = page.evaluate(
            "navigator.serviceWorker.ready.then((r) => r.getNotifications())"
            ".then((all) => all.map((n) => [n.title, n.body, n.data.url]))"
        )
        if shown:
            return list(shown)
        time.sleep(0.1)
    pytest.fail("no notice was shown")


def test_a_browser_is_told_of_an_urgent_case(hub: hubs.Hub, browser: Browser) -> None:
    receiver = Receiver()
    origin = hub.services.settings.public_url
    with hub.client(SITE) as admin:
        made = admin.post(
            "/api/destinations",
            json={
                "name": "Readers",
                "kind": "web_push",
                "address": "mailto:it@clinic.example",
                "by_default": False,
            },
        ).json()
        rules = {"rules": [{"results": ["urgent"], "destinations": [made["id"]]}]}
        assert admin.put("/api/destinations/rules", json=rules).status_code == 200
    with push_service() as service:
        context = browser.new_context(locale="en-GB", permissions=["notifications"])
        page = context.new_page()
        page.set_default_timeout(30_000)
        subscription = receiver.subscription(f"{service.address}/browser")
        page.add_init_script(f"({SUBSCRIBED})({json.dumps(subscription)})")
        come_by_link(hub, page, "noticed-nora", SITE)
        page.wait_for_url(f"{origin}/")
        page.goto(f"{origin}/account")
        page.get_by_role("button", name="Tell me here").click()
        expect(page.get_by_role("button", name="Tell me no more")).to_be_visible()
        assert page.evaluate("window.askedWith.length") == 88, "a point of P-256, base64"

        study = urgent_result(hub)
        assert deliver(hub) == ["done"]
        ((path, headers, body),) = service.got
        assert (path, headers["urgency"]) == ("/browser", "high")
        plain = receiver.open(body)
        handed_to_worker(page, plain, origin)
        shown = shown_notices(page)
        assert shown == [["Urgent case", "An urgent study is ready.", f"{origin}/study/{study}"]]

        page.get_by_role("button", name="Tell me no more").click()
        expect(page.get_by_role("button", name="Tell me here")).to_be_visible()
        with hub.services.index.read() as tx:
            assert tx.push_subscriptions.find(SITE, made["id"]) == []
        context.close()
