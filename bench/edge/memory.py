"""What the phone's app holds in memory, part by part, less what the browser holds for an empty page."""

from __future__ import annotations

import threading
from pathlib import Path

from playwright.sync_api import Page

PARTS = (
    "browser_mb", "app_mb", "vision_model_mb", "text_model_mb", "images_mb", "peak_mb",
    "peak_less_browser_mb",
)  # fmt: skip

# What each worker holds; the browser answers after it has collected its garbage.
_BY_WORKER = """async () => {
  const told = await performance.measureUserAgentSpecificMemory();
  const sums = {vision: 0, other: 0};
  for (const {bytes, attribution} of told.breakdown) {
    const worker = attribution.find((one) => one.scope === "DedicatedWorkerGlobalScope");
    if (worker) sums[/wasm\\.worker|gpu\\.worker/.test(worker.url) ? "vision" : "other"] += bytes;
  }
  return sums;
}"""


class Memory:
    """Watches the page processes of the browser with this profile; each step is noted when it is reached."""

    def __init__(self, profile: Path) -> None:
        self._profile, self._most = str(profile), 0.0
        self._empty = self._opened = self._loaded = self._vision = 0.0
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def empty(self) -> None:
        """An empty page is shown: what is held now is the browser's own."""
        self._empty = self._held()

    def opened(self) -> None:
        """The app stands open, without models."""
        self._opened = self._held()

    def loaded(self, page: Page) -> None:
        """Its models are loaded; from now on the peak counts."""
        workers = page.evaluate(_BY_WORKER)
        self._loaded = self._held()
        share = workers["vision"] / max(workers["vision"] + workers["other"], 1)
        self._vision = share * (self._loaded - self._opened)
        self._looking.start()

    def end(self) -> dict[str, float]:
        """``PARTS`` in MB: an empty page; less that, the app, its models, the images that are read; the peak.

        The two models are told apart by the share that the browser gives to each worker.
        """
        self._ended.set()
        self._looking.join()
        models = self._loaded - self._opened
        return {
            "browser_mb": self._empty,
            "app_mb": self._opened - self._empty,
            "vision_model_mb": self._vision,
            "text_model_mb": models - self._vision,
            "images_mb": max(self._most - self._loaded, 0.0),
            "peak_mb": self._most,
            "peak_less_browser_mb": self._most - self._empty,
        }

    def _look(self) -> None:
        while not self._ended.wait(0.3):
            self._most = max(self._most, self._held())

    def _held(self) -> float:
        return sum(map(_share, self._pages()))

    def _pages(self) -> list[Path]:
        pages = []
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = command.read_bytes().decode(errors="replace")
            except OSError:
                continue
            if "--type=renderer" in words and self._profile in words:
                pages.append(command.parent)
        return pages


def _share(process: Path) -> float:
    """Its share of memory (PSS) in MB; 0 when it has ended."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("Pss:"))) / 1024
    except (OSError, StopIteration):
        return 0.0
