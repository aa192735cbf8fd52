"""dwv, a viewer of others on an origin of its own, on a clip and its report. OHIF: make drill-hospital."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pydicom
import pytest
from e2e.pages import ROOT, Site, keep
from playwright.sync_api import Browser, sync_playwright

from bench.viewers import site as viewers
from services.dicom.objects.clip import clip_object
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.dicom.parser.frames import Frames

PATIENT = "VIEWED^VERA"
FRAMES = 16


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = viewers.chromium(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def origin(hub: Any) -> Iterator[str]:
    """Of the viewers: the one that the hub's setting lets in."""
    if not viewers.install():
        pytest.skip("OHIF and dwv are not here (npm ci in bench/viewers)")
    port = urlsplit(hub.machine.options.environment["FADA_CORS_ORIGINS"]).port
    assert port is not None
    with viewers.serving(port, viewers.Hub(hub.address, hub.key)) as served:
        yield served


@pytest.fixture(scope="module")
def clip(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A clip that shows a head and then a femur, read by the hub; the study's UID."""
    sent = (ROOT / "tests" / "fixtures" / "clips" / "h264.mp4").read_bytes()
    shown = Frames.of_bytes(clip_object(sent, Subject("shown"), None))
    pixels = np.stack([shown.read(number) for number in range(1, FRAMES + 1)])
    subject = Subject("viewed", patient_name=PATIENT, patient_id="E2E-VIEWED")
    path = Path(tmp_path_factory.mktemp("clip")) / "clip.dcm"
    path.write_bytes(ultrasound_object(PictureFrames(pixels), subject, (0.2, 0.2)))
    assert site.ready(site.send(path))["state"] == "ready"
    return str(pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID)


def test_dwv_reads_the_clip_and_the_ellipse(
    browser: Browser, origin: str, clip: str, hub: Any
) -> None:
    page = browser.new_page()
    page.goto(f"{origin}/dwv/dwv.html")
    page.wait_for_function("window.ready")
    root = f"{hub.address}/dicomweb"
    found = page.evaluate("all => list(...all)", [root, hub.key, clip])
    assert sorted(one["modality"] for one in found) == ["SEG", "SEG", "SR", "SR", "US"]
    told: dict[str, list[Any]] = {"US": [], "SR": []}
    for kind, of in told.items():  # the images before what is drawn on them
        for url in [one["url"] for one in found if one["modality"] == kind]:
            of.append(page.evaluate("all => load(...all)", [url, hub.key]))
    keep(page, "dwv")
    assert not [error for of in told.values() for one in of for error in one["errors"]]
    assert told["US"][0]["size"] == [480, 336, 1, FRAMES]
    assert told["US"][0]["painted"] > 1000
    shapes = [shape for report in told["SR"] for shape in report.get("shapes", ())]
    assert [shape for shape in shapes if shape["a"] and shape["b"]], "the head's ellipse"
    page.close()
