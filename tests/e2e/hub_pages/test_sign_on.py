"""Signing on at an issuer in a browser: its pages, the role that it gives, and signing out at both."""

from __future__ import annotations

import re
from collections.abc import Iterator

import hub as hubs
import issuers
import pytest
import servers
from e2e.pages import at_every_width
from playwright.sync_api import Page, Route, expect

from services.standalone import ports

pytestmark = issuers.needs_issuer


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    """The issuer is another site to the browser than the hub: localhost, and 127.0.0.1."""
    own, other = ports.free(2)
    home = tmp_path_factory.mktemp("sign-on-pages")
    with (
        issuers.running(f"http://127.0.0.1:{own}", other) as issuer,
        hubs.running(home, valkey, seaweed, **issuer.settings) as running,
    ):
        yield running


def sign_on(page: Page, login: str) -> None:
    page.get_by_role("link", name="Sign in with Clinic ID").click()
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", "any")
    page.click("button[type=submit]")


def test_sign_on_work_by_role_and_sign_out(hub: hubs.Hub, page: Page) -> None:
    page.goto(f"{hub.url}/patients")
    expect(page.get_by_role("link", name="Sign in with Clinic ID")).to_be_visible()
    at_every_width(page, "sign-on")
    sign_on(page, "chiku")
    expect(page.locator("header .who")).to_contain_text("Chiku Mwangi")
    assert page.url == f"{hub.url}/patients", "back where they began"
    page.goto(f"{hub.url}/operations/accounts")
    row = page.get_by_role("row", name=re.compile("Chiku Mwangi.*by sign-on"))
    expect(row.get_by_label("Role")).to_have_value("manager")
    expect(row.get_by_label("Role")).to_be_disabled()
    at_every_width(page, "sign-on-people")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("localhost.*/session/end"))
    page.get_by_role("button", name=re.compile("yes", re.IGNORECASE)).click()
    page.wait_for_url(f"{hub.url}/")
    expect(page.get_by_role("link", name="Sign in with Clinic ID")).to_be_visible()
    page.get_by_role("link", name="Sign in with Clinic ID").click()
    expect(page.locator("input[name=password]")).to_be_visible()  # the issuer asks again


def test_without_a_role_the_page_says_so(hub: hubs.Hub, page: Page) -> None:
    page.goto(hub.url)
    sign_on(page, "baraka")
    expect(page.get_by_role("alert")).to_contain_text("names no role of yours")
    at_every_width(page, "sign-on-no-role")
    assert page.evaluate("fetch('/api/me').then((answer) => answer.status)") == 401
    assert page.url == f"{hub.url}/"


def test_a_tampered_and_a_repeated_answer_open_nothing(hub: hubs.Hub, page: Page) -> None:
    held: list[str] = []

    def hold(route: Route) -> None:
        """The answer that the issuer would send the browser back with."""
        asked = route.fetch(max_redirects=0).headers["location"]
        held.append(page.request.get(asked, max_redirects=0).headers["location"])
        route.fulfill(body="held")

    page.goto(hub.url)
    page.route(re.compile("localhost.*/interaction/"), lambda route: (
        hold(route) if route.request.method == "POST" else route.continue_()
    ))  # fmt: skip
    sign_on(page, "amina")
    expect(page.get_by_text("held")).to_be_visible()
    for answer in (re.sub("state=[^&]{4}", "state=AAAA", held[0]), held[0]):
        page.goto(answer)
        expect(page.get_by_role("alert")).to_contain_text("was begun in another window")
        assert page.evaluate("fetch('/api/me').then((answer) => answer.status)") == 401
    page.get_by_role("link", name="Sign in with Clinic ID").click()  # the issuer knows her by now
    expect(page.locator("header .who")).to_contain_text("Dr. Amina Juma")
    page.reload()
    expect(page.locator("header .who")).to_contain_text("Sonographer")
