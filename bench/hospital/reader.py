"""A reader of the hospital in Chromium: signs on, corrects, signs on the page, and looks in viewers."""

from __future__ import annotations

from typing import Any

import httpx
from playwright.sync_api import Browser, Page

from bench.viewers.ohif import Ohif
from bench.viewers.site import Hub

_PATIENCE = 120_000
_PLACE = """([x, y]) => {
  const svg = document.querySelector(".picture .viewer svg");
  const p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
  return [p.x, p.y];
}"""


def correct_and_sign(page: Page, hub: str, study: str, box: list[float], name: str) -> str:
    """Draw the head's ellipse anew in its box (x0, y0, x1, y1 of the frame) and sign.

    The page's label once it says that ``name`` has reviewed: others may have before.
    """
    page.set_default_timeout(_PATIENCE)
    page.goto(f"{hub}/study/{study}")
    page.wait_for_selector(".viewer svg image")
    page.wait_for_selector(".tab-panel .figures .value")
    page.keyboard.press("e")
    page.keyboard.press("l")
    x0, y0, x1, y1 = box
    page.mouse.move(*page.evaluate(_PLACE, [x0 + 10, y0 + 10]))
    page.mouse.down()
    for point in ([x0 + 40, y0 + 40], [x1 - 15, y1 - 15]):
        page.mouse.move(*page.evaluate(_PLACE, point), steps=6)
    page.mouse.up()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Sign", exact=True).click()
    label = page.locator(".actions .label").filter(has_text=name)
    label.wait_for()
    return label.inner_text()


def look_in_ohif(
    browser: Browser, origin: str, patient: str, study: str, clip: str
) -> dict[str, Any]:
    """What OHIF's list, image, mask, report and a clip came to."""
    page = browser.new_page(viewport={"width": 1000, "height": 700}, service_workers="block")
    ohif = Ohif(page, origin, _PATIENCE)
    seen: dict[str, Any] = {"listed": ohif.list_studies(patient)}
    seen["image"] = ohif.open(study)
    ohif.show("FADA Segmentation")
    seen["mask"] = ohif.wait_for("coloured > 1000")
    seen["segments"] = ohif.segments()
    ohif.open(study)
    ohif.show("FADA Measurements")
    page.get_by_text("SR", exact=True).last.wait_for()
    seen["report"] = ohif.wait_for("lit > 5000")
    seen["clip"] = ohif.open(clip)
    seen["frames"] = ohif.position()
    ohif.step(1)
    seen["moved"] = ohif.wait_for(f"hash !== {seen['clip'].hash}")
    seen["faults"] = ohif.faults
    page.close()
    return seen


def look_in_dwv(browser: Browser, origin: str, hub: Hub, study: str) -> dict[str, list[Any]]:
    """What dwv made of each image and report of the study, by modality."""
    page = browser.new_page()
    page.goto(f"{origin}/dwv/dwv.html")
    page.wait_for_function("window.ready")
    loaded = page.evaluate("all => list(...all)", [hub.dicomweb, hub.key, study])
    seen: dict[str, list[Any]] = {"US": [], "SR": []}
    for kind, of in seen.items():  # the images before what is drawn on them
        for url in [one["url"] for one in loaded if one["modality"] == kind]:
            of.append(page.evaluate("all => load(...all)", [url, hub.key]))
    page.close()
    return seen


def clip_of(client: httpx.Client, name: str, content: bytes) -> dict[str, Any]:
    """Send a clip as a probe exports it; the upload's item."""
    answer = client.post("/api/uploads", files={"file": (name, content)}, data={"pixel_mm": "0.2"})
    return dict(answer.raise_for_status().json()["items"][0])
