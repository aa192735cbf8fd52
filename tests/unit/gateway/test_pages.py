"""Files of the pages are sent compressed to those who take it, whole and unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gateway import pages


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.include_router(pages.router)
    return TestClient(app)


@pytest.fixture(scope="module")
def module() -> Path:
    """The largest file that every phone fetches."""
    return next(p for p in (pages.PHONE / "assets").glob("ort-wasm*.wasm") if "jspi" not in p.name)


def test_web_assembly_travels_in_a_third_of_its_bytes(client: TestClient, module: Path) -> None:
    address = f"/field/assets/{module.name}"
    packed = client.get(address, headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == "application/wasm"
    assert "immutable" in packed.headers["cache-control"]
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.content == module.read_bytes()
    assert int(packed.headers["content-length"]) < module.stat().st_size / 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Encoding": "identity"},
        {"Accept-Encoding": "gzip;q=0, br"},
        {"Accept-Encoding": ""},
        {"Accept-Encoding": "gzip", "Range": "bytes=8-15"},
    ],
)
def test_who_takes_no_gzip_or_asks_for_a_part_gets_it_as_it_is(
    client: TestClient, module: Path, headers: dict[str, str]
) -> None:
    plain = client.get(f"/field/assets/{module.name}", headers=headers)
    assert "content-encoding" not in plain.headers
    whole = module.read_bytes()
    assert plain.content == (whole[8:16] if "Range" in headers else whole)
    assert plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/field/", "/field/sw.js", "/", "/study/7"])
def test_what_changes_under_its_name_is_asked_for_each_time(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert "content-encoding" not in answer.headers
