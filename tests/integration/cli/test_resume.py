"""`fada send`'s transfer against a tus server that fails on command: what passes is overcome, once."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli import resume
from cli.errors import HubSays, HubUnreachable
from cli.hub import HubConnection
from cli.resume import UnfinishedUploads, digest_of, upload

CONTENT = bytes(range(256)) * 1000


class Server(ThreadingHTTPServer):
    """tus 1.0 in memory. ``faults`` are taken one a PATCH: a status, or what else goes wrong."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.uploads: dict[str, bytearray] = {}
        self.lengths: dict[str, int] = {}
        self.metadata: list[str] = []
        self.faults: list[int | str] = []
        self.expired = False
        self.sent: list[int] = []
        self.authorization: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None: ...

    def answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.authorization.add(self.headers["Authorization"])
        path = f"/tus/{len(self.server.uploads)}"
        self.server.uploads[path] = bytearray()
        self.server.lengths[path] = int(self.headers["Upload-Length"])
        self.server.metadata.append(self.headers["Upload-Metadata"])
        # Another host, as a proxy that rewrites may say: only its path is followed.
        self.answer(201, {"Location": f"http://elsewhere.example{path}"})

    def do_HEAD(self) -> None:
        if self.server.expired or self.path not in self.server.uploads:
            self.server.expired = False
            self.answer(410)
            return
        self.answer(200, {"Upload-Offset": str(len(self.server.uploads[self.path]))})

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.faults.pop(0) if self.server.faults else ""
        kept = self.server.uploads[self.path]
        name, _, digest = self.headers["Upload-Checksum"].partition(" ")
        good = base64.b64encode(hashlib.new(name, body).digest()).decode() == digest
        if isinstance(fault, int):
            problem = json.dumps({"code": "scripted", "detail": "As the test asked."}).encode()
            self.answer(fault, {}, problem)
        elif int(self.headers["Upload-Offset"]) != len(kept):
            self.answer(409)
        elif not good:
            self.answer(460)
        else:
            kept += body
            self.server.sent.append(len(body))
            if fault == "answer lost":
                self.close_connection = True
                return
            self.answer(204, {"Upload-Offset": str(len(kept))})

    def do_GET(self) -> None:
        whole = bytes(self.server.uploads[self.path])
        items = [{"study_id": "s", "new": True}] if whole == CONTENT else []
        self.answer(200, {}, json.dumps({"outcome": {"items": items}}).encode())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(resume, "PIECE", 100_000)
    monkeypatch.setattr(resume.time, "sleep", lambda seconds: None)
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


class Sender:
    def __init__(self, server: Server, folder: Path) -> None:
        self.hub = HubConnection(f"http://127.0.0.1:{server.server_port}", "fada_key")
        self.kept = UnfinishedUploads(folder / "uploads")
        self.path = folder / "scan.dcm"
        self.path.write_bytes(CONTENT)
        self.moved: list[int] = []

    def send(self) -> dict[str, Any]:
        metadata = {"filename": "scan.dcm", "sha256": digest_of(self.path)}
        return upload(self.hub, self.kept, self.path, metadata, self.moved.append)

    def noted(self) -> str:
        return self.kept.find(self.hub.address, digest_of(self.path))


@pytest.fixture
def sender(server: Server, tmp_path: Path) -> Iterator[Sender]:
    made = Sender(server, tmp_path)
    yield made
    made.hub.__exit__(None, None, None)


def test_piece_by_piece_with_checksums_and_metadata(server: Server, sender: Sender) -> None:
    assert sender.send()["outcome"]["items"]
    assert server.sent == [100_000, 100_000, 56_000]
    assert sum(sender.moved) == len(CONTENT)
    sha256 = base64.b64encode(digest_of(sender.path).encode()).decode()
    assert f"sha256 {sha256}" in server.metadata[0]
    assert server.authorization == {"Bearer fada_key"}
    assert sender.noted() == ""


@pytest.mark.parametrize("fault", [409, 423, 429, 460, 500, 503, "answer lost"])
def test_what_passes_is_overcome_and_nothing_is_sent_twice(
    server: Server, sender: Sender, fault: int | str
) -> None:
    server.faults = ["", fault, fault]
    assert sender.send()["outcome"]["items"]
    assert sum(server.sent) == len(CONTENT)
    assert sum(sender.moved) == len(CONTENT)


def test_after_an_end_in_the_middle_it_goes_on_where_it_stood(
    server: Server, sender: Sender
) -> None:
    server.faults = ["", *[503] * 6]
    with pytest.raises(HubSays):
        sender.send()
    assert sender.noted().startswith("/tus/")
    sender.moved.clear()
    assert sender.send()["outcome"]["items"]
    assert sender.moved[0] == 100_000
    assert len(server.uploads) == 1


def test_an_upload_that_expired_begins_anew(server: Server, sender: Sender) -> None:
    server.faults = ["", *[503] * 6]
    with pytest.raises(HubSays):
        sender.send()
    server.expired = True
    assert sender.send()["outcome"]["items"]
    assert len(server.uploads) == 2


@pytest.mark.parametrize("status", [400, 403, 413, 415])
def test_a_refusal_is_not_tried_again(server: Server, sender: Sender, status: int) -> None:
    server.faults = [status]
    with pytest.raises(HubSays) as refusal:
        sender.send()
    assert refusal.value.http == status
    assert refusal.value.detail == "As the test asked."
    assert server.sent == []


def test_a_hub_that_is_gone_is_said(server: Server, sender: Sender) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(HubUnreachable):
        sender.send()


def test_a_password_of_netrc_does_not_replace_the_key(
    server: Server, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    sender.send()
    assert server.authorization == {"Bearer fada_key"}
