"""The phone's app in Chromium against the real hub: offline, restarted, and back with the hub's answer."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import ARTEFACTS, CHROMIUM, SAMPLES, Site
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from services.reading import geometry

PIN = "246813"


@pytest.fixture(scope="module")
def site(hub: Any) -> Site:
    return Site(hub.address, hub.key)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def phone(playwright: Playwright, profile: Path) -> BrowserContext:
    """The same profile again is the same phone, switched on again."""
    return playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=["--no-sandbox"], locale="en-GB",
        viewport={"width": 390, "height": 844},
    )  # fmt: skip


def unlock(page: Page) -> None:
    page.fill("input[type=password]", PIN)
    page.get_by_role("button", name="Open").click()


def ready(page: Page) -> None:
    expect(page.locator("button.big")).to_be_enabled(timeout=150_000)


def keep(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"field-{name}.png", full_page=True)


def stored(page: Page) -> list[dict[str, Any]]:
    """The cases' records as they lie in the browser: sealed."""
    text = page.evaluate(
        """() => new Promise((done) => {
            const open = indexedDB.open("fada", 1);
            open.onsuccess = () => {
                const all = open.result.transaction("cases").objectStore("cases").getAll();
                all.onsuccess = () => done(JSON.stringify(all.result));
            };
        })"""
    )
    return list(json.loads(text))


@pytest.mark.timeout(420)
def test_a_case_is_read_without_a_network_and_comes_back(
    site: Site, playwright: Playwright, tmp_path: Path
) -> None:
    enrolment = site.api("POST", "/api/devices/codes", json={}).json()
    name = f"Phone {uuid.uuid4().hex[:6]}"
    context = phone(playwright, tmp_path)
    page = context.pages[0]
    page.goto(f"{site.address}/field/#enrol={enrolment['code']}")
    expect(page.get_by_role("heading", name="Choose a PIN")).to_be_visible()
    unlock(page)
    expect(page.get_by_label("Code")).to_have_value(enrolment["code"])
    page.get_by_label("Name of this phone").fill(name)
    keep(page, "1-enrol")
    page.get_by_role("button", name="Enrol this phone").click()
    ready(page)
    assert page.evaluate("crossOriginIsolated")
    assert page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    devices = site.api("GET", "/api/devices").json()["items"]
    assert name in {d["name"] for d in devices}
    context.close()

    # no network from here on; the phone was switched off in between
    context = phone(playwright, tmp_path)
    context.set_offline(True)
    page = context.pages[0]
    page.goto(f"{site.address}/field/")
    page.fill("input[type=password]", "000000")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    unlock(page)
    ready(page)
    page.set_input_files("input[type=file]", SAMPLES / "head-27w.png")
    expect(page.locator("#figures-title")).to_be_visible(timeout=150_000)
    expect(page.locator(".viewer-label")).to_have_text("AI result, not for diagnosis, unreviewed")
    expect(page.locator("main")).to_contain_text("px only: not calibrated")
    keep(page, "2-read-offline")
    page.get_by_role("button", name="Cases").click()
    expect(page.locator(".field-cases")).to_contain_text("not sent yet")
    assert stored(page)[0]["state"] in ("analysed", "failed")
    keep(page, "3-waiting")
    context.close()

    # switched on again, with a network
    context = phone(playwright, tmp_path)
    page = context.pages[0]
    page.goto(f"{site.address}/field/")
    unlock(page)
    ready(page)
    expect(page.locator(".field-cases")).to_contain_text("The hub has", timeout=60_000)
    case = stored(page)[0]["id"]
    study_uid = f"2.25.{uuid.UUID(case).int}"
    found = site.api("GET", "/api/studies?limit=500&order=newest").json()["items"]
    study = next(s["id"] for s in found if s["study_uid"] == study_uid)
    hub_has_read(site, study)
    expect(page.get_by_role("button", name="Send now")).to_be_enabled(timeout=30_000)
    page.get_by_role("button", name="Send now").click()
    expect(page.locator(".field-cases")).to_contain_text("The hub has read it", timeout=60_000)
    page.locator(".field-cases button").first.click()
    page.get_by_role("button", name="Hub’s reading").click()
    keep(page, "4-hub-reading")
    context.close()
    same_reading(site, study)


def hub_has_read(site: Site, study: str, seconds: float = 90) -> None:
    """The study is ready with the phone's report; this waits for the hub's own."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        versions = site.api("GET", f"/api/studies/{study}/results").json()["items"]
        if any(v["origin"] == "hub" for v in versions):
            return
        time.sleep(0.3)
    raise AssertionError("the hub did not read the phone's case")


def same_reading(site: Site, study: str) -> None:
    """Parity: the same picture and release give the same on phone and hub."""
    versions = site.api("GET", f"/api/studies/{study}/results").json()["items"]
    by_origin = {v["origin"]: site.result(study, v["version"]) for v in versions}
    ours, theirs = by_origin["phone"]["report"], by_origin["hub"]["report"]
    assert ours["release"]["sha256"] == theirs["release"]["sha256"]
    mine, hubs = ours["frames"][0], theirs["frames"][0]
    assert mine["plane"]["label"] == hubs["plane"]["label"]
    assert mine["interpretation"] == hubs["interpretation"]
    for name in ("scope_confidence", "quality"):
        assert mine[name] == pytest.approx(hubs[name], abs=0.01)
    assert [s["label"] for s in mine["structures"]] == [s["label"] for s in hubs["structures"]]
    for a, b in zip(mine["structures"], hubs["structures"], strict=True):
        assert a["confidence"] == pytest.approx(b["confidence"], abs=0.01)
        assert overlap(a, b, hubs) >= 0.99
    for a, b in zip(mine["measurements"], hubs["measurements"], strict=True):
        assert a["px"] == pytest.approx(b["px"], rel=0.005)


def overlap(a: dict[str, Any], b: dict[str, Any], frame: dict[str, Any]) -> float:
    """Intersection over union of two outlines or boxes."""
    masks = []
    for structure in (a, b):
        x0, y0, x1, y1 = structure["box"]
        points = structure["polygon"] or [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
        masks.append(geometry.fill(np.array(points), frame["width"], frame["height"]))
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())
