"""From an invitation to signing in by password, in a browser; and who is signed in where."""

from __future__ import annotations

import re
from collections.abc import Iterator

import hub as hubs
import pytest
import servers
from e2e.pages import at_every_width
from playwright.sync_api import Browser, expect

from services.domain.study import Role

PASSWORD = "a heartbeat at 20 weeks"


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    with hubs.running(tmp_path_factory.mktemp("people"), valkey, seaweed) as running:
        yield running


def test_a_person_is_invited_chooses_a_password_and_signs_in(
    hub: hubs.Hub, browser: Browser
) -> None:
    manager, person = browser.new_page(locale="en-GB"), browser.new_page(locale="en-GB")
    for page in (manager, person):
        page.set_default_timeout(90_000)
    manager.goto(hub.url + "/operations/accounts")
    at_every_width(manager, "sign-in")
    manager.click("details.with-key summary")
    manager.fill("input[name=key]", hub.key(role=Role.ADMIN))
    manager.click("details.with-key button[type=submit]")
    manager.get_by_label("Sign-in name").first.fill("amina@clinic.example")
    manager.get_by_label("Name", exact=True).fill("Dr. Amina Juma")
    manager.get_by_role("button", name="Invite").click()
    link = manager.locator(".note input").input_value()
    assert re.fullmatch(re.escape(hub.url) + r"/invitation#[\w-]{20,}", link)
    expect(manager.get_by_role("cell", name="invited")).to_be_visible()

    person.goto(link)
    expect(person.get_by_text("Welcome, Dr. Amina Juma")).to_be_visible()
    assert "#" not in person.url, "the secret stays in no history"
    at_every_width(person, "invitation")
    person.get_by_label("New password").fill(PASSWORD)
    person.get_by_label("The same again").fill(PASSWORD + "x")
    person.get_by_role("button", name="Set it and sign in").click()
    expect(person.get_by_role("alert")).to_contain_text("differ")
    person.get_by_label("The same again").fill(PASSWORD)
    person.get_by_role("button", name="Set it and sign in").click()
    expect(person.locator("header .who")).to_contain_text("Dr. Amina Juma")
    person.get_by_role("button", name="Sign out").click()
    person.get_by_label("Name or e-mail").fill("Amina@clinic.example")
    person.get_by_label("Password").fill("not the password")
    person.get_by_role("button", name="Sign in").first.click()
    expect(person.get_by_role("alert")).to_be_visible()
    person.get_by_label("Password").fill(PASSWORD)
    person.get_by_label("Password").press("Enter")
    expect(person.locator("header .who")).to_contain_text("Dr. Amina Juma")

    manager.reload()
    row = manager.get_by_role("row", name=re.compile("Dr. Amina Juma.*End"))
    expect(row).to_be_visible()
    at_every_width(manager, "people")
    row.get_by_role("button", name="End").click()
    expect(row).to_have_count(0)
    person.reload()
    expect(person.get_by_label("Password")).to_be_visible()
