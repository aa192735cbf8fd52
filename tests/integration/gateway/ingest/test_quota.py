"""What is on its way is bounded by sender and site over all doors; the oldest idle upload gives way; the disk has a
reserve."""

from __future__ import annotations

import gzip
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import hub as hubs
import pytest
import servers

from gateway.ingest import spool as spools
from gateway.ingest import spool_room
from services.domain.study import Principal, Role

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def hub(tmp_path: Path, valkey: servers.Valkey, seaweed: servers.Seaweed) -> Iterator[hubs.Hub]:
    bounds = {"upload_device_bytes": 1_000_000, "upload_site_bytes": 1_800_000}
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
        assert create(one, 900_000).status_code == 201
        refused = create(one, 200_000)
        assert refused.status_code == 429
        assert refused.json()["code"] == "quota_exceeded"
        assert create(other, 900_000).status_code == 201
        assert create(one, 10_000).status_code == 429, "the site's bound"
    with hub.client("b") as stranger:
        assert create(stranger, 900_000).status_code == 201, "another site has room of its own"


def test_many_small_uploads_count_as_few_large_ones(
    hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.spool_room, "_least", 250_000)
    with hub.client(role=Role.SONOGRAPHER) as one, hub.client(role=Role.DEVICE) as other:
        begun = [create(one, 1) for _ in range(4)]
        assert {answer.status_code for answer in begun} == {201}
        refused = create(one, 1)
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
        assert create(other, 1).status_code == 201
        rest(hub, begun[0].headers["location"], spool_room.IDLE_SECONDS + 1)
        assert create(one, 1).status_code == 201, "the idle one gave way"


DOORS = {
    "form": ("/api/uploads", "multipart/form-data; boundary=b"),
    "STOW": ("/dicomweb/studies", 'multipart/related; type="application/dicom"; boundary=b'),
    "carried case": ("/api/sync/bundles", "application/octet-stream"),
}


@contextmanager
def on_its_way(
    hub: hubs.Hub, door: str, length: int, role: Role, site: str = "a"
) -> Iterator[None]:
    """A request of ``length`` bytes that has announced them and does not go on."""
    path, kind = DOORS[door]
    with socket.create_connection(("127.0.0.1", urlsplit(hub.url).port or 80)) as line:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {hub.key(site, role)}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        )
        line.sendall(head.encode())
        room, who = hub.services.spool_room, principal(hub, site, role)
        while not room.is_held(who):  # the test's own time limit ends it
            time.sleep(0.02)
        yield
    while room.is_held(who):
        time.sleep(0.02)


def principal(hub: hubs.Hub, site: str, role: Role) -> Principal:
    with hub.client(site, role) as client:
        return Principal(client.get("/api/me").json()["subject"], site, role)


def send(client: httpx.Client, door: str, length: int) -> httpx.Response:
    if door == "tus":
        return create(client, length)
    path, kind = DOORS[door]
    return client.post(path, content=bytes(length), headers={"Content-Type": kind})


@pytest.mark.parametrize("holder", DOORS)
def test_all_doors_share_one_room(hub: hubs.Hub, holder: str) -> None:
    """A sender whose one request has taken its room gets no more of it, wherever it knocks; others do."""
    sender = Role.SONOGRAPHER
    with (
        hub.client(role=sender) as one,
        hub.client(role=Role.DEVICE) as other,
        on_its_way(hub, holder, 900_000, sender),
    ):
        for door in (*DOORS, "tus"):
            refused = send(one, door, 200_000)
            assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded"), door
            assert refused.headers["retry-after"]
        assert create(other, 890_000).status_code == 201
        assert create(other, 50_000).status_code == 429, "the site's bound"
    with hub.client(role=sender) as one:
        assert create(one, 800_000).status_code == 201, "the room was given back"
        assert send(one, "STOW", 300_000).status_code == 429, "an unfinished upload counts, too"
        assert send(one, "STOW", 1_200_000).status_code == 413, (
            "more than a sender may have at once"
        )


@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_without_a_length_takes_room_as_it_comes(hub: hubs.Hub, compressed: bool) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"--b\r\nContent-Type: application/dicom\r\n\r\n"
        for _ in range(60):
            yield bytes(10_000)

    sent: Iterator[bytes] = iter([gzip.compress(b"".join(pieces()))]) if compressed else pieces()
    headers = {"Content-Type": DOORS["STOW"][1]}
    headers |= {"Content-Encoding": "gzip"} if compressed else {}
    with hub.client(role=Role.SONOGRAPHER) as client:
        assert create(client, 500_000).status_code == 201
        refused = client.post(DOORS["STOW"][0], content=sent, headers=headers)
    assert refused.status_code == 429


def test_for_a_form_an_idle_upload_gives_way_as_well(hub: hubs.Hub) -> None:
    picture = (hubs.SAMPLES / "head-27w.png").read_bytes()
    with hub.client(role=Role.SONOGRAPHER) as client:
        idle = create(client, 980_000)
        assert client.post("/api/uploads", files={"file": picture}).status_code == 429
        rest(hub, idle.headers["location"], spool_room.IDLE_SECONDS + 60)
        assert client.post("/api/uploads", files={"file": picture}).status_code == 200
        assert client.head(idle.headers["location"], headers=TUS).status_code == 410


def test_the_end_of_an_upload_has_room_for_what_is_made_of_it(hub: hubs.Hub) -> None:
    """Else a sender that has used its room could never finish."""
    picture = (hubs.SAMPLES / "head-27w.png").read_bytes()
    with hub.client(role=Role.SONOGRAPHER) as client:
        upload = create(client, len(picture)).headers["location"]
        assert create(client, 1_000_000 - len(picture)).status_code == 201
        headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        done = client.patch(upload, content=picture, headers=headers)
        assert (done.status_code, done.headers["fada-outcome"]) == (204, "complete")


def test_the_oldest_idle_upload_gives_way(hub: hubs.Hub) -> None:
    with hub.client(role=Role.SONOGRAPHER) as client:
        old, newer = create(client, 400_000), create(client, 400_000)
        rest(hub, old.headers["location"], spool_room.IDLE_SECONDS + 90)
        rest(hub, newer.headers["location"], spool_room.IDLE_SECONDS + 60)
        made = create(client, 500_000)
        assert made.status_code == 201
        assert client.head(old.headers["location"], headers=TUS).status_code == 410
        assert client.head(newer.headers["location"], headers=TUS).status_code == 200
        assert not (hub.services.spool.folder / "tus" / old.headers["location"][5:]).exists()


def test_one_that_goes_on_is_kept(hub: hubs.Hub) -> None:
    with hub.client(role=Role.SONOGRAPHER) as client:
        running = create(client, 900_000)
        assert create(client, 200_000).status_code == 429
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
        whole = (hubs.SAMPLES / "head-27w.dcm").read_bytes() * 30
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
        rest(hub, old.headers["location"], spool_room.IDLE_SECONDS + 60)
        monkeypatch.setattr(spools, "_free", lambda _place: 2**30 - 100)
        assert create(client, 100).status_code == 201
        assert stranger.head(old.headers["location"], headers=TUS).status_code == 410
