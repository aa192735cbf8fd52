"""A long clip on the phone: it is looked through with progress, and a person may end that."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.pages import Site
from e2e.phone import field
from playwright.sync_api import Browser, Page, expect

from services.domain.language.languages import catalogue

HEADS, FRAMES = 90, 120


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 360, "height": 780}, locale="en-GB", service_workers="block"
    )
    yield context.new_page()
    context.close()


def sweep(folder: Path) -> Path:
    """Ninety frames of a head, none like another, and thirty of a femur."""
    return field.rle_clip(folder / "sweep", heads=HEADS, femurs=FRAMES - HEADS, drift=7)


def part_of(page: Page) -> int:
    """How many percent of the clip were looked at, by what the page says."""
    words = page.get_by_role("status").inner_text()
    said = re.search(r"(\d+) %", words)
    assert said, words
    return int(said.group(1))


def test_a_sweep_says_how_far_it_is_and_stops_when_told(
    page: Page, site: Site, tmp_path: Path
) -> None:
    page.goto(f"{site.address}/field/")
    field.enrol(page, site, f"Sweep {uuid.uuid4().hex[:6]}")
    words = catalogue("en")
    page.context.set_offline(True)  # what is shown is the phone's own
    page.locator("input[type=file]").nth(1).set_input_files(sweep(tmp_path))
    status = page.get_by_role("status")
    expect(status).to_contain_text(re.compile(r"[1-9]\d? %"), timeout=120_000)
    expect(status).to_contain_text(words["phone.phase_choose"])
    first = part_of(page)
    field.show(page, "29-sweep")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(status).not_to_contain_text(f" {first} %", timeout=60_000)
    assert part_of(page) > first
    seen = part_of(page)
    page.get_by_role("button", name=words["phone.stop_looking"]).click()
    expect(page.locator("#figures-title")).to_be_visible(timeout=120_000)
    expect(status).to_have_count(0, timeout=120_000)
    (case,) = field.cases(page)
    (read,) = case["pictures"][0]["reads"]
    assert seen < 100 * HEADS / FRAMES, "stopped before the femur came"
    assert read <= HEADS
    expect(page.locator(".frame-picker")).to_contain_text(f"of {FRAMES}")
    field.show(page, "29-sweep-stopped")

    # what came after it can still be read by hand
    picker = page.locator(".frame-picker")
    page.locator(".frame-picker input").fill(str(FRAMES))
    expect(picker).to_contain_text(words["frame.not_read"])
    page.get_by_role("button", name=words["phone.read_frame"]).click()
    expect(picker).not_to_contain_text(words["frame.not_read"], timeout=120_000)
    assert field.cases(page)[0]["pictures"][0]["reads"] == [FRAMES]
