"""What the page tests share: Chromium, people with their keys, and studies of their own."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pydicom
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from pydicom.uid import generate_uid

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
ARTEFACTS = ROOT / "tests" / "artefacts" / "pages"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
PATIENCE = 90_000  # ms: a busy machine is many times slower than a quiet one
WIDTHS = {"phone": (360, 780), "tablet": (820, 1180), "desktop": (1440, 900)}

# When nothing fades any more: a colour on its way is nobody's contrast.
AT_REST = """async () => {
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  const ends = (one) => Number.isFinite(one.effect.getComputedTiming().endTime);
  await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""


@dataclass(frozen=True)
class Site:
    """A running hub and the key of its administrator."""

    address: str
    key: str

    def api(self, method: str, path: str, key: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.request(method, self.address + path, headers=headers, timeout=60, **more)

    def person(self, name: str, role: str) -> str:
        """A key of its own for somebody."""
        answer = self.api("POST", "/api/keys", json={"name": name, "role": role})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    def send(self, path: Path) -> str:
        """Upload a file; the study's id."""
        with path.open("rb") as file:
            answer = self.api("POST", "/api/uploads", files={"file": (path.name, file)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["items"][0]["study_id"])

    def ready(self, study: str, seconds: float = 300) -> dict[str, Any]:
        """Wait until the study was analysed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            body = self.api("GET", f"/api/studies/{study}").json()
            if body["state"] in ("ready", "failed", "reviewed"):
                return dict(body)
            time.sleep(0.3)
        raise AssertionError(f"{study} was not analysed within {seconds} s")

    def result(self, study: str, version: int | str = "latest") -> dict[str, Any]:
        return dict(self.api("GET", f"/api/studies/{study}/results/{version}").json())


def copy_of(
    sample: str, folder: Path, patient: str = "SAMPLE^THREE", description: str = ""
) -> Path:
    """A sample as a study of its own: fresh UIDs, the same real image."""
    dataset = pydicom.dcmread(SAMPLES / sample)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientName = patient
    # Another woman has another number: one number with two names waits for a person, and is not shared.
    dataset.PatientID = f"E2E-{zlib.crc32(patient.encode()):08x}"
    if description:
        dataset.StudyDescription = description
    path = folder / f"{dataset.SOPInstanceUID}.dcm"
    dataset.save_as(path)
    return path


@contextmanager
def visit(
    browser: Browser, site: Site, key: str, width: str = "desktop", **more: Any
) -> Iterator[Page]:
    """A page of somebody who has signed in; faults of the page's own code fail the test."""
    w, h = WIDTHS[width]
    context = browser.new_context(viewport={"width": w, "height": h}, locale="en-GB", **more)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda m: (
            faults.append(m.text) if m.type == "error" and "Content Security" in m.text else None
        ),
    )
    sign_in(page, site, key)
    try:
        yield page
    finally:
        close(context)
    assert not faults, faults


def close(context: BrowserContext) -> None:
    context.close()


def sign_in(page: Page, site: Site, key: str) -> None:
    page.goto(site.address + "/")
    page.click("details.with-key summary")
    page.fill("input[name=key]", key)
    page.click("details.with-key button[type=submit]")
    page.wait_for_selector("main.worklist")


def keep(page: Page, name: str, **more: Any) -> None:
    """A screenshot among the test artefacts."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", **more)


def open_case(page: Page, site: Site, study: str) -> None:
    page.goto(f"{site.address}/study/{study}")
    page.wait_for_selector(".viewer svg image")
    page.wait_for_selector(".tab-panel .figures .value")


def on_picture(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the frame stands on the screen."""
    point = page.evaluate(
        """([x, y]) => {
            const svg = document.querySelector(".picture .viewer svg");
            const p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
            return [p.x, p.y];
        }""",
        [x, y],
    )
    return float(point[0]), float(point[1])


def drag(page: Page, *points: tuple[float, float]) -> None:
    """Press, go along pixels of the frame, let go."""
    start = on_picture(page, *points[0])
    page.mouse.move(*start)
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*on_picture(page, *point), steps=6)
    page.mouse.up()


def grips(page: Page) -> list[list[float]]:
    """What can be taken hold of on the frame, in its pixels."""
    return list(
        page.eval_on_selector_all(
            ".handles circle", "all => all.map((c) => [+c.getAttribute('cx'), +c.getAttribute('cy')])"
        )
    )  # fmt: skip


def pull(page: Page, grip: int, dx: float, dy: float) -> None:
    """Take hold of a grip and let go elsewhere."""
    x, y = grips(page)[grip]
    drag(page, (x, y), (x + dx / 2, y + dy / 2), (x + dx, y + dy))


def figure(page: Page, name: str) -> float:
    """A measurement as it stands on the page, in mm."""
    row = page.locator(".tab-panel .figures tr").filter(has=page.locator(f"abbr:text-is('{name}')"))
    return float(row.locator(".value").inner_text().replace(" mm", ""))


def examination_of(site: Site, folder: Path, name: str, number: str) -> str:
    """A woman's examination of three images (two of them heads), sent and read; the study's id."""
    study = generate_uid()
    files = []
    for position, sample in enumerate(("head-27w.dcm", "femur-uncalibrated.dcm", "head-27w.dcm")):
        dataset = pydicom.dcmread(SAMPLES / sample)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, generate_uid()
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.PatientName, dataset.PatientID, dataset.StudyDate = name, number, "20250115"
        if "SequenceOfUltrasoundRegions" not in dataset:
            dataset.PixelSpacing = [0.25, 0.25]
        path = folder / f"{position}.dcm"
        dataset.save_as(path)
        files.append(("file", (path.name, path.read_bytes())))
    answer = site.api("POST", "/api/uploads", files=files)
    assert answer.status_code == 200, answer.text
    made = str(answer.json()["items"][0]["study_id"])
    assert site.ready(made)["state"] == "ready"
    return made


def asked(page: Page, question: str) -> Locator:
    """What stands under a question about the image, on the hub's page and the phone's alike."""
    page.locator(".ask input").fill(question)
    page.locator(".ask button[type=submit]").click()
    return page.locator(".ask [aria-live]")


def at_every_width(page: Page, name: str, **more: Any) -> None:
    """A screenshot at each width, and nothing runs out of the page at its side."""
    for width, (x, y) in WIDTHS.items():
        page.set_viewport_size({"width": x, "height": y})
        keep(page, f"{name}-{width}", **more)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, (name, width)
