"""A field phone in Chromium, and a hub of its own that can be killed and started again."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import whole_hub
from e2e.pages import ARTEFACTS, CHROMIUM, SAMPLES, Site
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import RLELossless, UltrasoundMultiFrameImageStorage, generate_uid

from services.standalone import local_stack as machines

PIN = "246813"


class FieldHub:
    """All parts of a hub, as ``fada up`` starts them, on ports and a home that it keeps."""

    def __init__(self, home: Path) -> None:
        self.home = home
        whole_hub.take_free_ports(home)
        self._stands = False
        self.start()
        self.site = Site(self._machine.address, self._machine.new_key())

    def start(self) -> None:
        """Nothing when it stands."""
        if self._stands:
            return
        options = machines.StackOptions(home=self.home, quiet_seconds=0)
        self._machine = machines.LocalStack(options)
        self._stands = True
        self._machine.start()

    def kill(self) -> None:
        """SIGKILL to every part: nothing is ended in good order, nobody listens afterwards."""
        for process in self._machine.processes.values():
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self.stop()
        port = int(self._machine.address.rpartition(":")[2])
        with socket.socket() as asked:
            assert asked.connect_ex(("127.0.0.1", port)) != 0, "somebody still answers"

    def stop(self) -> None:
        if self._stands:
            self._stands = False
            self._machine.stop()


@contextmanager
def phone(
    playwright: Playwright,
    profile: Path,
    address: str,
    *,
    offline: bool = False,
    locale: str = "en-GB",
) -> Iterator[Page]:
    """The app, switched on. The same profile again is the same phone."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=["--no-sandbox"], locale=locale,
        viewport={"width": 390, "height": 844}, device_scale_factor=2,
    )  # fmt: skip
    try:
        context.set_offline(offline)
        page = context.pages[0]
        page.goto(f"{address}/field/")
        yield page
    finally:
        close(context)


def close(context: BrowserContext) -> None:
    with suppress(Exception):  # a phone whose battery was taken out
        context.close()


def unlock(page: Page) -> None:
    """With the PIN; a new one is entered twice."""
    page.wait_for_selector("input[type=password]")
    for field in page.locator("input[type=password]").all():
        field.fill(PIN)
    page.locator("form button[type=submit]").click()


def ready(page: Page) -> None:
    """With its model."""
    expect(page.locator("[data-release]")).not_to_have_attribute(
        "data-release", "", timeout=240_000
    )


def enrol(page: Page, site: Site, name: str) -> None:
    """From the hub's code to a phone with its model."""
    code = site.api("POST", "/api/devices/codes", json={}).json()["code"]
    page.goto(f"{site.address}/field/#enrol={code}")
    page.reload()
    unlock(page)
    page.locator("form input[maxlength='80']").fill(name)
    page.locator("form button[type=submit]").click()
    ready(page)


def take(page: Page, *files: Path, dicom: bool = False) -> None:
    """Give the app files as its user would; back when they were read."""
    before = sum(len(case["pictures"]) for case in cases(page))
    page.locator("input[type=file]").nth(int(dicom)).set_input_files(list(files))
    end = time.monotonic() + 300
    while time.monotonic() < end:
        now = cases(page)
        if sum(len(case["pictures"]) for case in now) == before + len(files) and all(
            case["state"] != "captured" for case in now
        ):
            expect(page.get_by_role("status")).to_have_count(0)
            return
        page.wait_for_timeout(300)
    said = page.locator("[role=alert], [role=status]").all_inner_texts()
    raise AssertionError(f"the phone did not read what it was given, and says {said}")


def cases(page: Page) -> list[dict[str, Any]]:
    """The cases' records as they lie in the browser: sealed."""
    text = page.evaluate(
        """() => new Promise((done) => {
            const open = indexedDB.open("fada", 1);
            open.onsuccess = () => {
                const all = open.result.transaction("cases").objectStore("cases").getAll();
                all.onsuccess = () => done(JSON.stringify(all.result.sort((a, b) => a.n - b.n)));
            };
        })"""
    )
    return list(json.loads(text))


def kept_files(page: Page) -> int:
    """How many sealed files lie in the browser."""
    return int(
        page.evaluate(
            """() => new Promise((done) => {
                const open = indexedDB.open("fada", 1);
                open.onsuccess = () => {
                    const all = open.result.transaction("pictures").objectStore("pictures").count();
                    all.onsuccess = () => done(all.result);
                };
            })"""
        )
    )


def show(page: Page, name: str) -> None:
    """A screenshot among the test artefacts."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"field-{name}.png", full_page=True)


def study_of(site: Site, study_uid: str) -> dict[str, Any]:
    studies = site.api("GET", "/api/studies?limit=500&order=newest").json()["items"]
    return dict(next(s for s in studies if s["study_uid"] == study_uid))


def hub_has_read(site: Site, study: str, frames: int = 1, seconds: float = 400) -> dict[str, Any]:
    """The study is ready with the phone's report; this waits for the hub's own of all frames."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        versions = site.api("GET", f"/api/studies/{study}/results").json()["items"]
        for version in reversed([v for v in versions if v["origin"] == "hub"]):
            report = site.result(study, version["version"])["report"]
            if len(report["frames"]) >= frames:
                return dict(report)
        time.sleep(0.3)
    raise AssertionError("the hub did not read the phone's case")


def as_file(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    dcmwrite(out, dataset)
    return out.getvalue()


def rle_clip(path: Path, *, heads: int, femurs: int, drift: int = 1) -> Path:
    """A clip of so many frames of a head and then of a femur; ``drift``: how many of them in a row lie
    one pixel further each, so that none is like another."""
    dataset = dcmread(SAMPLES / "head-27w.dcm")
    dataset.decompress(generate_instance_uid=False)
    scan = dataset.pixel_array
    other = Image.fromarray(dcmread(SAMPLES / "femur-uncalibrated.dcm").pixel_array)
    femur = np.asarray(other.convert("L").resize(scan.shape[::-1]))
    still = [scan] * heads + [femur] * femurs
    frames = [np.roll(frame, at % drift, axis=1) for at, frame in enumerate(still)]
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.NumberOfFrames = len(frames)
    dataset.PixelData = np.stack(frames).tobytes()
    dataset.compress(RLELossless, generate_instance_uid=False)
    path.write_bytes(as_file(dataset))
    return path
