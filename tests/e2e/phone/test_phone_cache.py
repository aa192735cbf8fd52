"""What the phone's app keeps for days without a network, and what it fetches for that: each byte once."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from e2e.pages import ROOT
from playwright.sync_api import Browser, Page, expect

DIST = ROOT / "web" / "phone" / "dist"


@dataclass
class Served:
    """The built app under /field/ as files, and what was asked for since it was last emptied."""

    folder: Path
    address: str = ""
    asked: list[str] = field(default_factory=list)

    def change(self, path: str, old: str, new: str) -> None:
        """Another version of one file."""
        file = self.folder / "field" / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))


class Files(SimpleHTTPRequestHandler):
    """Static files that notes each request."""

    def __init__(self, *words: object, served: Served, **more: object) -> None:
        self.served = served
        super().__init__(*words, directory=str(served.folder), **more)  # type: ignore[arg-type]

    def end_headers(self) -> None:
        kept = "max-age=31536000, immutable" if "/assets/" in self.path else "no-cache"
        self.send_header("Cache-Control", kept)
        super().end_headers()

    def do_GET(self) -> None:
        self.served.asked.append(self.path.removeprefix("/field/"))
        super().do_GET()

    def log_message(self, *words: object) -> None:
        """Said by nobody."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    shutil.copytree(DIST, tmp_path / "field")
    served = Served(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, served=served))
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def cache_of(page: Page, before: str = "") -> str:
    """The name of the app's one cache, when its service worker is in charge and it is not ``before``."""
    for _ in range(600):
        names = page.evaluate("caches.keys()")
        if len(names) == 1 and names[0] != before:
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            return str(names[0])
        page.wait_for_timeout(100)
    raise AssertionError(f"still {names}")


def size(page: Page, path: str) -> int:
    """Bytes of a file of the app, from wherever it comes."""
    script = "(path) => fetch(path).then((a) => a.arrayBuffer()).then((b) => b.byteLength)"
    return int(page.evaluate(script, f"/field/{path}"))


def named(part: str) -> str:
    (file,) = (p for p in (DIST / "assets").glob("*.wasm") if part in p.name)
    return f"assets/{file.name}"


def test_each_file_is_fetched_once_and_only_where_it_is_used(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/field/")
    first = cache_of(page)
    gpu, usual, codec = named("jspi"), named("threaded-"), named("openjpeg")
    assert gpu not in served.asked
    for file in (usual, codec, named("wllama"), named("charls"), named("openjph")):
        assert served.asked.count(file) == 1, file

    # a phone with WebGPU uses it once: from then on it is there without a network
    assert size(page, gpu) == (DIST / gpu).stat().st_size
    page.context.set_offline(True)
    for file in (gpu, usual, codec):
        assert size(page, file) == (DIST / file).stat().st_size
    page.reload()
    expect(page.locator("main")).to_be_visible()
    page.context.set_offline(False)

    # another version of the app: only what is not the same is fetched
    new = "assets/new-in-this-version.js"
    (served.folder / "field" / new).write_text("export {};")
    served.change("sw.js", '["./",', f'["./","./{new}",')
    served.asked.clear()
    page.evaluate("navigator.serviceWorker.getRegistration().then((r) => r.update())")
    cache_of(page, first)
    assert [path for path in served.asked if path.startswith("assets/")] == [new]
    page.context.set_offline(True)
    for file in (gpu, usual, codec, new):
        assert size(page, file) == (served.folder / "field" / file).stat().st_size


def test_a_phone_of_little_memory_fetches_no_text_model(page: Page, served: Served) -> None:
    sw = served.folder / "field" / "sw.js"
    little = "Object.defineProperty(WorkerNavigator.prototype, 'deviceMemory', {get: () => 2});"
    sw.write_text(little + sw.read_text())
    page.goto(f"{served.address}/field/")
    cache_of(page)
    assert named("threaded-") in served.asked
    assert named("wllama") not in served.asked
