"""The examination's pages in Chromium, against the real hub: a person's hand, facts, drafts, the record."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest
from e2e.pages import (
    SAMPLES,
    Site,
    at_every_width,
    drag,
    examination_of,
    figure,
    keep,
    open_case,
    pull,
    visit,
)
from playwright.sync_api import Browser, Page, expect
from pydicom.uid import generate_uid


def head(page: Page) -> dict[str, float]:
    return {name: figure(page, name) for name in ("HC", "BPD", "OFD")}


def in_summary(page: Page, measure: str) -> str:
    row = page.locator(".sizes tr").filter(has=page.locator(f"abbr:text-is('{measure}')"))
    return str(row.inner_text())


def test_a_sonographer_reads_an_examination(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    """Pulled by an end, undone, left and found again; a femur by caliper, a last period, a signature."""
    study = examination_of(site, tmp_path, "EXAM^ONE", "EX-1")
    with visit(browser, site, ann) as page:
        open_case(page, site, study)
        expect(page.locator(".thumbnail")).to_have_count(3)
        expect(page.locator(".summary")).to_contain_text("Not assessed: AC")
        page.get_by_role("button", name="Edit", exact=True).click()
        before = head(page)
        pull(page, 2, 0, -20)
        after = head(page)
        assert all(after[name] != before[name] for name in ("HC", "BPD"))
        page.keyboard.press("Control+z")
        assert head(page) == before
        page.keyboard.press("Control+y")
        assert head(page) == after
        keep(page, "examination-pulled")

        page.locator("a.back").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Leave with unsaved changes?")
        dialog.get_by_role("button", name="Leave, keep the changes").click()
        page.wait_for_selector("main.worklist")
        open_case(page, site, study)
        expect(page.locator(".notices")).to_contain_text("are back")
        assert head(page) == after

        page.locator(".thumbnail").nth(1).click()
        page.get_by_role("button", name="Edit", exact=True).click()
        page.get_by_label("Plane").select_option("femur")
        page.keyboard.press("c")
        page.locator(".tools select").select_option("FL")
        drag(page, (100, 200), (200, 205), (300, 210))
        expect(page.locator(".summary")).to_contain_text("FL")
        length = figure(page, "FL")
        keep(page, "examination-caliper")

        page.get_by_role("tab", name="Facts").click()
        page.fill("#last-period", "2024-07-10")
        page.get_by_label("Comment to the field").fill("Please come again in four weeks.")
        expect(page.locator(".tab-panel [role=status]")).to_contain_text("Saved")
        expect(page.locator(".summary")).to_contain_text("10 Jul 2024")
        keep(page, "examination-facts")
        page.get_by_role("button", name="Sign", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Sign", exact=True).click()
        expect(page.locator(".actions .label")).to_have_text("Reviewed by Ann")

    frames = site.result(study)["report"]["frames"]
    stored = {m["name"]: m["mm"] for f in frames for m in f["measurements"] if m["method"].startswith("caliper")}  # fmt: skip
    assert stored["FL"] == pytest.approx(length, abs=0.11)
    examination = site.api("GET", f"/api/studies/{study}/examination").json()
    assert examination["facts"]["values"]["comment"] == "Please come again in four weeks."
    assert examination["summary"]["dating"]["basis"] in ("last_period", "scan")


def heads_of(sr: pydicom.Dataset) -> dict[str, float]:
    """The head circumference, in mm, that an SR (TID 5005) gives of each fetus by its ID."""
    heads = {}
    for part in sr.ContentSequence:
        inside = part.get("ContentSequence") or []
        letter = next((c.TextValue for c in inside if c.ConceptNameCodeSequence[0].CodeValue == "11951-1"), "")  # fmt: skip
        for group in inside:
            for item in group.get("ContentSequence") or []:
                if item.ConceptNameCodeSequence[0].CodeValue == "11984-2":
                    heads[letter] = float(item.MeasuredValueSequence[0].NumericValue)
    return heads


def name_fetus(page: Page, place: int, letter: str) -> None:
    page.locator(".thumbnail").nth(place).click()
    page.locator(".picture-bar label", has_text="Fetus").locator("select").select_option(letter)


def test_twins_are_told_apart_and_never_averaged(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    """A person says which fetus each image shows; page, report, PDF and SR name it beside its own values."""
    study = examination_of(site, tmp_path, "TWINS^TOLD", f"TW-{generate_uid()[-8:]}")
    with visit(browser, site, ann) as page:
        open_case(page, site, study)
        heads = [n for n in range(3) if "Head" in page.locator(".thumbnail").nth(n).inner_text()]
        assert len(heads) == 2
        expect(page.locator(".sizes tr", has_text="HC").locator(".end")).to_contain_text("2/2")
        page.get_by_role("tab", name="Facts").click()
        page.fill("#last-period", "2024-07-10")
        page.get_by_label("Fetuses").fill("2")
        # What is being typed stands while the page saves what was entered before.
        expect(page.locator(".tab-panel [role=status]")).to_contain_text("Saved")
        expect(page.locator(".summary")).to_contain_text("10 Jul 2024")
        page.get_by_label("Fetuses").blur()
        unassigned = page.locator(".unassigned")
        expect(unassigned).to_contain_text("images without a fetus", timeout=20_000)
        assert page.locator(".sizes tr", has_text="HC").count() == 0, "nobody has said whose"
        at_every_width(page, "twins-facts", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        unassigned.locator("summary").click()
        expect(unassigned.locator("li")).to_have_count(3)

        name_fetus(page, heads[0], "A")
        name_fetus(page, heads[1], "B")
        expect(unassigned).to_contain_text("1 image without a fetus", timeout=20_000)
        for letter in "AB":
            page.get_by_role("button", name=f"Fetus {letter}").click()
            expect(page.locator(".sizes tr", has_text="HC").locator(".end")).to_contain_text("1/1")
        page.get_by_role("tab", name="Facts").click()
        expect(page.locator(".tab-panel [role=status]")).to_contain_text("Saved", timeout=20_000)
        at_every_width(page, "twins-case", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        # One of them is measured by hand: the other's values stay what they were.
        page.locator(".thumbnail").nth(heads[1]).click()
        page.get_by_role("tab", name="Image").click()
        page.get_by_role("button", name="Edit", exact=True).click()
        before = figure(page, "HC")
        pull(page, 2, 0, -30)
        assert figure(page, "HC") != before
        page.get_by_role("button", name="Sign", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Sign", exact=True).click()
        expect(page.locator(".actions .label")).to_have_text("Reviewed by Ann")
        page.get_by_role("link", name="Report").click()
        for letter in "AB":
            expect(page.get_by_role("heading", name=f"Fetus {letter}")).to_be_visible()
        expect(page.locator(".sheet-examination")).to_contain_text("no value is averaged")
        at_every_width(page, "twins-report", full_page=True)

    examination = site.api("GET", f"/api/studies/{study}/examination").json()
    sizes = [
        {m["measure"]: m for m in one["summary"]["measures"]} for one in examination["fetuses"]
    ]
    assert not examination["summary"]["measures"]
    assert [len(one["HC"]["candidates"]) for one in sizes] == [1, 1]
    assert sizes[0]["HC"]["mm"] == pytest.approx(before, abs=0.06)
    assert sizes[0]["HC"]["mm"] != sizes[1]["HC"]["mm"]
    latest = f"/api/studies/{study}/results/latest"
    printed = site.api("GET", f"{latest}/report.pdf").content
    program = shutil.which("pdftotext")
    assert program is not None
    words = subprocess.run(
        [program, "-layout", "-", "-"], input=printed, capture_output=True, check=True
    ).stdout.decode()
    for letter, one in zip("AB", sizes, strict=True):
        part = words.partition(f"Fetus {letter}\n")[2].partition("Fetus")[0]
        assert f"{one['HC']['mm']:.1f} mm" in part, words
    sr = pydicom.dcmread(io.BytesIO(site.api("GET", f"{latest}/sr-obgyn.dcm").content))
    assert heads_of(sr) == {
        letter: pytest.approx(one["HC"]["mm"], abs=0.06)
        for letter, one in zip("AB", sizes, strict=True)
    }


def test_an_axis_and_its_circumference_that_contradict_are_said(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    study = examination_of(site, tmp_path, "CONTRA^DICTION", "EX-2")
    with visit(browser, site, ann) as page:
        open_case(page, site, study)
        page.get_by_role("button", name="Edit", exact=True).click()
        page.keyboard.press("c")
        page.locator(".tools select").select_option("BPD")
        drag(page, (150, 60), (200, 70), (260, 80))
        expect(page.locator(".tab-panel .warn")).to_contain_text("Contradiction")
        page.get_by_label("I choose what to look for").check()
        expect(page.locator(".viewer .shape")).to_have_count(0)
        page.get_by_label("I choose what to look for").uncheck()
        expect(page.locator(".viewer .shape")).not_to_have_count(0)


def test_the_second_reader_does_not_see_the_first(
    site: Site, browser: Browser, ann: str, ben: str, tmp_path: Path
) -> None:
    study = examination_of(site, tmp_path, "BLIND^CASE", "EX-3")
    answer = site.api(
        "POST", f"/api/studies/{study}/reviews", ann,
        json={"based_on": 1, "action": "accept", "comment": "Anns words", "frames": []},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    with visit(browser, site, ben) as page:
        open_case(page, site, study)
        expect(page.locator(".actions .label")).to_have_text("Reviewed by Ann")
        page.get_by_role("button", name="Read blind").click()
        expect(page.locator(".actions .label")).not_to_contain_text("Ann")
        expect(page.get_by_role("tab", name="Versions")).to_have_count(0)
        assert "Ann" not in page.locator("main").inner_text()
        page.get_by_role("button", name="Accept", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Accept", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text("Both readings")
    versions = site.api("GET", f"/api/studies/{study}/results").json()["items"]
    assert [(v["version"], v["based_on"]) for v in versions] == [(1, None), (2, 1), (3, 1)]


def test_pictures_that_come_together_are_one_examination_of_one_woman(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    """The form forgets her afterwards; the case says its place in the worklist and goes on to the next."""
    with visit(browser, site, ann) as page:
        page.goto(site.address + "/upload")
        page.get_by_text("For pictures: patient and pixel size").click()
        page.get_by_label("Patient number").fill("EX-UP")
        page.set_input_files(
            "input[type=file]", [SAMPLES / "head-27w.jpg", SAMPLES / "head-27w.png"]
        )
        expect(page.locator(".transfer.done")).to_have_count(2)
        links = page.locator(".transfer.done a")
        assert links.nth(0).get_attribute("href") == links.nth(1).get_attribute("href")
        expect(page.get_by_label("Patient number")).to_have_value("")
        keep(page, "upload-together")
        page.goto(site.address + "/")
        page.wait_for_selector(".list .line a")
        page.keyboard.press("Enter")
        expect(page.locator(".place")).to_contain_text("1 of ")
        first = page.url
        page.wait_for_selector(".place a")
        page.keyboard.press("n")
        expect(page.locator(".place")).to_contain_text("2 of ")
        page.keyboard.press("p")
        expect(page.locator(".place")).to_contain_text("1 of ")
        assert page.url == first


def test_a_clash_is_decided_and_a_woman_is_found_and_put_right(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    """A known number with another name: shown with both, decided by a person, then corrected and withdrawn."""
    number = f"EX-{generate_uid()[-8:]}"
    first = examination_of(site, tmp_path, "WOMAN^RIGHT", number)
    second = examination_of(site, tmp_path, "WOMAN^WRONG", number)
    with visit(browser, site, ann) as page:
        open_case(page, site, second)
        clash = page.locator(".clash")
        expect(clash).to_contain_text("Whose examination is this?")
        expect(clash).to_contain_text("WOMAN, RIGHT")
        expect(clash).to_contain_text("WOMAN, WRONG")
        keep(page, "examination-clash")
        clash.get_by_role("button", name="Same woman: keep the record").click()
        expect(clash).to_have_count(0)
        expect(page.locator("h1")).to_contain_text("RIGHT")
        page.get_by_role("button", name="I read this").click()
        expect(page.locator(".claim .tag")).to_have_text("You read this")

        page.goto(site.address + "/patients")
        page.get_by_role("searchbox").fill(number)
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("link", name="WOMAN, RIGHT").click()
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.locator("tbody tr").first).to_contain_text("15 Jan 2025")
        keep(page, "patient")
        page.get_by_role("button", name="Correct her data").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Patient", exact=True).fill("Woman, Rightly")
        dialog.get_by_label("Reason").fill("misspelt")
        dialog.get_by_role("button", name="Save").click()
        expect(page.locator("h1")).to_have_text("Woman, Rightly")

        open_case(page, site, first)
        expect(page.locator("h1")).to_contain_text("Rightly")
        page.get_by_role("tab", name="Versions").click()
        page.get_by_role("button", name="Withdraw the examination").click()
        dialog.get_by_label("Reason").fill("another hospital's")
        dialog.get_by_role("button", name="Withdraw the examination").click()
        expect(page.locator(".case-head")).to_contain_text("was withdrawn")
        page.get_by_role("button", name="Restore").click()
        expect(page.locator(".case-head")).not_to_contain_text("was withdrawn")
