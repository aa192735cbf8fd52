"""The page of orders: typed in, met by a study, matched by a person; at every width, by keyboard, by axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import hub as hubs
import pytest
import servers
from e2e.pages import AXE, at_every_width
from integration.gateway.record.test_patients import file, send
from playwright.sync_api import Browser, expect

from services.domain.orders.order import PatientNews
from services.domain.patient import Identity
from services.domain.study import Principal, Role

SITE = "ward"


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    with hubs.running(tmp_path_factory.mktemp("orders"), valkey, seaweed) as running:
        yield running


def test_an_order_is_typed_in_and_matched(hub: hubs.Hub, browser: Browser, today: date) -> None:
    send(hub, SITE, file(PatientID="P-1", PatientName="Doe^Jane", StudyDate=f"{today:%Y%m%d}"))
    with hub.services.index.begin() as tx:
        who = Principal("hl7:HIS", SITE, Role.DEVICE)
        tx.patient_news.receive(who, PatientNews(Identity("P-1", "Doe^Janet", "1990-02-01")))
    page = browser.new_page(locale="en-GB")
    page.set_default_timeout(90_000)
    page.goto(hub.url + "/orders")
    page.click("details.with-key summary")
    page.fill("input[name=key]", hub.key(SITE))
    page.click("details.with-key button[type=submit]")
    expect(page.get_by_text("No orders on this day.")).to_be_visible()
    page.get_by_role("button", name="New order").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient number").fill("P-2")
    dialog.get_by_label("Patient", exact=True).fill("Doe, Jane")
    dialog.get_by_label("Examination").fill("Growth scan")
    dialog.get_by_label("Time").fill("09:30")
    dialog.get_by_label("Urgent").check()
    at_every_width(page, "orders-new")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Place order").press("Enter")
    expect(page.get_by_role("row", name="P-2")).to_contain_text("Growth scan")
    news = page.get_by_role("region", name="The hospital has other data").first
    expect(news).to_contain_text("Doe, Janet")
    at_every_width(page, "orders")
    page.evaluate(AXE.read_text())
    violations = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html)))"
    )
    assert violations == []
    page.get_by_role("button", name="Decline").click()
    expect(news).to_have_count(0)
    page.get_by_label("Order of Doe Jane").select_option(index=1)
    page.get_by_role("button", name="Match").click()
    expect(page).to_have_url(re.compile("/study/"))  # another number: decided there
    expect(page.get_by_text("Whose examination is this?")).to_be_visible()
    page.get_by_role("button", name="Same woman: take the new data").click()
    expect(page.get_by_text("Whose examination is this?")).to_have_count(0)
    page.goto(hub.url + "/orders")
    row = page.get_by_role("row", name="P-1")
    expect(row).to_contain_text("In progress")
    expect(row.get_by_role("link")).to_have_text("Received")
    page.close()
