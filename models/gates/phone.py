"""The phone's own reader in a real Chromium: its page is built from its sources and served here."""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from services.reading.releases.release import MANIFEST, Release

WEB = Path(__file__).resolve().parents[2] / "web"
PHONE = WEB / "phone"
_OPEN_SECONDS, _READ_SECONDS = 180, 120


class PhoneUnavailable(RuntimeError):
    """Chromium or the phone's packages are not on this machine."""


class _Pages(SimpleHTTPRequestHandler):
    """Files of one folder, isolated as the hub serves them, so that threads may share memory."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}  # noqa: RUF012

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written about requests."""


class Phone:
    """A phone that holds one release. Use it as a context."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._work = tempfile.TemporaryDirectory()
        self._server: ThreadingHTTPServer | None = None
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._page: Page | None = None

    def __enter__(self) -> Self:
        """Builds and opens the page.

        Raises:
            PhoneUnavailable: something that it needs is not here.
        """
        try:
            self._open()
        except BaseException:
            self._close()
            raise
        return self

    def _open(self) -> None:
        page = Path(self._work.name) / "page"
        build(page)
        held = page / "release"
        held.mkdir()
        for name in (MANIFEST, *self._release.manifest.files):
            (held / name).symlink_to((self._release.folder / name).resolve())
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(page)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"]
        )
        self._page = self._browser.new_page()
        self._page.set_default_timeout(1000 * _OPEN_SECONDS)
        self._page.goto(f"http://127.0.0.1:{self._server.server_port}/")
        self._page.wait_for_function("window.phone !== undefined")
        if not self._page.evaluate("crossOriginIsolated"):
            raise PhoneUnavailable(
                "The page is not isolated: llama.cpp's threads cannot run in it."
            )
        opened = self._page.evaluate("window.phone.open()")
        if opened != self._release.manifest.id:
            raise PhoneUnavailable(f"The phone opened {opened}.")

    def read(self, picture: bytes, pixel_mm: float | None = None) -> dict[str, Any]:
        """The frame's reading of one PNG, as the phone's report holds it."""
        assert self._page is not None
        self._page.set_default_timeout(1000 * _READ_SECONDS)
        report: dict[str, Any] = self._page.evaluate(
            "([picture, size]) => window.phone.read(picture, size)",
            [base64.b64encode(picture).decode(), [pixel_mm, pixel_mm] if pixel_mm else None],
        )
        frame: dict[str, Any] = report["frames"][0]
        return frame

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._work.cleanup()


def chromium() -> str:
    """Where Chromium is. Raises PhoneUnavailable."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise PhoneUnavailable("There is no Chromium here (Debian: apt-get install chromium).")
    return browser


def build(out: Path) -> None:
    """Builds the page of the phone's reader into `out`. Raises PhoneUnavailable."""
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules" / "vite").is_dir():
        raise PhoneUnavailable("Node and the phone's packages are needed (npm ci in web).")
    done = subprocess.run(
        [node, str(PHONE / "tests" / "reader.mjs"), str(out)],
        capture_output=True,
        text=True,
        cwd=PHONE,
        check=False,
    )
    if done.returncode:
        raise PhoneUnavailable(f"The phone's page cannot be built: {done.stderr[-500:]}")
