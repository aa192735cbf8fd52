"""Fixtures of the page tests: the running hub as a site, Chromium, and two people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from e2e.pages import CHROMIUM, PATIENCE, Site
from playwright.sync_api import Browser, expect, sync_playwright


@pytest.fixture(scope="module")
def site(hub: Any) -> Site:
    """The hub that the whole session shares."""
    return Site(hub.address, hub.key)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for each module: Playwright's own loop ends with it."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def ann(site: Site) -> str:
    """A sonographer's key."""
    return site.person("Ann", "sonographer")


@pytest.fixture(scope="module")
def ben(site: Site) -> str:
    """Another sonographer's key."""
    return site.person("Ben", "sonographer")
