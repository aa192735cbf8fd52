"""Each key that the help names does what the help says of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pydicom
import pytest
from e2e.pages import PATIENCE, Site, copy_of, visit
from playwright.sync_api import Browser, Page, expect

from bench.exam import make_clip

NAME = f"KEYS{uuid.uuid4().hex[:6].upper()}"
HELP = {
    "j / k", "Enter", "/", "u", "r", "n / p", "↓ / ↑", "→ / ←", "] / [", "Space", "o", "m", "+ / − / 0",
    "e", "Ctrl+Z / Ctrl+Y", "a", "s", "Esc", "v", "b / x", "p / l", "d / c", "Del",
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(site: Site, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two women; the first has a still image and a clip of four frames."""
    folder = tmp_path_factory.mktemp("keys")
    still = copy_of("head-27w.dcm", folder, f"{NAME}^ONE")
    clip = copy_of("head-35w.dcm", folder, f"{NAME}^ONE")
    dataset = pydicom.dcmread(clip)
    make_clip(dataset, 4)
    first = pydicom.dcmread(still, stop_before_pixels=True)
    dataset.StudyInstanceUID, dataset.PatientID = first.StudyInstanceUID, first.PatientID
    dataset.InstanceNumber = 2
    dataset.save_as(clip)
    other = copy_of("head-14w.dcm", folder, f"{NAME}^TWO")
    studies = [site.send(path) for path in (still, clip, other)]
    assert studies[0] == studies[1], "one study"
    for study in dict.fromkeys(studies):
        site.api("POST", f"/api/studies/{study}/complete")
        assert site.ready(study)["state"] == "ready"
    return [studies[0], studies[2]]


def worklist(page: Page) -> None:
    """With the two cases alone."""
    page.wait_for_selector(".list .line")
    page.keyboard.press("/")
    page.keyboard.type(NAME)
    expect(page.locator(".list .line")).to_have_count(2)
    page.keyboard.press("Tab")  # out of the field: letters are keys again


def chosen(page: Page) -> str | None:
    return page.locator(".line[aria-selected=true]").get_attribute("id")


def test_the_worklists_keys(site: Site, browser: Browser, ann: str, cases: list[str]) -> None:
    with visit(browser, site, ann) as page:
        worklist(page)
        page.locator("h1").click()
        page.keyboard.press("?")
        shown = page.get_by_role("dialog").locator("kbd")
        until(page, lambda: shown.count() > 0, "?")
        assert set(shown.all_inner_texts()) == HELP, (
            "a key without a test, or one that the help lacks"
        )
        page.keyboard.press("Escape")
        for key, row in (("j", "row-1"), ("k", "row-0"), ("ArrowDown", "row-1"), ("Home", "row-0")):
            page.keyboard.press(key)
            until(page, lambda row=row: chosen(page) == row, key)  # type: ignore[misc]
        flags = page.locator(".list .line .flag")
        before = flags.count()
        page.keyboard.press("u")
        expect(flags).not_to_have_count(before)
        page.keyboard.press("u")
        expect(flags).to_have_count(before)
        with page.expect_response(lambda r: "/api/studies?" in r.url):
            page.keyboard.press("r")
        page.keyboard.press("Enter")
        page.wait_for_url("**/study/*")


def until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """The page answers a key when it is drawn, and when the hub has answered."""
    for _ in range(PATIENCE // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError(what)


def toggled(page: Page, key: str, state: Callable[[], object]) -> None:
    """The key changes the state, and again changes it back."""
    before = state()
    page.keyboard.press(key)
    until(page, lambda: state() != before, f"{key} changes nothing")
    page.keyboard.press(key)
    until(page, lambda: state() == before, f"{key} does not change it back")


def test_the_cases_keys(site: Site, browser: Browser, ann: str, cases: list[str]) -> None:
    with visit(browser, site, ann) as page:
        worklist(page)
        page.locator(".line-patient a", has_text="ONE").click()
        page.wait_for_selector(".viewer svg image")
        pictures = page.locator(".thumbnails button")
        expect(pictures).to_have_count(2)
        current = page.locator(".thumbnails button[aria-current]")
        counter, drawn = page.locator(".scrubber .value"), page.locator(".viewer .shape")
        page.keyboard.press("ArrowUp")
        expect(pictures.nth(0)).to_have_attribute("aria-current", "true")
        expect(drawn).not_to_have_count(0)
        toggled(page, "o", drawn.count)
        opacity = page.locator(".picture .viewer svg")
        toggled(page, "m", opacity.inner_html)
        width = lambda: page.locator(".viewer svg").bounding_box()  # noqa: E731
        whole = width()
        page.keyboard.press("+")
        until(page, lambda: width() != whole, "+")
        page.keyboard.press("-")
        page.keyboard.press("+")
        page.keyboard.press("0")
        until(page, lambda: width() == whole, "0")
        toggled(page, "u", page.locator(".case-state .flag").count)
        page.keyboard.press("ArrowDown")
        expect(pictures.nth(1)).to_have_attribute("aria-current", "true")
        expect(current).to_have_count(1)
        at = int(counter.inner_text().split("/")[0])
        step, back = ("ArrowRight", "ArrowLeft") if at < 4 else ("ArrowLeft", "ArrowRight")
        page.keyboard.press(step)
        expect(counter).not_to_contain_text(f"{at} / 4")
        page.keyboard.press(back)
        expect(counter).to_contain_text(f"{at} / 4")
        page.keyboard.press("[")
        expect(pictures.nth(0)).to_have_attribute("aria-current", "true")
        page.keyboard.press("]")
        expect(counter).to_contain_text(f"{at} / 4")
        play = page.locator(".scrubber .play")
        page.keyboard.press("Space")
        expect(play).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Space")
        expect(play).to_have_attribute("aria-pressed", "false")
        for key, title in (("a", "Accept"), ("s", "Sign")):
            page.keyboard.press(key)
            expect(page.get_by_role("dialog")).to_contain_text(title)
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
        here = page.url
        first = (
            page.locator(".place a").count() == 1 and "1 " in page.locator(".place").inner_text()
        )
        for key in ("n", "p") if first else ("p", "n"):
            page.keyboard.press(key)
            page.wait_for_function("was => location.href !== was", arg=here)
            page.wait_for_selector(".viewer svg image")
            here = page.url
        page.keyboard.press("Escape")
        page.wait_for_selector("main.worklist")


def test_the_tools_keys(site: Site, browser: Browser, ann: str, cases: list[str]) -> None:
    with visit(browser, site, ann) as page:
        page.goto(f"{site.address}/study/{cases[1]}")
        page.wait_for_selector(".viewer svg image")
        expect(page.locator(".viewer .shape")).not_to_have_count(0)
        page.keyboard.press("e")
        tools = page.locator(".tools")
        for place, key in enumerate("vbxpldc"):
            page.keyboard.press(key)
            expect(tools.locator("button[aria-pressed]").nth(place)).to_have_attribute(
                "aria-pressed", "true"
            )
        page.keyboard.press("l")
        shapes = page.locator(".viewer .shape")
        before = shapes.count()
        page.keyboard.press("Delete")
        expect(shapes).to_have_count(before - 1)
        page.keyboard.press("Control+z")
        expect(shapes).to_have_count(before)
        page.keyboard.press("Control+y")
        expect(shapes).to_have_count(before - 1)
        page.keyboard.press("Control+z")
        page.keyboard.press("Escape")
        expect(tools).to_have_count(0)
