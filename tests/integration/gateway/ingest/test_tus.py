"""Resumable upload with the real client (tuspy), and what goes wrong on the way (cases 9, 13-15)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gateways
import httpx
import hub as hubs
import servers
from tusclient import client as tusclient

from gateway.uploads import housekeeping
from gateway.uploads.partial_upload import CHECKPOINT, UploadFiles
from services.domain.study import Principal, Role

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def begin(client: httpx.Client, length: int, **metadata: str) -> str:
    pairs = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in metadata.items())
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": pairs}
    answer = client.post("/tus/", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def offset(client: httpx.Client, path: str) -> int:
    return int(client.head(path, headers=TUS).headers["upload-offset"])


def patch(client: httpx.Client, path: str, at: int, data: bytes, **headers: str) -> httpx.Response:
    return client.patch(path, content=data, headers={**BYTES, "Upload-Offset": str(at), **headers})


def large(size: int = 9 * 2**20) -> bytes:
    """A real DICOM object of about ``size`` bytes."""
    import numpy as np

    from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object

    side = int(size**0.5)
    noise = np.random.default_rng(size).integers(0, 255, (1, side, side), dtype=np.uint8)
    return ultrasound_object(PictureFrames(noise), Subject(study_key=f"large-{size}"), None)


def test_tuspy_sends_a_study(hub: hubs.Hub) -> None:
    data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
    headers = {"Authorization": f"Bearer {hub.key('tus')}"}
    uploader = tusclient.TusClient(f"{hub.url}/tus/", headers=headers).uploader(
        file_stream=io.BytesIO(data), chunk_size=50_000, metadata={"filename": "head.dcm"},
        upload_checksum=True,
    )  # fmt: skip
    uploader.upload()
    with hub.client("tus") as client:
        body = client.get(urlsplit(str(uploader.url)).path).json()
        assert (body["state"], body["offset"]) == ("complete", len(data))
        item = body["outcome"]["items"][0]
        assert item["sha256"] == hashlib.sha256(data).hexdigest()
        assert client.get(f"/api/studies/{item['study_id']}").json()["source"] == "tus"
        assert offset(client, urlsplit(str(uploader.url)).path) == len(data)


def test_creation_with_upload_and_options(hub: hubs.Hub) -> None:
    data = (hubs.SAMPLES / "head-14w.dcm").read_bytes()
    with hub.client("tus") as client:
        response_headers = client.options("/tus/").headers
        assert response_headers["tus-version"] == "1.0.0"
        assert "creation-with-upload" in response_headers["tus-extension"]
        headers = {**BYTES, "Upload-Length": str(len(data))}
        answer = client.post("/tus/", content=data, headers=headers)
        assert answer.status_code == 201
        assert answer.headers["upload-offset"] == str(len(data))
        assert answer.headers["fada-outcome"] == "complete"


def test_wrong_versions_and_headers(hub: hubs.Hub) -> None:
    with hub.client("tus") as client:
        path = begin(client, 10)
        assert client.post("/tus/", headers={"Upload-Length": "5"}).status_code == 412
        assert client.head(path, headers={"Tus-Resumable": "0.2.2"}).status_code == 412
        assert client.post("/tus/", headers={**TUS, "Upload-Length": "-5"}).status_code == 400
        assert client.post("/tus/", headers={**TUS, "Upload-Length": str(2**40)}).status_code == 413
        assert (
            client.patch(path, content=b"x", headers={**TUS, "Upload-Offset": "0"}).status_code
            == 415
        )
        assert patch(client, path, 5, b"x").status_code == 409
        assert patch(client, path, 0, b"x" * 11).status_code == 413
        assert offset(client, path) == 0
        assert client.delete(path, headers=TUS).status_code == 204
        assert client.head(path, headers=TUS).status_code == 404


def test_a_wrong_checksum_does_not_move_the_offset(hub: hubs.Hub) -> None:
    """Case 14."""
    with hub.client("tus") as client:
        data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
        path = begin(client, len(data))
        good = base64.b64encode(hashlib.sha1(data[:100]).digest()).decode()
        answer = patch(client, path, 0, b"?" * 100, **{"Upload-Checksum": f"sha1 {good}"})
        assert answer.status_code == 460
        assert answer.json()["code"] == "checksum_mismatch"
        assert offset(client, path) == 0
        answer = patch(client, path, 0, data[:100], **{"Upload-Checksum": f"sha1 {good}"})
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, "100")
        last = patch(client, path, 100, data[100:], **{"Upload-Checksum": "sha256 AAAA"})
        assert last.status_code == 460
        assert offset(client, path) == 100
        assert patch(client, path, 100, data[100:]).status_code == 204
        assert client.get(path).json()["state"] == "complete"


def test_two_writers_at_one_offset(hub: hubs.Hub) -> None:
    """Case 13: one is told 409 or 423, and the bytes are intact."""
    data = large(3 * 2**20)
    with hub.client("tus") as client:
        path = begin(client, len(data))
        half = len(data) // 2
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: patch(client, path, 0, data[:half]), range(6)))
        codes = sorted(a.status_code for a in answers)
        assert codes.count(204) == 1
        assert set(codes) <= {204, 409, 423}
        assert offset(client, path) == half
        assert patch(client, path, half, data[half:]).status_code == 204
        item = client.get(path).json()["outcome"]["items"][0]
        assert item["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_broken_line_keeps_what_came(hub: hubs.Hub) -> None:
    data = large(2 * 2**20)
    with hub.client("tus") as client:
        path = begin(client, len(data))
        place = urlsplit(hub.url)
        with socket.create_connection((place.hostname, place.port)) as line:
            head = (
                f"PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {hub.key('tus')}\r\n"
                "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
                f"Upload-Offset: 0\r\nContent-Length: {len(data)}\r\n\r\n"
            )
            line.sendall(head.encode() + data[: 2**20])
            time.sleep(0.3)
        deadline = time.monotonic() + 120
        while (at := offset(client, path)) == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert 0 < at <= 2**20
        while (answer := patch(client, path, at, data[at:])).status_code == 423:
            time.sleep(0.1)
        assert answer.status_code == 204
        item = client.get(path).json()["outcome"]["items"][0]
        assert item["sha256"] == hashlib.sha256(data).hexdigest()


def test_an_expired_upload_is_gone(hub: hubs.Hub) -> None:
    """Case 15: 410, and the bytes are cleared away."""
    index = hub.services.index
    with hub.client("tus") as client:
        path = begin(client, 1000)
        assert patch(client, path, 0, b"x" * 10).status_code == 204
        assert client.head(path, headers=TUS).headers["upload-expires"].endswith("GMT")
        subject = client.get("/api/me").json()["subject"]
        who = Principal(subject, "tus", Role.ADMIN)
        with index.begin() as tx:
            past = datetime.now(UTC) - timedelta(seconds=1)
            old = tx.uploads.create(who, 10, {}, past)
        gone = f"/tus/{old.id}"
        part = hub.services.spool.folder / "tus" / old.id
        part.write_bytes(b"12345")
        for method in ("HEAD", "PATCH"):
            answer = client.request(method, gone, headers={**BYTES, "Upload-Offset": "0"})
            assert answer.status_code == 410
        housekeeping.once(hub.services)
        assert not part.exists()
        assert client.head(gone, headers=TUS).status_code == 410
        assert offset(client, path) == 10, "others are not touched"


def test_somebody_elses_upload_is_not_found(hub: hubs.Hub) -> None:
    with hub.client("tus") as mine, hub.client("tus", Role.SONOGRAPHER) as other:
        path = begin(mine, 10)
        assert patch(other, path, 0, b"x").status_code == 404


def test_refused_content_is_an_outcome(hub: hubs.Hub) -> None:
    with hub.client("tus") as client:
        data = b"not an image" * 20
        path = begin(client, len(data), filename="x.dcm")
        answer = patch(client, path, 0, data)
        assert (answer.status_code, answer.headers["fada-outcome"]) == (204, "failed")
        body = client.get(path).json()
        assert body["state"] == "failed"
        assert body["outcome"]["items"][0]["problem"]["code"] == "unsupported_media"
        wrong = begin(client, 3, sha256="0" * 64)
        patch(client, wrong, 0, b"abc")
        problem = client.get(wrong).json()["outcome"]["items"][0]["problem"]
        assert problem["code"] == "checksum_mismatch"


def counted(client: httpx.Client, path: str) -> int:
    """The offset without a word to who writes, as HEAD has; -1 while a busy hub does not say."""
    with contextlib.suppress(httpx.TransportError):
        answer = client.get(path)
        if answer.status_code == 200:
            return int(answer.json()["offset"])
    return -1


def go_on(client: httpx.Client, path: str, data: bytes) -> dict[str, Any]:
    """As a client goes on: from where the hub says, again and again, until it has all."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            body: dict[str, Any] = client.get(path).json()
            if body.get("state", "open") != "open":
                return body
            head = client.head(path, headers=TUS)
            if head.status_code == 200:
                at = int(head.headers["upload-offset"])
                patch(client, path, at, data[at:])
        time.sleep(0.1)


def test_a_killed_gateway_loses_no_counted_byte(
    valkey: servers.Valkey, seaweed: servers.Seaweed, tmp_path: Path
) -> None:
    """Case 9: HEAD shows the durable offset after SIGKILL; the finished file's hash is equal.

    Sender and reader try again as clients do: a busy hub may find a body slow, or be away for a moment.
    """
    outside = gateways.prepare(tmp_path, valkey, seaweed)
    data = large(4 * CHECKPOINT + 12345)
    killed = threading.Event()
    process = gateways.start(outside)
    try:
        with httpx.Client(base_url=outside.url, headers=outside.headers, timeout=120) as client:
            path = begin(client, len(data), filename="large.dcm")

            def slowly(at: int) -> Iterator[bytes]:
                for start in range(at, 2 * CHECKPOINT + 2**20, 2**20):
                    yield data[start : start + 2**20]
                killed.wait()

            def send() -> None:
                with httpx.Client(
                    base_url=outside.url, headers=outside.headers, timeout=600
                ) as sender:
                    while not killed.is_set():
                        with contextlib.suppress(httpx.TransportError):
                            if (at := counted(sender, path)) >= 0:
                                heads = {**BYTES, "Upload-Offset": str(at)}
                                sender.patch(path, content=slowly(at), headers=heads)
                        time.sleep(0.1)

            sending = threading.Thread(target=send, daemon=True)
            sending.start()
            while (before := counted(client, path)) < 2 * CHECKPOINT:
                time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed.set()
        sending.join()
        process = gateways.start(outside)
        with httpx.Client(base_url=outside.url, headers=outside.headers, timeout=120) as client:
            at = offset(client, path)
            assert before <= at < len(data)
            body = go_on(client, path, data)
            assert body["state"] == "complete"
            assert body["outcome"]["items"][0]["sha256"] == hashlib.sha256(data).hexdigest()
    finally:
        killed.set()
        process.kill()
        process.wait()


def test_a_dead_store_counts_nothing_as_received(
    hub: hubs.Hub, tmp_path: Path, valkey: servers.Valkey
) -> None:
    """The last bytes are counted only after the intake: 503, then the same bytes succeed."""
    data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
    with (
        servers.seaweed_server(tmp_path / "store") as store,
        hubs.running(tmp_path / "hub", valkey, store) as own,
        own.client() as client,
    ):
        path = begin(client, len(data))
        assert patch(client, path, 0, data[:1000]).status_code == 204
        store.process.kill()
        answer = patch(client, path, 1000, data[1000:])
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert offset(client, path) == 1000
        store.restart()
        assert patch(client, path, 1000, data[1000:]).status_code == 204
        assert client.get(path).json()["state"] == "complete"


def test_the_word_of_a_killed_gateway_to_end_a_writer_ends_no_later_one(hub: hubs.Hub) -> None:
    with hub.client("tus") as client:
        path = begin(client, 10)
        part = UploadFiles(hub.services.spool.folder).path(path.rpartition("/")[2])
        claim = part.with_name(f"{part.name}.claim")
        claim.touch()  # its process was killed while it waited
        assert offset(client, path) == 0
        assert patch(client, path, 0, b"x" * 5).status_code == 204


def test_a_sender_that_comes_back_ends_its_old_connection(hub: hubs.Hub) -> None:
    """What came on the old one counts at once; the hub takes nothing more of it."""
    with hub.client("comeback", Role.SONOGRAPHER) as client:
        path = begin(client, 100_000)
        ended = threading.Event()

        def slowly() -> Iterator[bytes]:
            yield bytes(60_000)
            ended.wait(300)

        answers: list[int] = []

        def send() -> None:
            with contextlib.suppress(httpx.TransportError):
                heads = {**BYTES, "Upload-Offset": "0"}
                answers.append(client.patch(path, content=slowly(), headers=heads).status_code)

        old = threading.Thread(target=send, daemon=True)
        old.start()
        written = UploadFiles(hub.services.spool.folder).path(path.rpartition("/")[2])
        while written.stat().st_size < 60_000:
            time.sleep(0.05)
        assert offset(client, path) == 60_000
        assert patch(client, path, 60_000, bytes(40_000)).status_code == 204
        ended.set()
        old.join(120)
        assert answers in ([], [423])
