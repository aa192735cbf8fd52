"""The hub's pages in Chromium, against the real hub with real studies."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from e2e.pages import (
    AT_REST,
    AXE,
    WIDTHS,
    Site,
    asked,
    copy_of,
    drag,
    figure,
    keep,
    on_picture,
    open_case,
    sign_in,
    visit,
)
from playwright.sync_api import Browser, Locator, Page, expect

from services.index import open_index
from services.standalone.local_stack import DEFAULT_SITE

LOOKED_AT = f"LOOK{uuid.uuid4().hex[:6].upper()}"
UNREVIEWED = "AI result, not for diagnosis, unreviewed"
EVIL = "<svg onload>alert(1)</svg><b>^EVE"


@pytest.fixture(scope="module")
def study(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A head with its result, for those who only look."""
    made = site.send(
        copy_of("head-27w.dcm", tmp_path_factory.mktemp("looked-at"), f"{LOOKED_AT}^AT")
    )
    assert site.ready(made)["state"] == "ready"
    return made


def test_a_wrong_key_is_refused_in_words(site: Site, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")
    answer = page.goto(site.address + "/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "script-src 'self'" in policy
    page.click("details.with-key summary")
    page.fill("input[name=key]", "fada_0000000000000000_wrong")
    page.click("details.with-key button[type=submit]")
    expect(page.get_by_role("alert")).to_contain_text("not valid here")
    page.close()


def test_upload_arrive_correct_sign_print(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    file = copy_of("head-27w.dcm", tmp_path, EVIL)
    with visit(browser, site, ann) as list_page, visit(browser, site, ann) as page:
        expect(list_page.locator(".live.on")).to_be_visible()
        page.goto(site.address + "/upload")
        nonsense = tmp_path / "notes.dcm"
        nonsense.write_bytes(b"this is no DICOM file" * 100)
        page.set_input_files("input[type=file]", [file, nonsense])
        expect(page.locator(".transfer.done")).to_have_count(1)
        expect(page.locator(".transfer.refused .why")).to_be_visible()
        keep(page, "upload-desktop")

        row = list_page.locator(".list .line").filter(has_text="onload")
        expect(row).to_be_visible(timeout=15_000)
        expect(row).to_contain_text("Ready to read")
        expect(list_page.locator(".line-patient svg, .line-patient b")).to_have_count(0)

        page.locator(".transfer.done a").click()
        page.wait_for_selector(".tab-panel .figures .value")
        study = page.url.rsplit("/", 1)[-1]
        expect(page.locator("h1")).to_contain_text("<svg onload>")
        expect(page.locator(".actions .label")).to_have_text(UNREVIEWED)
        expect(page.locator(".viewer-label")).to_have_text(UNREVIEWED)

        first = site.result(study)
        frame = first["report"]["frames"][0]
        head = next(s for s in frame["structures"] if s["label"] == "fetal_head")
        x0, y0, x1, y1 = head["box"]
        page.keyboard.press("e")
        page.keyboard.press("l")
        drag(page, (x0 + 10, y0 + 10), (x0 + 40, y0 + 40), (x1 - 15, y1 - 15))
        after_ellipse = figure(page, "HC")
        assert after_ellipse != pytest.approx(frame["measurements"][0]["mm"], abs=0.5)
        keep(page, "editor-desktop")

        page.keyboard.press("b")
        centre = ((x0 + x1) / 2, y0 + 12)
        drag(page, centre, (centre[0] + 30, centre[1] - 6), (centre[0] + 60, centre[1]))
        on_page = {name: figure(page, name) for name in ("HC", "BPD", "OFD")}
        assert on_page["HC"] != after_ellipse
        page.get_by_role("tab", name="Facts").click()
        page.fill("#last-period", "2024-07-10")
        page.keyboard.press("Tab")
        expect(page.locator(".tab-panel [role=status]")).to_contain_text("Saved")
        page.get_by_role("tab", name="Image").click()
        expect(page.locator(".discordance").first).to_be_visible()
        expect(page.locator(".centile")).to_contain_text("INTERGROWTH-21st 2014")
        centile = page.locator(".centile b").inner_text()

        page.get_by_role("button", name="Sign", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.locator("label.score").nth(0).click()
        dialog.locator("label.score").nth(4).click()
        keep(page, "sign-desktop")
        dialog.get_by_role("button", name="Sign", exact=True).click()
        expect(page.locator(".actions .label")).to_have_text("Reviewed by Ann")

        signed = site.result(study)
        assert signed["version"] == 2
        assert signed["based_on"] == 1
        assert signed["reviewed_by"] == "Ann"
        assert signed["scores"] == {"interpretation": 1, "annotation": 2}
        stored = {m["name"]: m["mm"] for m in signed["report"]["frames"][0]["measurements"]}
        for name, value in on_page.items():  # what the page said while drawing is what the hub says
            assert stored[name] == pytest.approx(value, abs=0.4), name
        hub_centile = signed["report"]["frames"][0]["centiles"][0]["centile"]
        assert float(re.sub(r"[^\d.]", "", centile)) == pytest.approx(hub_centile, abs=1.5)
        assert site.result(study, 1)["report"] == first["report"]

        page.get_by_role("link", name="Report").click()
        page.locator(".report-images input").check()
        page.wait_for_selector(".sheet img")
        expect(page.locator(".sheet header .label")).to_contain_text("Reviewed by Ann")
        expect(page.locator(".sheet")).to_contain_text("Hadlock 1984 (HC)")
        expect(page.locator(".sheet img").first).not_to_have_js_property("naturalWidth", 0)
        keep(page, "report-desktop", full_page=True)
        page.emulate_media(media="print")
        assert page.locator(".report-bar").is_hidden()
        printed = page.pdf(format="A4")
        assert printed.startswith(b"%PDF")
        keep(page, "report-print", full_page=True)


def test_polygon_box_and_caliper_become_a_version(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    study = site.send(copy_of("head-35w.dcm", tmp_path, "POLYGON^PAT"))
    site.ready(study)
    frame = site.result(study)["report"]["frames"][0]
    w, h = frame["width"], frame["height"]
    with visit(browser, site, ann) as page:
        open_case(page, site, study)
        page.keyboard.press("e")
        page.keyboard.press("p")
        # inside the outline that is there, away from its handles, a new polygon begins
        for x, y in ((0.42, 0.42), (0.58, 0.42), (0.58, 0.58), (0.42, 0.58)):
            page.mouse.click(*on_picture(page, x * w, y * h))
        page.keyboard.press("Enter")
        page.locator(".tools select").select_option("CSP")
        page.keyboard.press("d")
        drag(page, (0.45 * w, 0.45 * h), (0.5 * w, 0.5 * h), (0.55 * w, 0.52 * h))
        page.keyboard.press("c")
        page.locator(".tools select").select_option("FL")
        drag(page, (0.2 * w, 0.8 * h), (0.4 * w, 0.8 * h), (0.6 * w, 0.8 * h))
        on_page = {name: figure(page, name) for name in ("HC", "FL")}
        page.keyboard.press("Control+z")
        expect(page.locator(".tab-panel abbr:text-is('FL')")).to_have_count(0)
        page.keyboard.press("Control+y")
        expect(page.locator(".tab-panel abbr:text-is('FL')")).to_have_count(1)
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".notice.good")).to_contain_text("version 2")
        expect(page.locator(".actions .label")).to_have_text(UNREVIEWED)
    saved = site.result(study)
    assert saved["reviewed_by"] is None
    reading = saved["report"]["frames"][0]
    labels = {s["label"]: s for s in reading["structures"]}
    assert len(labels["fetal_head"]["polygon"]) == 4
    assert labels["CSP"]["polygon"] == []
    stored = {m["name"]: m["mm"] for m in reading["measurements"]}
    assert stored["FL"] == pytest.approx(on_page["FL"], abs=0.11)
    assert stored["HC"] == pytest.approx(on_page["HC"], abs=0.11)


def test_the_reader_chooses_what_to_look_for(
    site: Site, browser: Browser, ann: str, tmp_path: Path
) -> None:
    study = site.send(copy_of("head-27w.dcm", tmp_path, "GUIDED^PAT"))
    site.ready(study)
    with visit(browser, site, ann) as page:
        open_case(page, site, study)
        expect(page.locator(".viewer .shape")).not_to_have_count(0)
        page.get_by_label("I choose what to look for").check()
        expect(page.locator(".viewer .shape")).to_have_count(0)
        page.get_by_label("Detect: Fetal head").check()
        expect(page.locator(".viewer .shape rect")).to_have_count(1)
        page.get_by_label("Segment: Fetal head").check()
        expect(page.locator(".viewer .shape path")).to_have_count(1)
        keep(page, "guided-desktop")


def test_a_question_about_the_image_is_answered_from_its_findings(
    site: Site, browser: Browser, ann: str, study: str
) -> None:
    (frame,) = site.result(study)["report"]["frames"]
    hc = next(m["mm"] for m in frame["measurements"] if m["name"] == "HC")
    with visit(browser, site, ann) as page:
        open_case(page, site, study)
        answer = asked(page, "How large is the head?")
        expect(answer).to_contain_text(f"HC {hc:.1f} mm")
        expect(answer).to_contain_text("classify, map, detect, segment")
        expect(asked(page, "Is it a boy?")).to_contain_text("sex is never told")
        expect(answer).not_to_contain_text("classify")


def test_why_is_laid_over_the_image_and_says_when_another_release_has_read_it(
    site: Site, browser: Browser, ann: str, study: str
) -> None:
    older = site.result(study)
    older["report"]["release"] |= {"version": "0.0.9", "sha256": "0" * 64}

    def look(page: Page) -> Locator:
        open_case(page, site, study)
        why, layer = page.locator(".heat"), page.locator(".viewer svg image[href^='blob:']")
        before = layer.count()
        why.get_by_role("button", name="Fetal head").click()
        expect(layer).to_have_count(before + 1)
        return why.get_by_role("status")

    with visit(browser, site, ann) as page:
        expect(look(page)).to_have_count(0)
        page.get_by_role("button", name="Fetal head", pressed=True).click()
        expect(page.locator(".heat button[aria-pressed=true]")).to_have_count(0)
        page.route("**/results/latest", lambda route: route.fulfill(json=older))
        expect(look(page)).to_contain_text("was read by fada-nano 0.0.9")


def test_the_atlas_shows_each_plane_with_its_picture(
    site: Site, browser: Browser, ann: str
) -> None:
    with visit(browser, site, ann) as page:
        page.get_by_role("link", name="Atlas").click()
        picture = page.locator(".atlas figure svg")
        expect(picture.locator("polygon")).to_have_count(0)
        page.locator(".atlas-choice button", has_text="Nuchal").click()
        expect(picture).to_have_attribute("aria-label", re.compile("[Nn]uchal"))
        expect(picture.locator("polygon")).not_to_have_count(0)
        drawn = picture.locator("image").get_attribute("href")
        assert page.request.get(site.address + str(drawn)).headers["content-type"] == "image/webp"
        expect(page.locator(".atlas-plane")).to_contain_text("CRL")


def test_two_readers_at_once_lose_nothing(
    site: Site, browser: Browser, ann: str, ben: str, tmp_path: Path
) -> None:
    study = site.send(copy_of("head-27w.dcm", tmp_path, "TWO^READERS"))
    site.ready(study)
    with visit(browser, site, ann) as one, visit(browser, site, ben) as two:
        for page in (one, two):
            open_case(page, site, study)
        for page in (one, two):
            page.get_by_role("button", name="Accept", exact=True).click()
        for page in (one, two):  # both have read version 1; Ann's acceptance is at the hub first
            accept = page.get_by_role("dialog").get_by_role("button", name="Accept", exact=True)
            with page.expect_response(lambda answer: answer.url.endswith("/reviews")):
                accept.click()
        expect(one.locator(".actions .label")).to_have_text("Reviewed by Ann")
        dialog = two.get_by_role("dialog")
        expect(dialog).to_contain_text("Both versions are kept")
        expect(dialog.locator(".pair section")).to_have_count(2)
        two.wait_for_timeout(400)
        keep(two, "conflict-desktop")
        dialog.get_by_role("button", name="Go on from version 3").click()
        expect(two.locator(".actions .label")).to_have_text("Reviewed by Ben")
    versions = site.api("GET", f"/api/studies/{study}/results").json()["items"]
    assert [(v["version"], v["based_on"], v["reviewed_by"]) for v in versions] == [
        (1, None, None), (2, 1, "Ann"), (3, 1, "Ben"),
    ]  # fmt: skip


def test_agreement_of_two_readers_is_shown(
    site: Site, browser: Browser, ann: str, ben: str, tmp_path: Path
) -> None:
    """Both read independently, from the hub's first version."""
    study = site.send(copy_of("head-27w.dcm", tmp_path, "AGREE^TWO"))
    site.ready(study)
    for key, score in ((ann, 1), (ben, 2)):
        answer = site.api(
            "POST", f"/api/studies/{study}/reviews", key,
            json={"based_on": 1, "action": "accept", "comment": "", "frames": [],
                  "scores": {"interpretation": score, "annotation": 1}, "last_period": None},
        )  # fmt: skip
        assert answer.status_code in (201, 409), answer.text  # the second is kept as a conflict
    agreement = site.api("GET", "/api/agreement").json()
    names = agreement["names"]
    both = {site.api("GET", "/api/me", key).json()["subject"] for key in (ann, ben)}
    pairs = agreement["pairs"]  # other tests have readers of the same names
    at = next(i for i, one in enumerate(pairs) if {one["a"], one["b"]} == both)
    pair = pairs[at]
    with visit(browser, site, site.key) as page:
        page.goto(f"{site.address}/operations/readers")
        row = page.locator("main.operations .wide-table tbody tr").nth(at)
        row.wait_for()
        cells = row.locator("td").all_inner_texts()
        assert cells[0] == f"{names[pair['a']]} · {names[pair['b']]}"
        assert int(cells[1]) == pair["studies"]
        for cell, name in zip(cells[2:5], ("interpretation", "annotation", "plane"), strict=True):
            kappa = pair["kappa"][name]
            value = "–" if kappa["value"] is None else f"{kappa['value']:.2f}"
            assert cell == f"{value} ({kappa['n']})"
        keep(page, "operations-readers")


def dead_delivery(site: Site, webhook: str, seconds: float = 300) -> str:
    """The id of the one delivery to a webhook that the hub gave up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        items = site.api("GET", "/api/deliveries?state=dead").json()["items"]
        if mine := [item["id"] for item in items if item["webhook_id"] == webhook]:
            (one,) = mine
            return str(one)
        time.sleep(0.3)
    raise AssertionError(f"no delivery was given up within {seconds} s")


def test_a_delivery_that_was_given_up_is_sent_again(
    hub: Any, site: Site, browser: Browser, tmp_path: Path
) -> None:
    """The worker refuses the address at its first attempt; the page shows it and runs it again."""
    url = "ftp://receiver.example/hook"  # the API would not take it
    index = open_index(hub.machine.settings.index_url)
    try:
        with index.begin() as tx:
            webhook = tx.webhooks.create(DEFAULT_SITE, url, ("study.ready",))
        site.ready(site.send(copy_of("head-27w.dcm", tmp_path, "DELIVER^TO")))

        delivery = dead_delivery(site, webhook.id)
        with visit(browser, site, site.key) as page:
            page.goto(f"{site.address}/operations/deliveries")
            row = page.locator("tr", has_text=url)
            expect(row).to_contain_text("This webhook address is refused.")
            expect(row.locator("td").nth(3)).to_have_text("1")
            keep(page, "operations-deliveries")
            row.get_by_role("button", name="Send again").click()
            expect(page.locator(".notices")).to_contain_text("It will be sent again.")
        entries = site.api("GET", f"/api/audit?subject={delivery}").json()["items"]
        assert "delivery.run_again" in [entry["action"] for entry in entries]
    finally:
        with index.begin() as tx:
            tx.webhooks.delete(DEFAULT_SITE, webhook.id)
        index.close()


def test_the_worklist_from_the_keyboard(site: Site, browser: Browser, ann: str, study: str) -> None:
    with visit(browser, site, ann) as page:
        page.wait_for_selector(".list .line")
        page.keyboard.press("/")
        page.keyboard.type(LOOKED_AT)
        expect(page.locator(".list .line")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.locator(".list .line")).not_to_have_count(1)
        before = page.locator(".line[aria-selected=true]").get_attribute("id")
        page.keyboard.press("j")
        assert page.locator(".line[aria-selected=true]").get_attribute("id") != before
        page.keyboard.press("k")
        assert page.locator(".line[aria-selected=true]").get_attribute("id") == before
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("Keys")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("Enter")
        page.wait_for_url("**/study/*")
        page.wait_for_selector(".viewer svg image")
        page.keyboard.press("Escape")
        page.wait_for_selector("main.worklist")


def test_the_original_is_one_tap_away(site: Site, browser: Browser, ann: str, study: str) -> None:
    with visit(browser, site, ann, "phone", has_touch=True) as page:
        open_case(page, site, study)
        expect(page.locator(".viewer .shape")).not_to_have_count(0)
        page.get_by_role("button", name="Original").tap()
        expect(page.locator(".viewer .shape")).to_have_count(0)
        expect(page.locator(".viewer-label")).to_have_text(UNREVIEWED)


def test_the_sex_is_never_shown(site: Site, browser: Browser, ann: str, tmp_path: Path) -> None:
    """Case 50, as the last wall: whatever the hub lets through, the page does not say it."""
    study = site.send(copy_of("head-27w.dcm", tmp_path, "CASE^FIFTY", "Anatomy scan, girl"))
    site.ready(study)
    result = site.result(study)

    def telling(route: Any) -> None:
        body = dict(result)
        body["report"]["frames"][0]["interpretation"] = {
            "fetal_orientation": "Head down. The fetus is male.", "imaging_plane": "Axial plane of the head.",
        }  # fmt: skip
        route.fulfill(json=body)

    with visit(browser, site, ann) as page:
        page.route("**/results/latest", telling)
        open_case(page, site, study)
        text = page.locator("body").inner_text()
        assert "Text withheld" in text
        assert "Axial plane of the head" in text
        assert not re.search(r"\b(male|girl)\b", text)
        page.goto(f"{site.address}/study/{study}/report")
        page.wait_for_selector(".sheet")
        assert not re.search(r"\b(male|girl)\b", page.locator("body").inner_text())


def test_a_shared_link_shows_no_name_and_ends(
    site: Site, browser: Browser, ann: str, study: str
) -> None:
    with visit(browser, site, ann) as page:
        page.goto(f"{site.address}/study/{study}/report")
        page.get_by_text("Share by a link that ends").click()
        page.get_by_role("button", name="Make a link").click()
        url = page.get_by_label("Link (shows no name)").input_value()
        stranger = browser.new_page(locale="en-GB")
        stranger.goto(url)
        stranger.wait_for_selector(".sheet")
        expect(stranger.locator(".sheet img").first).not_to_have_js_property("naturalWidth", 0)
        assert LOOKED_AT not in stranger.locator("body").inner_text()
        expect(stranger.locator(".sheet header .label")).to_have_text(UNREVIEWED)
        page.get_by_role("button", name="End it now").first.click()
        expect(page.get_by_role("button", name="End it now")).to_have_count(0)
        stranger.reload()
        expect(stranger.locator("h1")).to_have_text("This link has ended")
        stranger.close()


@pytest.mark.parametrize("language", ["fr", "sw", "hi", "pt"])
def test_languages(site: Site, browser: Browser, ann: str, study: str, language: str) -> None:
    with visit(browser, site, ann) as page:
        page.evaluate("language => localStorage.setItem('fada.language', language)", language)
        open_case(page, site, study)
        assert page.evaluate("document.documentElement.lang") == language
        text = page.locator("body").inner_text()
        assert UNREVIEWED not in text
        assert re.search(r"\d\.\d mm", text)
        assert re.search(r"\d+w \dd", text)
        assert "Hadlock 1984 (HC)" in text
        keep(page, f"case-{language}")


PLACES = ("", "upload", "monitor", "operations/queue", "operations/deliveries", "operations/phones", "operations/releases",
          "operations/readers", "operations/destinations", "operations/keys", "operations/webhooks", "operations/audit")  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(site: Site, browser: Browser, study: str, scheme: Any) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not here (npm ci in web)")
    axe = AXE.read_text()

    def check(page: Page, where: str) -> list[str]:
        page.evaluate(AT_REST)  # a colour that still fades in is nobody's contrast
        page.evaluate(axe)
        results = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{where}: {v['id']}: {v['nodes'][0]['target']} {v['nodes'][0]['failureSummary']}"
            for v in results["violations"] if v["impact"] in ("serious", "critical")
        ]  # fmt: skip

    faults: list[str] = []
    page = browser.new_page(color_scheme=scheme, locale="en-GB")
    page.goto(site.address + "/")
    page.wait_for_selector("input[name=login]")
    faults += check(page, "sign in")
    sign_in(page, site, site.key)
    for place in (*PLACES, f"study/{study}", f"study/{study}/report"):
        page.goto(f"{site.address}/{place}")
        page.wait_for_selector("h1")
        page.wait_for_timeout(350)
        faults += check(page, place or "worklist")
    page.goto(f"{site.address}/study/{study}")
    page.wait_for_selector(".tab-panel .figures .value")
    page.keyboard.press("e")
    page.wait_for_selector(".tools")
    faults += check(page, "editor")
    page.get_by_role("button", name="Sign", exact=True).click()
    faults += check(page, "sign")
    page.close()
    assert faults == []


@pytest.mark.parametrize("width", WIDTHS)
def test_screenshots(site: Site, browser: Browser, study: str, width: str) -> None:
    """Kept to be looked at; here only that nothing is wider than the screen."""
    with visit(browser, site, site.key, width) as page:
        for place in (
            "",
            f"study/{study}",
            "operations/queue",
            "operations/releases",
            "upload",
            f"study/{study}/report",
        ):
            page.goto(f"{site.address}/{place}")
            page.wait_for_selector("h1")
            page.wait_for_timeout(500)
            name = re.sub(r"[^a-z]+", "-", place.replace(study, "")).strip("-") or "worklist"
            keep(page, f"{name}-{width}", full_page=width == "phone" and place != "")
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, place
