"""One woman, an examination and an earlier one, by four ways in: one examination, one report.

A head image comes from a phone and another by STOW-RS, abdomens and a file that is no image through the
upload page, femurs by C-STORE. A person measures, pulls a caliper, enters the last period and a
comment, and signs; a real PACS gets the signed objects, and the phone the comment.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orthanc
import pydicom
import pytest
import whole_hub
from e2e.pages import (
    ARTEFACTS,
    CHROMIUM,
    PATIENCE,
    SAMPLES,
    WIDTHS,
    Site,
    at_every_width,
    drag,
    figure,
    keep,
    pull,
    visit,
)  # fmt: skip
from e2e.phone import field
from orthanc import Orthanc
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from pydicom.uid import generate_uid

from services.standalone import ports

pytestmark = pytest.mark.slow
EARLIER, NOW = SAMPLES / "examination-20w", SAMPLES / "examination-26w"
QUIET = 6  # seconds: longer than what passes between two images on a busy machine
COMMENT = "See her again in two weeks."


@pytest.fixture(scope="module")
def dimse_port() -> int:
    return ports.free(1)[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, dimse_port: int) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("examination")
    with whole_hub.running(home, quiet_seconds=QUIET, dimse_port=dimse_port) as hub:
        yield Site(hub.address, hub.key)


@pytest.fixture(scope="module")
def pacs(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Where the site's results go."""
    with orthanc.running(tmp_path_factory.mktemp("pacs")) as running:
        answer = site.api(
            "POST", "/api/destinations",
            json={"name": "PACS", "kind": "c_store", "address": running.address},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the phone's browser: the same again is the same phone."""
    return tmp_path_factory.mktemp("phone")


def stow(site: Site, *files: bytes) -> None:
    boundary = b"images"
    body = b"".join(
        b"--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n"
        for data in files
    )
    media = 'multipart/related; type="application/dicom"; boundary=images'
    answer = httpx.post(
        f"{site.address}/dicomweb/studies", content=body + b"--" + boundary + b"--\r\n", timeout=60,
        headers={"Authorization": f"Bearer {site.key}", "Content-Type": media},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


def again(path: Path) -> bytes:
    """The same picture as another image of its study."""
    dataset = pydicom.dcmread(path)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.InstanceNumber = 9
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def wait_for(site: Site, study: str, state: str = "ready", seconds: float = 300) -> dict[str, Any]:
    """Until the study stands in ``state`` and nothing more is expected."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        row = site.api("GET", f"/api/studies/{study}").json()
        if row["state"] == state and examination(site, study)["state"]["complete"]:
            return dict(row)
        time.sleep(0.3)
    raise AssertionError(row)


def examination(site: Site, study: str) -> dict[str, Any]:
    answer = site.api("GET", f"/api/studies/{study}/examination")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def studies_of(site: Site, number: str) -> list[dict[str, Any]]:
    rows = site.api("GET", "/api/studies", params={"q": number}).json()["items"]
    return sorted(rows, key=lambda row: row["study_date"])


@pytest.fixture(scope="module")
def examinations(
    site: Site, pacs: Orthanc, dimse_port: int, playwright: Playwright, profile: Path
) -> tuple[str, str]:
    """The earlier and the present examination, read: two heads, three abdomens, two femurs, and a file
    that is no image."""
    stow(site, *(path.read_bytes() for path in sorted(EARLIER.glob("*.dcm"))))
    (earlier,) = studies_of(site, "SAMPLE-7")
    head, abdomen, femur = sorted(NOW.glob("*.dcm"))
    with field.phone(playwright, profile, site.address) as page:
        field.enrol(page, site, "Village phone")
        page.get_by_label("Patient number").fill("SAMPLE-7")
        field.take(page, head, dicom=True)
        field.show(page, "examination-taken")
        page.get_by_role("button", name="Cases").click()
        expect(page.locator(".field-cases")).to_contain_text("The hub has", timeout=90_000)
    first, second = studies_of(site, "SAMPLE-7")
    assert first["id"] == earlier["id"]
    field.hub_has_read(site, second["id"])

    stow(site, again(head))
    for data in (abdomen.read_bytes(), again(abdomen), again(abdomen)):
        answer = site.api("POST", "/api/uploads", files={"file": ("abdomen.dcm", data)})
        assert answer.status_code == 200, answer.text
    answer = site.api("POST", "/api/uploads", files={"file": ("notes.dcm", b"no image" * 99)})
    assert answer.status_code == 415, answer.text
    store_scu(femur.read_bytes(), dimse_port)
    store_scu(again(femur), dimse_port)
    wait_for(site, first["id"])
    wait_for(site, second["id"])
    return str(first["id"]), str(second["id"])


def store_scu(data: bytes, port: int) -> None:
    program = shutil.which("storescu")
    if program is None:
        pytest.skip("Debian's dcmtk is not here")
    dataset = pydicom.dcmread(io.BytesIO(data))
    with_file = Path(dataset.SOPInstanceUID + ".dcm")
    folder = Path("/tmp") / f"fada-store-{generate_uid()}"
    folder.mkdir()
    try:
        (folder / with_file).write_bytes(data)
        done = subprocess.run(
            [program, "-xy", "-aec", "FADA", "127.0.0.1", str(port), str(folder / with_file)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    finally:
        shutil.rmtree(folder)


def test_images_by_four_ways_are_one_examination(site: Site, examinations: tuple[str, str]) -> None:
    earlier, now = examinations
    versions = site.api("GET", f"/api/studies/{now}/results").json()["items"]
    # the phone's, the hub's of that image, and one of all that came afterwards, image by image
    assert [one["origin"] for one in versions] == ["phone", "hub", "hub"]
    report = site.result(now)["report"]
    assert len({frame["sop_uid"] for frame in report["frames"]}) == 7
    read = examination(site, now)
    assert read["patient"]["number"] == "SAMPLE-7"
    assert [one["study"]["id"] for one in read["earlier"]] == [earlier]
    measures = {one["measure"]: one for one in read["summary"]["measures"]}
    assert len({one["sop_uid"] for one in measures["HC"]["counted"]}) == 2
    assert measures["HC"]["mm"] == pytest.approx(241.7, rel=0.05)


def test_a_person_measures_dates_and_signs(
    site: Site, browser: Browser, ann: str, examinations: tuple[str, str]
) -> None:
    _, now = examinations
    with visit(browser, site, ann) as page:
        page.goto(f"{site.address}/study/{now}")
        page.wait_for_selector(".viewer svg image")
        page.wait_for_selector(".summary .sizes")
        measure(page, place(site, now, "abdomen"), "AC", 0.25, 0.75)
        measure(page, place(site, now, "femur"), "FL", 0.3, 0.7)
        length = figure(page, "FL")
        page.get_by_role("button", name="Edit", exact=True).click()
        pull(page, -1, 20, 0)
        assert figure(page, "FL") != length
        page.keyboard.press("Escape")
        for name in ("AC", "FL", "EFW"):
            expect(page.locator(".summary .sizes").get_by_text(name, exact=True)).to_be_visible()
        keep(page, "examination-measured", full_page=True)
        enter_facts(page)
        page.get_by_role("button", name="Sign", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Sign", exact=True).click()
        expect(page.locator(".actions .label")).to_have_text("Reviewed by Ann")
        for name, (width, height) in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            keep(page, f"examination-{name}", full_page=True)
    summary = examination(site, now)["summary"]
    assert {one["measure"] for one in summary["measures"]} >= {"HC", "AC", "FL"}
    assert summary["weight"]["grams"] > 0
    assert summary["weight"]["centile"] is not None  # at the age by the last period
    assert {one["measure"] for one in summary["growth"]} >= {"HC"}
    assert site.result(now)["reviewed_by"] == "Ann"


def enter_facts(page: Page) -> None:
    """On the page, which saves them by itself."""
    page.get_by_role("tab", name="Facts").click()
    page.fill("#last-period", "2024-07-18")
    page.get_by_label("Indication").fill("Growth")
    page.get_by_label("Comment to the field").fill(COMMENT)
    expect(page.locator(".tab-panel [role=status]")).to_contain_text("Saved")
    expect(page.locator(".summary")).to_contain_text("18 Jul 2024")
    keep(page, "examination-entered", full_page=True)


def test_the_pacs_holds_what_was_signed(
    site: Site, pacs: Orthanc, examinations: tuple[str, str]
) -> None:
    """The verified SR names the one before it; the SEG, and the printed page, are beside it."""
    _, now = examinations
    study_uid = site.api("GET", f"/api/studies/{now}").json()["study_uid"]
    held = pacs.wait_for(study_uid, {"SR", "SEG", "DOC"})
    reports = {str(one.SOPInstanceUID): one for one in held if one.Modality == "SR"}
    signed = [one for one in reports.values() if one.VerificationFlag == "VERIFIED"]
    assert signed
    before = {
        str(item.ReferencedSOPInstanceUID)
        for one in signed
        for of_study in one.PredecessorDocumentsSequence
        for of_series in of_study.ReferencedSeriesSequence
        for item in of_series.ReferencedSOPSequence
    }
    assert before
    assert all(reports[uid].VerificationFlag == "UNVERIFIED" for uid in before if uid in reports)
    assert any("PredecessorDocumentsSequence" in one for one in reports.values())
    assert all(one.PatientID == "SAMPLE-7" for one in held)
    (written,) = {str(one.VerifyingObserverSequence[0].VerifyingObserverName) for one in signed}
    assert written.rstrip("^") == "Ann"


def test_the_phone_says_first_what_the_reader_wrote(
    playwright: Playwright, profile: Path, site: Site, examinations: tuple[str, str]
) -> None:
    with field.phone(playwright, profile, site.address) as page:
        field.unlock(page)
        page.locator(".field-cases button").first.click()
        note = page.locator("main .review-note")
        expect(note).to_contain_text(COMMENT)
        lines = page.locator("main.field-case").inner_text().splitlines()
        said = [line for line in lines if line.strip()]
        keep(page, "examination-field", full_page=True)
        assert note.locator("p").first.inner_text() == COMMENT
        assert note.evaluate("note => note.previousElementSibling.className") == "field-head"
        assert COMMENT in said


def place(site: Site, study: str, plane: str) -> int:
    """Which image of the strip shows the plane."""
    frames = site.result(study)["report"]["frames"]
    seen = [frame["sop_uid"] for frame in frames if (frame["plane"] or {}).get("label") == plane]
    assert seen, [frame["plane"] for frame in frames]
    order = list(dict.fromkeys(frame["sop_uid"] for frame in frames))
    return order.index(seen[0])


def measure(page: Page, image: int, name: str, start: float, end: float) -> None:
    """Open an image and draw a caliper across it by hand."""
    page.locator(".thumbnails button").nth(image).click()
    page.wait_for_selector(".viewer svg image")
    page.keyboard.press("e")
    page.keyboard.press("c")
    page.locator(".tools select").select_option(name)
    drag(page, (start * 512, 256), (300, 256), (end * 512, 256))
    page.keyboard.press("Escape")


def test_the_report_is_that_of_the_whole_examination(
    site: Site, examinations: tuple[str, str]
) -> None:
    _, now = examinations
    answer = site.api("GET", f"/api/studies/{now}/results/latest/report.pdf", params={"lang": "en"})
    assert answer.status_code == 200, answer.text
    text = pdf_text(answer.content)
    (ARTEFACTS / "examination-report.pdf").write_bytes(answer.content)
    draw_page(ARTEFACTS / "examination-report")
    assert text.count("\f") == 1, text  # one page
    for word in ("SAMPLE", "HC", "AC", "FL", "g", COMMENT):
        assert word in text, text


def test_the_reports_page_prints_as_one_page_in_the_readers_language(
    site: Site, browser: Browser, ann: str, examinations: tuple[str, str]
) -> None:
    """No word of it is left in English, no figure contradicts its text, and images come on request."""
    _, now = examinations
    with visit(browser, site, ann) as page:
        page.goto(f"{site.address}/study/{now}/report")
        page.locator(".bar-end select").first.select_option("fr")
        expect(page.locator(".sheet")).to_contain_text("Biométrie")
        expect(page.locator(".sheet svg.growth")).to_be_visible()
        expect(page.locator(".sheet img")).to_have_count(0)
        assert pdf_text(page.pdf(prefer_css_page_size=True)).count("\f") == 1
        at_every_width(page, "report-page", full_page=True)
        page.locator(".report-images input").check()
        expect(page.locator(".sheet img")).to_have_count(7)
        sheet = page.locator(".sheet").inner_text()
        keep(page, "report-page-images", full_page=True)
    for words in ("Plan transversal de l’abdomen fœtal", "Longueur du fémur", COMMENT):
        assert words in sheet, sheet
    for words in ("pdf.", "Transverse plane", "étalonnée", "Review by", "by Hadlock"):
        assert words not in sheet, sheet


def pdf_text(data: bytes) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("Debian's poppler-utils is not here")
    return subprocess.run(
        [program, "-layout", "-", "-"], input=data, capture_output=True, check=True
    ).stdout.decode()


def draw_page(path: Path) -> None:
    """The first page of ``path``.pdf as a picture beside it."""
    command = ["pdftoppm", "-r", "110", "-png", "-singlefile", f"{path}.pdf", str(path)]
    subprocess.run(command, check=True)
