"""Every screen of the phone's app, one after the other: for tests of reach, and for those who check a language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from e2e.pages import SAMPLES, Site
from e2e.phone import field
from playwright.sync_api import Page, expect

from services.domain.language.languages import catalogue

PICTURE = SAMPLES / "head-27w.png"
CLIP = Path(__file__).parents[2] / "fixtures" / "clips" / "h264.mp4"
PANELS = ("link", "given", "carry", "training")


@dataclass(frozen=True)
class Walk:
    """Through the app of a new phone, that is called ``name`` and shows ``language``."""

    page: Page
    site: Site
    name: str
    language: str = "en"

    def screens(self) -> Iterator[str]:
        """The name of each screen while it is shown."""
        yield from self._pin()
        yield from self._enrolment()
        yield from self._cases()
        yield from self._case()
        yield from self._clip()
        yield from self._locked()

    def words(self, key: str) -> str:
        return catalogue(self.language)[key]

    def press(self, key: str) -> None:
        """The button whose name begins with this text."""
        start = re.escape(self.words(key).partition("{")[0].strip())
        self.page.get_by_role("button", name=re.compile(rf"^(← )?{start}")).first.click()

    def _back(self) -> None:
        self.page.locator("main .field-head button").first.click()

    def _submit(self) -> None:
        self.page.locator("form button[type=submit]").click()

    def _pin(self) -> Iterator[str]:
        page = self.page
        page.wait_for_selector("input[type=password]")
        page.locator(".field-bar select").select_option(self.language)
        page.wait_for_function("(l) => document.documentElement.lang === l", arg=self.language)
        yield "pin-new"
        for at, pin in enumerate((field.PIN, "111111")):
            page.locator("input[type=password]").nth(at).fill(pin)
        self._submit()
        expect(page.get_by_role("alert")).to_have_text(self.words("phone.pins_differ"))
        yield "pin-differs"
        self.press("nav.atlas")
        picture = page.locator(".atlas figure svg")
        for plane in ("femur", "trans-ventricular"):
            name = self.words(f"atlas.{plane}.name")
            page.locator(".atlas-choice button", has_text=name).click()
            expect(picture).to_have_attribute("aria-label", name)
        expect(picture.locator("polygon")).not_to_have_count(0)
        yield "atlas"
        self.press("phone.cases")

    def _enrolment(self) -> Iterator[str]:
        page = self.page
        field.unlock(page)
        page.wait_for_selector("form input[maxlength='80']")
        page.locator("form input").first.fill("AAAA-BBBB")
        page.locator("form input[maxlength='80']").fill(self.name)
        self._submit()
        expect(page.get_by_role("alert")).to_be_visible()
        yield "enrolment"
        code = self.site.api("POST", "/api/devices/codes", json={}).json()["code"]
        page.locator("form input").first.fill(code)
        self._submit()

    def _cases(self) -> Iterator[str]:
        page = self.page
        page.wait_for_selector(".take")
        yield "cases-none"
        field.ready(page)
        for panel in PANELS:
            if page.locator(f"details.{panel} summary").count() > 0:
                page.locator(f"details.{panel} summary").click()
        yield "panels"
        # From here on the app is its service worker's, which fetches all of it before it takes over.
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        page.context.set_offline(True)
        photo = b"\0\0\0\x18ftypheic" + bytes(120)
        page.locator("input[type=file]").first.set_input_files(
            {"name": "photo.heic", "mimeType": "image/heic", "buffer": photo}
        )
        expect(page.get_by_role("alert")).to_have_text(self.words("problem.heic_photo"))
        yield "photo-refused"

    def _case(self) -> Iterator[str]:
        self.press("training.examination")
        expect(self.page.locator("#examination-title")).to_be_visible(timeout=240_000)
        expect(self.page.get_by_role("status")).to_have_count(0)
        yield "training-case"
        self._back()

    def _clip(self) -> Iterator[str]:
        page = self.page
        page.get_by_label(self.words("phone.details_name"), exact=True).fill("Amina Otieno")
        page.get_by_label(self.words("phone.details_last_period"), exact=True).fill("2026-03-02")
        page.get_by_label(self.words("phone.details_fetuses"), exact=True).fill("2")
        field.take(page, CLIP)
        expect(page.locator(".frame-picker")).to_be_visible()
        yield "clip-of-twins"
        self.press("phone.details_change")
        yield "details"
        self.press("cancel")
        self.press("phone.scale")
        self._draw()
        yield "scale"
        self.press("cancel")
        self.press("phone.delete")
        yield "delete"
        self.press("cancel")
        self._back()
        expect(page.locator(".field-cases li")).to_have_count(2)
        yield "cases"

    def _draw(self) -> None:
        box = self.page.locator(".viewer svg").bounding_box()
        assert box is not None
        left, middle = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5
        self.page.mouse.move(left, middle)
        self.page.mouse.down()
        self.page.mouse.move(left + box["width"] * 0.3, middle, steps=4)
        self.page.mouse.up()

    def _locked(self) -> Iterator[str]:
        self.press("phone.lock")
        self.page.fill("input[type=password]", "000000")
        self._submit()
        expect(self.page.get_by_role("alert")).to_have_text(self.words("phone.wrong_pin"))
        yield "pin-wrong"
        self.press("phone.pin_forgotten")
        yield "erase"
