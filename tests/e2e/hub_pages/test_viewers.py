"""OHIF and dwv, viewers of others on an origin of their own, on a clip with two masks and its report."""

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
from bench.viewers.ohif import Ohif
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
    objects = page.evaluate("all => list(...all)", [root, hub.key, clip])
    assert sorted(one["modality"] for one in objects) == ["SEG", "SEG", "SR", "SR", "US"]
    rendered: dict[str, list[Any]] = {"US": [], "SR": []}
    for kind, of in rendered.items():  # the images before what is drawn on them
        for url in [one["url"] for one in objects if one["modality"] == kind]:
            of.append(page.evaluate("all => load(...all)", [url, hub.key]))
    keep(page, "dwv")
    assert not [error for of in rendered.values() for one in of for error in one["errors"]]
    assert rendered["US"][0]["size"] == [480, 336, 1, FRAMES]
    assert rendered["US"][0]["painted"] > 1000
    shapes = [shape for report in rendered["SR"] for shape in report.get("shapes", ())]
    assert [shape for shape in shapes if shape["a"] and shape["b"]], "the head's ellipse"
    page.close()


def test_ohif_draws_the_clip_and_each_of_its_masks(
    browser: Browser, origin: str, clip: str
) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 700}, service_workers="block")
    ohif = Ohif(page, origin)
    plain = ohif.open(clip)
    assert plain.coloured < 100, "ultrasound is grey"
    ohif.wait_for_position(f"1/{FRAMES}")
    masks = [one for one in ohif.series() if "Segmentation" in one]
    keep(page, "ohif-clip")
    assert len(masks) == 2, ohif.series()
    drawn = []
    for number in range(len(masks)):
        ohif.open(clip)
        ohif.show("Segmentation", number)
        drawn.append(ohif.wait_for("coloured > 300"))
        keep(page, f"ohif-mask-{number}")
    assert drawn[0].hash != drawn[1].hash, "head and femur"
    ohif.open(clip)
    ohif.show("FADA Measurements")
    page.get_by_text("SR", exact=True).last.wait_for()
    ohif.wait_for("lit > 5000")
    assert not ohif.faults
    page.close()
