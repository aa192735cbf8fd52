"""Unfinished uploads are bounded by sender and site; the oldest idle one gives way; the disk has a reserve."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import hub as hubs
import pytest
import servers

from gateway.ingest import spool as spools
from gateway.uploads import quota
from services.domain.study import Role

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def hub(tmp_path: Path, valkey: servers.Valkey, seaweed: servers.Seaweed) -> Iterator[hubs.Hub]:
    bounds = {"upload_device_bytes": 1000, "upload_site_bytes": 1800}
    with hubs.running(tmp_path, valkey, seaweed, **bounds) as running:
        yield running


def create(client: httpx.Client, length: int) -> httpx.Response:
    return client.post("/tus/", headers={**TUS, "Upload-Length": str(length)})


def rest(hub: hubs.Hub, address: str, seconds: float) -> None:
    """As if no byte had come for so long."""
    file = hub.services.spool.folder / "tus" / address.rpartition("/")[2]
    at = time.time() - seconds
    os.utime(file, (at, at))


def test_one_sender_cannot_take_the_room_of_a_site(hub: hubs.Hub) -> None:
    with hub.client(role=Role.SONOGRAPHER) as one, hub.client(role=Role.DEVICE) as other:
        assert create(one, 900).status_code == 201
        refused = create(one, 200)
        assert refused.status_code == 429
        assert refused.json()["code"] == "quota_exceeded"
        assert create(other, 900).status_code == 201
        assert create(one, 10).status_code == 429, "the site's bound"
    with hub.client("b") as stranger:
        assert create(stranger, 900).status_code == 201, "another site has room of its own"


def test_the_oldest_idle_upload_gives_way(hub: hubs.Hub) -> None:
    with hub.client(role=Role.SONOGRAPHER) as client:
        old, newer = create(client, 400), create(client, 400)
        rest(hub, old.headers["location"], quota.IDLE_SECONDS + 90)
        rest(hub, newer.headers["location"], quota.IDLE_SECONDS + 60)
        made = create(client, 500)
        assert made.status_code == 201
        assert client.head(old.headers["location"], headers=TUS).status_code == 410
        assert client.head(newer.headers["location"], headers=TUS).status_code == 200
        assert not (hub.services.spool.folder / "tus" / old.headers["location"][5:]).exists()


def test_one_that_goes_on_is_kept(hub: hubs.Hub) -> None:
    with hub.client(role=Role.SONOGRAPHER) as client:
        running = create(client, 900)
        assert create(client, 200).status_code == 429
        assert client.head(running.headers["location"], headers=TUS).status_code == 200


def test_below_the_reserve_nothing_is_taken_and_nothing_is_lost(
    hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub.client(role=Role.SONOGRAPHER) as client:
        before = create(client, 300)
        monkeypatch.setattr(spools, "_free", lambda _place: 2**30 + 50)
        picture = (hubs.SAMPLES / "head-27w.png").read_bytes()
        for answer in (
            create(client, 100),
            client.post("/api/uploads", files={"file": picture}),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
        monkeypatch.setattr(spools, "_free", lambda _place: 2**30 - 1)
        whole = (hubs.SAMPLES / "head-27w.dcm").read_bytes() * 60
        headers = {"Content-Type": "application/dicom"}
        assert client.post("/dicomweb/studies", content=whole, headers=headers).status_code == 503
        monkeypatch.undo()
        assert client.head(before.headers["location"], headers=TUS).status_code == 200
        assert client.post("/api/uploads", files={"file": picture}).status_code == 200


def test_with_a_full_disk_the_longest_idle_goes_first(
    hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub.client(role=Role.SONOGRAPHER) as client, hub.client("b") as stranger:
        old = create(stranger, 300)
        rest(hub, old.headers["location"], quota.IDLE_SECONDS + 60)
        monkeypatch.setattr(spools, "_free", lambda _place: 2**30 - 100)
        assert create(client, 100).status_code == 201
        assert stranger.head(old.headers["location"], headers=TUS).status_code == 410
