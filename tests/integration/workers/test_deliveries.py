"""What goes out, to real receivers: a webhook, a gateway by STOW-RS, a C-STORE peer."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which

import pydicom
import pytest
import servers
from integration.workers.worker_hub import WHO, another, receive
from standardwebhooks import Webhook

from services.domain.report import Origin
from services.index import open_index
from services.index.port import Delivery, DeliveryState, Index
from services.settings import Settings
from services.standalone import ports
from services.storage.s3 import S3Store
from workers.delivery import MAX_ATTEMPTS, DeliveryRunner


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
    made.server.server_close()


class Clock:
    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(tmp_path: Path, clock: Clock) -> Iterator[Index]:
    url = f"sqlite:///{tmp_path}/index.db"
    made = open_index(url, clock=clock, has_pacs=lambda _site: True)
    made.migrate()
    yield made
    made.close()


def waiting(index: Index, kind: str) -> list[Delivery]:
    with index.read() as tx:
        found = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
    return [one for one in found if one.kind == kind]


def state_of(index: Index, delivery_id: str) -> tuple[DeliveryState, int, str]:
    with index.read() as tx:
        found = tx.deliveries.get(None, delivery_id)
    return found.state, found.attempts, found.error_code


def settings(tmp_path: Path, **more: object) -> Settings:
    return servers.settings_for(tmp_path, None, None, **more)


def test_webhook_is_delivered_and_the_receivers_library_believes_it(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        hook = tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-hook"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]

    assert runner.deliver(delivery.id) == "done"

    headers, body = receiver.got[0]
    told = Webhook(hook.secret).verify(body, headers)
    assert told["type"] == "study.received"
    assert told["data"]["study_id"]
    assert b"SAMPLE" not in body
    assert runner.deliver(delivery.id) == "gone"
    assert waiting(index, "webhook") == []
    assert state_of(index, delivery.id) == (DeliveryState.DELIVERED, 1, "")


def test_webhook_that_fails_is_sent_again_as_the_same_message(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver, clock: Clock
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-again"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]
    receiver.status = 503

    assert runner.deliver(delivery.id) == "again"
    assert runner.deliver(delivery.id) == "gone", "not due yet"
    assert state_of(index, delivery.id) == (DeliveryState.WAITING, 1, "webhook_failed")
    with index.begin() as tx:
        tx.outbox.done(*(row.id for row in tx.outbox.claim("deliver", 10)))
        clock.ahead += timedelta(seconds=6)
        assert [row.subject for row in tx.outbox.claim("deliver", 10)] == [delivery.id]
    receiver.status = 204
    assert runner.deliver(delivery.id) == "done"

    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


def test_webhook_into_the_own_network_is_given_up_without_a_connection(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url.replace("http", "https"), ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-private"))
    runner = DeliveryRunner(settings(tmp_path), index, object_store)
    delivery = waiting(index, "webhook")[0]

    assert runner.deliver(delivery.id) == "given_up"
    assert receiver.got == []
    assert state_of(index, delivery.id) == (DeliveryState.DEAD, 1, "webhook_refused")
    with index.begin() as tx:
        tx.deliveries.run_again(WHO, delivery.id)
    assert state_of(index, delivery.id) == (DeliveryState.WAITING, 0, "webhook_refused")
    allowed = settings(tmp_path, webhook_allow_private=True)
    assert DeliveryRunner(allowed, index, object_store).deliver(delivery.id) == "again"


def test_what_always_fails_is_given_up_in_the_end(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver, clock: Clock
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-always"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]
    receiver.status = 500
    outcomes = []
    for _ in range(MAX_ATTEMPTS):
        outcomes.append(runner.deliver(delivery.id))
        clock.ahead += timedelta(hours=7)
    assert outcomes == ["again"] * (MAX_ATTEMPTS - 1) + ["given_up"]
    assert state_of(index, delivery.id) == (DeliveryState.DEAD, MAX_ATTEMPTS, "webhook_failed")
    assert runner.deliver(delivery.id) == "gone"


def test_an_attempt_that_lost_its_worker_counts(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver, clock: Clock
) -> None:
    with index.begin() as tx:
        tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-lost"))
    runner = DeliveryRunner(settings(tmp_path, webhook_allow_private=True), index, object_store)
    delivery = waiting(index, "webhook")[0]
    for _ in range(MAX_ATTEMPTS):
        with index.begin() as tx:
            assert tx.deliveries.start(delivery.id, 180) is not None
        clock.ahead += timedelta(seconds=181)
    assert runner.deliver(delivery.id) == "given_up"
    assert receiver.got == []
    assert state_of(index, delivery.id)[2] == "worker_lost"


def test_a_webhook_that_was_deleted_leaves_no_delivery(
    index: Index, object_store: S3Store, tmp_path: Path, receiver: Receiver
) -> None:
    with index.begin() as tx:
        hook = tx.webhooks.create("default", receiver.url, ("study.received",))
    receive(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-deleted"))
    delivery = waiting(index, "webhook")[0]
    with index.begin() as tx:
        tx.webhooks.delete("default", hook.id)
    assert DeliveryRunner(settings(tmp_path), index, object_store).deliver(delivery.id) == "gone"
    with index.read() as tx:
        assert tx.deliveries.find(None) == []


def _reported(index: Index, store: S3Store, data: bytes) -> Delivery:
    """A study with a result that has one DICOM object: the image itself stands for an SR."""
    from dataclasses import replace

    from services.domain.report import ReleaseId, Report
    from services.index.database.connection import utc_now
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
    return waiting(index, "push")[0]


@pytest.mark.skipif(which("storescp") is None, reason="needs Debian's dcmtk")
def test_result_is_stored_at_a_real_c_store_peer(
    index: Index, object_store: S3Store, tmp_path: Path
) -> None:
    data = another("head-27w.dcm", f"{tmp_path.name}-scp")
    delivery = _reported(index, object_store, data)
    port, folder = ports.free(1)[0], tmp_path / "pacs"
    folder.mkdir()
    peer = subprocess.Popen(["storescp", "-aet", "PACS", "+xa", "-od", str(folder), str(port)])
    try:
        until = time.monotonic() + 10
        while ports.is_free(port) and time.monotonic() < until:
            time.sleep(0.05)
        given = settings(tmp_path, push_dimse=f"PACS@127.0.0.1:{port}")
        assert DeliveryRunner(given, index, object_store).deliver(delivery.id) == "done"
    finally:
        peer.terminate()
        peer.wait()
    stored = [pydicom.dcmread(path) for path in folder.iterdir()]
    assert [ds.SOPInstanceUID for ds in stored] == [
        pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).SOPInstanceUID
    ]


# pynetdicom leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_peer_that_is_away_is_tried_again(
    index: Index, object_store: S3Store, tmp_path: Path, clock: Clock
) -> None:
    delivery = _reported(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-away"))
    for more in (
        {"push_dimse": f"PACS@127.0.0.1:{ports.free(1)[0]}"},
        {"push_stow_url": f"http://127.0.0.1:{ports.free(1)[0]}/dicomweb"},
    ):
        given = settings(tmp_path, **more)
        with closing(DeliveryRunner(given, index, object_store)) as runner:
            assert runner.deliver(delivery.id) == "again"
        assert state_of(index, delivery.id)[0] is DeliveryState.WAITING
        clock.ahead += timedelta(seconds=30)


def test_result_is_stored_at_a_real_dicomweb_server(
    index: Index,
    object_store: S3Store,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
    tmp_path: Path,
) -> None:
    import hub as hubs

    data = another("head-27w.dcm", f"{tmp_path.name}-stow")
    delivery = _reported(index, object_store, data)
    (tmp_path / "pacs").mkdir()
    with hubs.running(tmp_path / "pacs", valkey, seaweed) as pacs:
        given = settings(
            tmp_path, push_stow_url=f"{pacs.url}/dicomweb", push_stow_token=pacs.key("a")
        )
        with closing(DeliveryRunner(given, index, object_store)) as runner:
            assert runner.deliver(delivery.id) == "done"
        with pacs.client("a") as client:
            found = client.get("/dicomweb/instances").json()
    assert [one["00080018"]["Value"][0] for one in found] == [
        str(pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).SOPInstanceUID)
    ]


def test_only_the_named_site_has_a_pacs(tmp_path: Path) -> None:
    assert not settings(tmp_path).has_pacs("a")
    assert settings(tmp_path, push_stow_url="https://x").has_pacs("a")
    assert not settings(tmp_path, push_stow_url="https://x", push_site="b").has_pacs("a")


def test_without_a_pacs_a_result_makes_no_delivery(object_store: S3Store, tmp_path: Path) -> None:
    index = open_index(f"sqlite:///{tmp_path}/none.db")
    index.migrate()
    with pytest.raises(IndexError):
        _reported(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-none"))
    with index.read() as tx:
        assert len(tx.results.versions("default", tx.jobs.find("default")[0].study_id)) == 1
        assert tx.deliveries.find(None) == []
        assert tx.outbox.pending("deliver") == 0
    index.close()


def test_outbox_holds_ids_alone(index: Index, object_store: S3Store, tmp_path: Path) -> None:
    delivery = _reported(index, object_store, another("head-27w.dcm", f"{tmp_path.name}-ids"))
    with index.begin() as tx:
        payloads = [row.payload for row in tx.outbox.claim("deliver", 10)]
    assert payloads == [{"delivery_id": delivery.id}]
