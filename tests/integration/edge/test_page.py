"""The agent's page on its own machine: take images, see what was found, nothing for anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import releases
from fastapi.testclient import TestClient

from edge.agent.case import CaseState
from edge.agent.case_reader import CaseReader
from edge.agent.page import build
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault

PICTURE = (Path(__file__).parents[3] / "samples" / "head-27w.png").read_bytes()
WORD = "a-word-that-nobody-guesses"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[CaseOutbox]:
    kept = CaseOutbox(tmp_path / "device", Vault.create(tmp_path / "device", "246813"))
    yield kept
    kept.close()


@pytest.fixture
def page(outbox: CaseOutbox, tmp_path: Path) -> TestClient:
    releases.build(tmp_path / "releases")
    app = build(outbox, CaseReader(tmp_path / "releases"), WORD)
    return TestClient(app, base_url="http://127.0.0.1")


def test_an_image_is_read_and_shown(page: TestClient) -> None:
    files = [("image", ("scan.png", PICTURE, "image/png"))]
    shown = page.post(f"/{WORD}/cases", files=files)
    assert shown.status_code == 200
    assert "AI result, not for diagnosis" in shown.text
    assert "waiting to be sent" in shown.text
    address = shown.text.split(' src="')[1].split('"')[0]
    picture = page.get(address)
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert picture.content != PICTURE, "what was found is drawn on it"
    assert picture.headers["cache-control"] == "no-store"


def test_what_is_no_image_is_said_and_not_kept(page: TestClient, outbox: CaseOutbox) -> None:
    refused = page.post(f"/{WORD}/cases", files=[("image", ("x.png", b"<script>", "image/png"))])
    assert refused.status_code == 400
    assert "PNG or JPEG" in refused.text
    assert outbox.all() == []


def test_nobody_else_can_ask(page: TestClient) -> None:
    assert page.get("/").status_code == 404
    assert page.get("/another-word/").status_code == 404
    assert page.get(f"/{WORD}/", headers={"Host": "evil.example"}).status_code == 400
    assert "default-src 'none'" in page.get(f"/{WORD}/").headers["content-security-policy"]


def test_several_at_once_are_all_kept(page: TestClient, outbox: CaseOutbox) -> None:
    def give(_: int) -> int:
        return page.post(
            f"/{WORD}/cases", files=[("image", ("scan.png", PICTURE, "image/png"))]
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(give, range(8))) == {200}
    cases = outbox.all()
    assert len({case.id for case in cases}) == 8
    assert all(case.state is CaseState.ANALYSED for case in cases)
