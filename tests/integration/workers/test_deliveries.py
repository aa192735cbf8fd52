"""What goes out, to real receivers: a webhook, a gateway by STOW-RS, a C-STORE peer."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which

import pydicom
import pytest
import servers
from standardwebhooks import Webhook
from worker_hub import WHO, another, receive

from services.domain.report import Origin
from services.index import open_index
from services.index.port import Index, OutboxRow
from services.settings import Settings
from services.standalone import ports
from services.storage.s3 import S3Store
from workers.delivery import Deliveries, wants_push


class Receiver:
    """A real HTTP server that keeps what it gets; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.status = 204
        self.got: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = open_index(f"sqlite:///{tmp_path}/index.db")
    made.migrate()
    yield made
    made.close()


def rows(index: Index, topic: str) -> list[OutboxRow]:
    with index.begin() as tx:
        return tx.outbox.claim(topic, 100, 0.0)


def settings(tmp_path: Path, **more: object) -> Settings:
    return servers.settings_for(tmp_path, None, None, **more)


def test_webhook_is_delivered_and_the_receivers_library_believes_it(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        hook = tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-hook"))
    deliveries = Deliveries(settings(tmp_path, webhook_allow_private=True), index, object_store)
    row = rows(index, "webhook")[0]

    assert deliveries.deliver(row.id) == "done"

    headers, body = receiver.got[0]
    told = Webhook(hook.secret).verify(body, headers)
    assert told["type"] == "study.received"
    assert told["data"]["study_id"]
    assert b"SAMPLE" not in body
    assert deliveries.deliver(row.id) == "gone"
    assert rows(index, "webhook") == []


def test_webhook_that_fails_is_sent_again_as_the_same_message(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-again"))
    deliveries = Deliveries(settings(tmp_path, webhook_allow_private=True), index, object_store)
    row = rows(index, "webhook")[0]
    receiver.status = 503

    assert deliveries.deliver(row.id) == "again"
    assert rows(index, "webhook") == []  # not due yet
    receiver.status = 204
    assert deliveries.deliver(row.id) == "done"

    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


def test_webhook_into_the_own_network_is_given_up_without_a_connection(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url.replace("http", "https"), ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-private"))
    deliveries = Deliveries(settings(tmp_path), index, object_store)
    row = rows(index, "webhook")[0]

    assert deliveries.deliver(row.id) == "given_up"
    assert receiver.got == []


def _reported(index: Index, store: S3Store, data: bytes) -> OutboxRow:
    """A study with a result that has one DICOM object: the image itself stands for an SR."""
    from dataclasses import replace

    from services.domain.report import ReleaseId, Report
    from services.index.database.session import utc_now
    from services.index.port import Artefact

    job_id = receive(index, store, data)
    with index.begin() as tx:
        job = tx.jobs.get(None, job_id)
        report = Report(
            job.study_uid, Origin.REVIEW, ReleaseId("a", "1.0.0", "0" * 64), utc_now(), ()
        )
        sr = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
        stored = store.put("default", data, "application/dicom")
        artefact = Artefact("sr", stored.sha256, "application/dicom", stored.size)
        artefact = replace(artefact, sop_uid=str(sr.SOPInstanceUID))
        tx.results.add(WHO, job.study_id, report, [artefact], origin=Origin.REVIEW, based_on=None)
    return rows(index, "push")[0]


@pytest.mark.skipif(which("storescp") is None, reason="needs Debian's dcmtk")
def test_result_is_stored_at_a_real_c_store_peer(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    data = another("head-27w.dcm", f"{tmp_path.name}-scp")
    row = _reported(index, object_store, data)
    port, folder = ports.free(1)[0], tmp_path / "pacs"
    folder.mkdir()
    peer = subprocess.Popen(["storescp", "-aet", "PACS", "+xa", "-od", str(folder), str(port)])
    try:
        until = time.monotonic() + 10
        while ports.is_free(port) and time.monotonic() < until:
            time.sleep(0.05)
        given = settings(tmp_path, push_dimse=f"PACS@127.0.0.1:{port}")
        assert Deliveries(given, index, object_store).deliver(row.id) == "done"
    finally:
        peer.terminate()
        peer.wait()
    stored = [pydicom.dcmread(path) for path in folder.iterdir()]
    assert [ds.SOPInstanceUID for ds in stored] == [
        pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).SOPInstanceUID
    ]


def test_peer_that_is_away_is_tried_again(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    row = _reported(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-away"))
    for more in (
        {"push_dimse": f"PACS@127.0.0.1:{ports.free(1)[0]}"},
        {"push_stow_url": f"http://127.0.0.1:{ports.free(1)[0]}/dicomweb"},
    ):
        given = settings(tmp_path, **more)
        assert Deliveries(given, index, object_store).deliver(row.id) == "again"


def test_result_is_stored_at_a_real_dicomweb_server(
    index: Index,
    object_store: S3Store,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
    tmp_path: Path,
) -> None:
    import hub as hubs

    data = another("head-27w.dcm", f"{tmp_path.name}-stow")
    row = _reported(index, object_store, data)
    (tmp_path / "pacs").mkdir()
    with hubs.running(tmp_path / "pacs", valkey, seaweed) as pacs:
        given = settings(
            tmp_path, push_stow_url=f"{pacs.url}/dicomweb", push_stow_token=pacs.key("a")
        )
        assert Deliveries(given, index, object_store).deliver(row.id) == "done"
        with pacs.client("a") as client:
            found = client.get("/dicomweb/instances").json()
    assert [one["00080018"]["Value"][0] for one in found] == [
        str(pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).SOPInstanceUID)
    ]


def test_only_the_named_site_is_pushed(tmp_path: Path) -> None:
    assert not wants_push(settings(tmp_path), "a")
    assert wants_push(settings(tmp_path, push_stow_url="https://x"), "a")
    assert not wants_push(settings(tmp_path, push_stow_url="https://x", push_site="b"), "a")


def test_outbox_holds_ids_alone(index: Index, object_store: S3Store, tmp_path: Path) -> None:
    row = _reported(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-ids"))
    assert set(row.payload) == {"site", "study_id", "version", "result_id"}
    assert "SAMPLE" not in json.dumps(row.payload)
