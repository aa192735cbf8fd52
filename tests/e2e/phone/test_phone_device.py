"""A whole case on what a phone has for reading: threads, a WebGPU that fails, little memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import pydicom
import pytest
from e2e.pages import CHROMIUM, SAMPLES, Site, visit
from e2e.phone import field
from playwright.sync_api import Browser, Page, expect
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, generate_uid

from services.domain.language.languages import catalogue

# WebGPU without a graphics card: the browser's own software adapter.
GPU = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Of a phone with WebGPU and four cores."""
    started = browser.browser_type.launch(executable_path=CHROMIUM, args=GPU)
    context = started.new_context(
        viewport={"width": 360, "height": 780}, locale="en-GB", service_workers="block"
    )
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Emulation.setHardwareConcurrencyOverride", {"hardwareConcurrency": 4})
    yield page
    started.close()


def jpeg_2000(folder: Path) -> Path:
    """A real head with its scale, as machines that send JPEG 2000 write it."""
    dataset = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    dataset.decompress(generate_instance_uid=False)
    stream = bytes(imagecodecs.jpeg2k_encode(dataset.pixel_array, level=0, codecformat="j2k"))
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientID = "JPEG^TWOTHOUSAND", f"J2K-{uuid.uuid4().hex[:8]}"
    path = folder / "IM2000"
    path.write_bytes(field.as_file(dataset))
    return path


def test_a_jpeg_2000_case_from_capture_to_review_on_what_the_phone_has(
    page: Page, browser: Browser, site: Site, tmp_path: Path
) -> None:
    page.route("**/*jspi*.wasm", lambda route: route.abort())
    page.goto(f"{site.address}/field/")
    field.enrol(page, site, f"Device {uuid.uuid4().hex[:6]}")
    runs = page.locator("[data-runs]")
    expect(runs).to_have_attribute("data-runs", "wasm 3 failed", timeout=120_000)

    # A phone of 2 GB says what it does without, before it does it.
    page.add_init_script("Object.defineProperty(navigator, 'deviceMemory', {value: 2})")
    page.reload()
    field.unlock(page)
    expect(page.get_by_text(catalogue("en")["phone.little_memory"])).to_be_visible()
    field.ready(page)
    assert runs.get_attribute("data-runs") == "wasm 1 none"
    scan = jpeg_2000(tmp_path)
    study_uid = str(pydicom.dcmread(scan, stop_before_pixels=True).StudyInstanceUID)
    field.take(page, scan, dicom=True)
    expect(page.locator("#figures-title")).to_be_visible()
    expect(page.locator("main")).to_contain_text("ultrasound region of the image")
    page.locator("main .field-head button").first.click()
    expect(page.locator(".field-cases")).to_contain_text("The hub has", timeout=90_000)
    study = field.study_of(site, study_uid)["id"]
    theirs = field.hub_has_read(site, study)
    versions = site.api("GET", f"/api/studies/{study}/results").json()["items"]
    ours = site.result(study, next(v["version"] for v in versions if v["origin"] == "phone"))
    (mine,), (hubs,) = ours["report"]["frames"], theirs["frames"]
    assert mine["plane"]["label"] == hubs["plane"]["label"]
    assert mine["measurements"]
    assert (mine["interpretation"], bool(hubs["interpretation"])) == ({}, True)
    for a, b in zip(mine["measurements"], hubs["measurements"], strict=True):
        assert a["mm"] == pytest.approx(b["mm"], abs=0.15)
    reviewed_and_read_again(page, browser, site, study)


def reviewed_and_read_again(page: Page, browser: Browser, site: Site, study: str) -> None:
    """What a person says comes first on the phone; what came after it is new on both sides."""
    newest = site.api("GET", f"/api/studies/{study}/results").json()["items"][-1]["version"]
    review = {"based_on": newest, "action": "sign", "comment": "Scan again in two weeks"}
    assert site.api("POST", f"/api/studies/{study}/reviews", json=review).status_code < 300
    send_now(page)
    expect(page.locator(".field-cases .flag.new")).to_be_visible()
    page.locator(".field-cases button").first.click()
    first = page.locator("main > :not(.field-head)").first
    expect(first.locator(".comment")).to_have_text("Scan again in two weeks")

    field.take(page, SAMPLES / "head-27w.png")
    page.locator("main .field-head button").first.click()
    field.hub_has_read(site, study, frames=2)
    send_now(page)
    words = catalogue("en")
    expect(page.locator(".field-cases")).to_contain_text(words["phone.after_review_short"])
    with visit(browser, site, site.key) as desk:
        desk.goto(f"{site.address}/study/{study}")
        expect(desk.locator("body")).to_contain_text("came after the signed one")


def send_now(page: Page) -> None:
    button = page.get_by_role("button", name="Send now")
    expect(button).to_be_enabled()
    with page.expect_response("**/api/sync/**"):
        button.click()
    expect(button).to_be_enabled()
