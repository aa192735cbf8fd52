"""Passkeys in a browser, with Chromium's own virtual authenticator: made, used, asked for beside a password."""

from __future__ import annotations

from collections.abc import Iterator

import hub as hubs
import pytest
import servers
from e2e.pages import at_every_width
from playwright.sync_api import CDPSession, Page, expect

from services.domain.study import Role
from services.standalone import ports

PASSWORD = "a heartbeat at 20 weeks"


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    settings = {
        "public_url": f"http://localhost:{ports.free(1)[0]}",
        "second_factor_sites": "strict",
    }
    with hubs.running(
        tmp_path_factory.mktemp("passkey-pages"), valkey, seaweed, **settings
    ) as running:
        yield running


def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A platform authenticator whose person always touches it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, str(made["authenticatorId"])


def come_by_link(hub: hubs.Hub, page: Page, login: str, site: str) -> None:
    account = {"login": login, "name": f"Dr. {login.title()}", "role": "sonographer"}
    with hub.client(site, Role.MANAGER) as manager:
        page.goto(manager.post("/api/accounts", json=account).json()["url"])
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set it and sign in").click()


def add_passkey(page: Page, name: str) -> None:
    page.get_by_label("Name of the passkey").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()


def test_a_passkey_is_made_opens_the_hub_and_is_removed(hub: hubs.Hub, page: Page) -> None:
    session, own = authenticator(page)
    come_by_link(hub, page, "amina", "a")
    expect(page.locator("header .who")).to_contain_text("Dr. Amina")
    page.locator("header .who").click()
    add_passkey(page, "Ward computer")
    row = page.get_by_role("listitem").filter(has_text="Ward computer")
    expect(row).to_be_visible()
    assert (
        len(session.send("WebAuthn.getCredentials", {"authenticatorId": own})["credentials"]) == 1
    )
    at_every_width(page, "account", full_page=True)
    page.get_by_role("button", name="Sign out").click()
    at_every_width(page, "sign-in-passkey", full_page=True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("header .who")).to_contain_text("Dr. Amina")
    page.goto(f"{hub.services.settings.public_url}/account")
    page.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("does not open this hub")


def test_a_password_and_a_passkey_where_the_site_asks_for_both(hub: hubs.Hub, page: Page) -> None:
    session, own = authenticator(page)
    come_by_link(hub, page, "baraka", "strict")
    expect(page.get_by_role("alert")).to_contain_text("asks for a passkey beside the password")
    add_passkey(page, "Phone")
    expect(page.get_by_role("listitem").filter(has_text="Phone")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Name or e-mail").fill("baraka")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.locator("header .who")).to_contain_text("Dr. Baraka")
    page.get_by_role("button", name="Sign out").click()
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": own})
    authenticator(page)  # somebody else's, which knows nothing
    page.get_by_label("Name or e-mail").fill("baraka")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("was not used")
    assert page.evaluate("fetch('/api/me').then((answer) => answer.status)") == 401
