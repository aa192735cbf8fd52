"""Erasing a woman on the page: asked twice, with a certificate that is shown and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import hub as hubs
import pytest
import servers
from e2e.pages import Site, keep, visit
from playwright.sync_api import Browser, expect

from services import certificates
from services.index.port import StudyQuery
from workers.erasure import delete_erased


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    with hubs.running(tmp_path_factory.mktemp("erasing"), valkey, seaweed) as running:
        yield running


def test_a_woman_is_erased_and_her_certificate_kept(
    hub: hubs.Hub, browser: Browser, tmp_path: Path
) -> None:
    with hub.client() as client:
        data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
        headers = {"Content-Type": "application/dicom"}
        assert client.post("/dicomweb/studies", content=data, headers=headers).status_code == 200
        with hub.services.index.read() as tx:
            (study,) = tx.studies.find("a", StudyQuery())
        her = {"number": "E-77", "name": "Roe^Ann", "reason": "test"}
        assert client.post(f"/api/studies/{study.id}/patient", json=her).status_code == 200
        (patient,) = client.get("/api/patients", params={"q": "E-77"}).json()["items"]
    site = Site(hub.url, hub.key())
    with visit(browser, site, hub.key(), accept_downloads=True) as page:
        page.goto(f"{hub.url}/patients/{patient['id']}")
        page.get_by_role("button", name="Erase her data…").click()
        dialog = page.get_by_role("dialog")
        sure = dialog.get_by_role("button", name="Erase her data")
        dialog.get_by_label("Reason").fill("she asked")
        dialog.get_by_label("Type her number").fill("E-7")
        expect(sure).to_be_disabled()
        dialog.get_by_label("Type her number").fill("E-77")
        keep(page, "erase-a-woman")
        sure.click()
        expect(page.get_by_role("heading", name="What was erased")).to_be_visible()
        expect(page.get_by_text("1 object still to go")).to_be_visible()
        delete_erased(hub.services.index, hub.services.store)
        page.reload()
        page.get_by_role("button", name="Certificate of erasure").click()
        shown = page.get_by_role("dialog")
        expect(shown).to_contain_text("she asked")
        keep(page, "certificate-of-erasure")
        with page.expect_download() as kept:
            shown.get_by_role("link", name="Download, signed").click()
        kept.value.save_as(tmp_path / "certificate.json")
        page.goto(f"{hub.url}/patients/{patient['id']}")
        expect(page.get_by_role("alert")).to_be_visible()
    document = json.loads((tmp_path / "certificate.json").read_text())
    assert certificates.verified(document)["studies"] == [study.id]
