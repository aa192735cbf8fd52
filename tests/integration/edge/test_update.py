"""A device takes the hub's release: whole, signed by a key that it trusts, tried before it is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import hub as hubs
import pytest
import releases
import servers
import small_releases
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.agent.case_reader import CaseReader
from edge.agent.hub import Hub as Client
from edge.agent.hub import enrol
from edge.agent.image_file import open_image
from edge.agent.releases import update
from services.domain.errors import (
    InvalidModelOutput,
    ReleaseOlder,
    ReleaseRefused,
    ReleaseWrongSignature,
)
from services.reading.releases.registry import activate, names, pointer, trust_of
from services.reading.releases.signature import add_trust, public_bytes, sign

FIRST = "fada-test-1.0.0"


@pytest.fixture
def hub(tmp_path: Path, valkey: servers.Valkey, seaweed: servers.Seaweed) -> Iterator[hubs.Hub]:
    with hubs.running(tmp_path / "hub", valkey, seaweed) as running:
        yield running


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The hub's releases."""
    return tmp_path / "hub" / "releases"


@pytest.fixture
def client(hub: hubs.Hub) -> Iterator[Client]:
    with hub.client() as admin:
        code = str(admin.post("/api/devices/codes").json()["code"])
    device = Client(enrol(hub.url, code, "laptop"))
    yield device
    device.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The device's releases: none yet, but it knows whose it may take."""
    folder = tmp_path / "device"
    folder.mkdir()
    add_trust(folder / "trusted-keys.json", public_bytes(releases.KEY), "tests")
    return folder


def brought(store: Path, client: Client) -> str | None:
    return update(store, client, trust_of(store))


def left(store: Path) -> list[str]:
    return sorted(p.name for p in store.iterdir() if p.is_dir())


def test_the_first_release_is_brought_and_reads(store: Path, client: Client) -> None:
    assert brought(store, client) == FIRST
    assert left(store) == [FIRST]
    picture = open_image(
        "case", "a" * 64, "image/png", (hubs.SAMPLES / "head-27w.png").read_bytes()
    )
    report = CaseReader(store).read("case", [picture])
    assert f"{report.release.name}-{report.release.version}" == FIRST
    assert brought(store, client) is None, "nothing newer"


def test_a_newer_one_takes_its_place_and_an_older_one_does_not(
    store: Path, shelf: Path, client: Client
) -> None:
    brought(store, client)
    releases.build(shelf, "1.1.0")
    activate(shelf, "fada-test-1.1.0", trust_of(shelf))
    assert brought(store, client) == "fada-test-1.1.0"
    releases.build(shelf, "0.9.0")
    activate(shelf, "fada-test-0.9.0", trust_of(shelf), rollback=True)
    with pytest.raises(ReleaseOlder):
        brought(store, client)
    now = pointer(store)
    assert now is not None
    assert now.active == "fada-test-1.1.0"
    assert now.previous == FIRST


def test_a_strangers_signature_is_refused_and_nothing_stays(
    store: Path, shelf: Path, client: Client
) -> None:
    brought(store, client)
    folder = releases.build(shelf, "1.2.0")
    stranger = Ed25519PrivateKey.generate()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(sign(manifest, stranger)))
    add_trust(shelf / "trusted-keys.json", public_bytes(stranger), "the hub's alone")
    activate(shelf, "fada-test-1.2.0", trust_of(shelf))
    with pytest.raises(ReleaseWrongSignature):
        brought(store, client)
    assert left(store) == [FIRST]
    assert names(store) == (FIRST,)
    CaseReader(store)


def test_a_cut_download_goes_on_and_a_damaged_one_is_fetched_anew(
    store: Path, shelf: Path, client: Client
) -> None:
    graph = (shelf / FIRST / "vision.onnx").read_bytes()
    part = store / f".{FIRST}.part"
    part.mkdir()
    (part / "vision.onnx").write_bytes(graph[: len(graph) // 2])
    assert brought(store, client) == FIRST
    releases.build(shelf, "1.1.0")
    activate(shelf, "fada-test-1.1.0", trust_of(shelf))
    part = store / ".fada-test-1.1.0.part"
    part.mkdir()
    (part / "vision.onnx").write_bytes(b"x" * 100)
    with pytest.raises(ReleaseRefused):
        brought(store, client)
    assert not part.exists()
    assert brought(store, client) == "fada-test-1.1.0"


def test_what_does_not_answer_is_not_used(store: Path, shelf: Path, client: Client) -> None:
    brought(store, client)
    releases.build(shelf, "1.3.0", broken="PLANE")
    activate(shelf, "fada-test-1.3.0", trust_of(shelf))
    with pytest.raises(InvalidModelOutput):
        brought(store, client)
    small_releases.write(shelf, "2.0.0", name="small")  # sound outside, but no such graph
    activate(shelf, "small-2.0.0", trust_of(shelf))
    with pytest.raises(ReleaseRefused):
        brought(store, client)
    now = pointer(store)
    assert now is not None
    assert now.active == FIRST
    assert left(store) == [FIRST]
