"""The phone's app in Chromium: how long it takes for all phases of an image, and what it weighs.

The app as it is served, a hub of its own, real pictures; the seconds are those that the phone's own
reports carry to the hub.
"""

from __future__ import annotations

import io
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from bench.edge.memory import Memory
from services.standalone import local_stack as machines
from services.standalone import ports, seaweed, triton

CHROMIUM = "/usr/bin/chromium"
PIN = "246813"
SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "head-27w.png"
APP = Path(__file__).resolve().parents[2] / "web" / "phone" / "dist"
WAIT = 300.0  # seconds


def measure(repeats: int, cores: int = 3) -> dict[str, float]:
    """Seconds of the five phases (median, warm), memory by part (``Memory.end``), megabytes fetched.

    ``cores`` is what the page is told that the machine has: the app leaves one free, so three make
    it use two threads.
    """
    folder = Path(tempfile.mkdtemp(prefix="fada-bench-"))
    names = [*machines.NAMES, *seaweed.PORTS, *triton.PORTS]
    ports.keep(folder / "hub" / "ports.json", dict(zip(names, ports.free(len(names)), strict=True)))
    machine = machines.LocalStack(machines.StackOptions(home=folder / "hub", quiet_seconds=0))
    try:
        machine.start()
        headers = {"Authorization": f"Bearer {machine.new_key()}"}
        with httpx.Client(base_url=machine.address, headers=headers, timeout=30) as site:
            return _phone(site, machine.address, folder, repeats, cores)
    finally:
        machine.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _phone(
    site: httpx.Client, address: str, folder: Path, repeats: int, cores: int
) -> dict[str, float]:
    code = site.post("/api/devices/codes").json()["code"]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=CHROMIUM, locale="en-GB",
            args=["--no-sandbox", "--enable-blink-features=ForceEagerMeasureMemory"],
        )  # fmt: skip
        page = context.pages[0]
        devtools = context.new_cdp_session(page)
        devtools.send("Emulation.setHardwareConcurrencyOverride", {"hardwareConcurrency": cores})
        memory = Memory(folder / "profile")
        memory.empty()
        page.goto(f"{address}/field/#enrol={code}")
        page.wait_for_selector("input[type=password]")
        memory.opened()
        _enrol(page)
        memory.loaded(page)
        spent = [_read(site, page, folder, number) for number in range(repeats + 1)]
        parts = memory.end()
        context.close()
    warm = spent[1:] or spent
    each = {
        phase: statistics.median(s.get(phase, 0.0) for s in warm)
        for phase in sorted(set().union(*warm))
    }
    return {
        "s": statistics.median(sum(s.values()) for s in warm),
        "first_s": sum(spent[0].values()),
        **parts,
        "download_mb": _download(site),
        **{f"{phase}_s": value for phase, value in each.items()},
    }


def _enrol(page: Page) -> None:
    for value in (PIN, "bench"):
        field = "input[type=password]" if value == PIN else "form input[maxlength='80']"
        page.wait_for_selector(field)
        for one in page.locator(field).all():  # a new PIN is entered twice
            one.fill(value)
        page.locator("form button[type=submit]").click()
    page.wait_for_selector("[data-release]:not([data-release=''])", timeout=WAIT * 1000)


def _read(site: httpx.Client, page: Page, folder: Path, number: int) -> dict[str, float]:
    """Give the app a picture of its own and wait until its report is at the hub."""
    with Image.open(SAMPLE) as sample:
        picture = sample.convert("RGB")
    picture.putpixel((number, 0), (255, 255, 255))
    file = io.BytesIO()
    picture.save(file, "PNG")
    if page.locator(
        "main.field-case"
    ).count():  # back to the list: a further case, not a further image
        page.locator(".field-head button").first.click()
        page.wait_for_selector("button.big")
    page.locator("input[type=file]").first.set_input_files(
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        rows = site.get("/api/studies", params={"limit": 100, "order": "newest"}).json()["items"]
        if len(rows) > number:
            return _seconds(site, rows[0]["id"])
        time.sleep(0.5)
    raise SystemExit("The phone's report did not arrive.")


def _seconds(site: httpx.Client, study: str) -> dict[str, float]:
    versions = site.get(f"/api/studies/{study}/results").json()["items"]
    first = next(v["version"] for v in versions if v["origin"] == "phone")
    report = site.get(f"/api/studies/{study}/results/{first}").json()["report"]
    return {phase: float(spent) for phase, spent in report["seconds"].items()}


def _download(site: httpx.Client) -> float:
    """What a phone fetches before its first case: the app and the active release."""
    listed: dict[str, Any] = site.get("/api/sync/releases").json()
    active = next(i for i in listed["items"] if f"{i['name']}-{i['version']}" == listed["active"])
    wanted = {"vision.onnx", "text.gguf", "mmproj.gguf", "manifest.json"}
    release = sum(f["size"] for f in active["files"] if f["path"] in wanted)
    app = sum(p.stat().st_size for p in APP.rglob("*") if p.is_file())
    return float(release + app) / 1e6
