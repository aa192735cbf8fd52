"""OHIF by Playwright: what a reader does there, and what its canvas then shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Page, TimeoutError, expect

_THUMBNAILS = "[data-cy=study-browser-thumbnail], [data-cy=study-browser-thumbnail-no-image]"
# Cornerstone copies what WebGL drew to this canvas. Masks are coloured, the ultrasound here is grey.
_CANVAS = """() => {
  const canvas = document.querySelector("canvas.cornerstone-canvas");
  if (!canvas || !canvas.width) return { lit: 0, coloured: 0, hash: 0 };
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let lit = 0, coloured = 0, hash = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    if (Math.max(r, g, b) > 40) lit++;
    if (Math.max(r, g, b) - Math.min(r, g, b) > 40) coloured++;
    hash = (hash * 31 + r) | 0;
  }
  return { lit, coloured, hash };
}"""


@dataclass(frozen=True)
class Drawn:
    """Pixels of the viewport that are lit, those with colour, and a hash of them all."""

    lit: int
    coloured: int
    hash: int


class Ohif:
    """One page of it. ``origin``: of ``bench.viewers.site.serving``."""

    def __init__(self, page: Page, origin: str, patience: float = 90_000) -> None:
        self.page, self.origin, self.patience = page, origin, patience
        page.set_default_timeout(patience)
        self.faults: list[str] = []
        self.reloads = 0  # of a viewer that stayed black
        self.failed: list[str] = []  # files that did not come, and what the page said of it
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("requestfailed", lambda one: self.failed.append(f"{one.url} {one.failure}"))

    def list_studies(self, patient: str) -> str:
        """The list's row of a patient, as text."""
        self.page.goto(self.origin)
        row = self.page.get_by_role("row").filter(has_text=patient).first
        expect(row).to_be_visible(timeout=self.patience)
        text = row.inner_text()
        self.page.wait_for_load_state("networkidle")
        return text

    def open(self, study_uid: str) -> Drawn:
        """A study; what is drawn of its first series."""
        self.page.goto(f"{self.origin}/viewer?StudyInstanceUIDs={study_uid}")
        thumbnails = self.page.locator(_THUMBNAILS).first
        try:
            thumbnails.wait_for(timeout=self.patience / 4)
        except TimeoutError:
            # In a browser that never saw it, OHIF's first viewer after its list may stay black.
            self.reloads += 1
            self.page.reload()
            thumbnails.wait_for()
        return self.wait_for("lit > 5000")

    def series(self) -> list[str]:
        """Each series' modality and description."""
        texts = self.page.locator(_THUMBNAILS).all_inner_texts()
        return [re.sub(r"\s+", " ", one).strip() for one in texts]

    def show(self, description: str, number: int = 0) -> None:
        """Open the series of this description, the first of several or another."""
        self.page.locator(_THUMBNAILS).filter(has_text=description).nth(number).dblclick()

    def position(self) -> str:
        """The number of the frame that is shown and of all, e.g. 1/16."""
        overlay = self.page.locator("[data-cy=viewport-overlay-bottom-right]")
        text = overlay.inner_text()
        (position,) = re.findall(r"\d+/\d+", text) or [""]
        return str(position)

    def wait_for_position(self, wanted: str) -> None:
        """Until the overlay names this frame: the count of frames may come after the picture."""
        overlay = self.page.locator("[data-cy=viewport-overlay-bottom-right]")
        expect(overlay).to_contain_text(wanted, timeout=self.patience)

    def step(self, frames: int) -> None:
        """Forward by so many frames, with the key for it."""
        self.page.locator("canvas.cornerstone-canvas").hover()
        for _ in range(frames):
            self.page.keyboard.press("ArrowDown")
            self.page.wait_for_timeout(200)

    def wait_for(self, condition: str) -> Drawn:
        """Until the viewport's ``Drawn`` meets a condition in JavaScript, e.g. ``coloured > 100``."""
        handle = self.page.wait_for_function(
            f"() => {{ const d = ({_CANVAS})(); const {{ lit, coloured, hash }} = d;"
            f" return ({condition}) && d; }}",
            polling=500,
        )
        return Drawn(**handle.json_value())

    def drawn(self) -> Drawn:
        """Now."""
        return Drawn(**self.page.evaluate(_CANVAS))

    def segments(self) -> list[str]:
        """The labels of the segments in the segmentation panel."""
        panel = self.page.locator("[data-cy=data-row]")
        if not panel.count():
            self.page.locator("[data-cy=panelSegmentation-btn]").click()
        panel.first.wait_for()
        return panel.all_inner_texts()

    def annotations(self) -> int:
        """How many shapes of a structured report are drawn over the image."""
        return self.page.locator(".svg-layer ellipse, .svg-layer path, .svg-layer line").count()

    def next_measurement(self) -> None:
        """On to the next measurement of the structured report that is shown."""
        self.page.locator(
            "[data-cy=viewport-grid] .text-highlight.cursor-pointer > svg"
        ).last.click()
