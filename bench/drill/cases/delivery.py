"""What is sent twice, at once or in pieces comes in once; what goes out goes where it should."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.drill.case import Seen, case
from bench.drill.hub import DICOM, DrillHub, some_studies, wait_for
from bench.serving import serving
from services.index.port import DeliveryState

TUS = "tests/integration/gateway/ingest/test_tus.py"
BAD = "tests/integration/dicom/test_bad_input.py"
WEBHOOK = "tests/unit/services/publish/test_webhook.py"
DELIVERIES = "tests/integration/workers/test_deliveries.py"


@case(10, "the retry gets the same study id", f"{BAD}::test_a_lost_answer_is_given_again")
def answer_lost(hub: DrillHub) -> None:
    """10: the answer is lost after acceptance"""


@case(
    11,
    "one row, one job",
    f"{BAD}::test_twenty_identical_uploads_at_once_are_one",
    "tests/integration/gateway/ingest/test_uploads.py::test_twenty_at_once_are_one",
    live=True,
)
def twenty_at_once(hub: DrillHub) -> Seen:
    """11: 20 identical uploads at once, over all processes of the gateway"""
    ((uid, data),) = some_studies(1).items()
    with hub.client() as client, ThreadPoolExecutor(20) as pool:
        posts = [
            pool.submit(client.post, "/dicomweb/studies", content=data, headers=DICOM)
            for _ in range(20)
        ]
        codes = [one.result().status_code for one in posts]
        rows = client.get("/api/studies", params={"study_uid": uid}).json()["total"]
    jobs = len(hub.jobs([uid]))
    counted = hub.settled([uid])
    held = set(codes) == {200} and rows == jobs == 1 and counted.whole
    return Seen(held, f"20 answers {sorted(set(codes))}, {rows} row, {jobs} job; {counted}")


@case(12, "409; the original is kept", f"{BAD}::test_other_bytes_under_the_same_uid",
      f"{BAD}::test_of_two_rivals_in_one_request_the_first_stays")  # fmt: skip
def other_bytes(hub: DrillHub) -> None:
    """12: the same SOP Instance UID, different bytes"""


@case(13, "409 or 423; bytes intact", f"{TUS}::test_two_writers_at_one_offset",
      "tests/unit/gateway/uploads/test_partial_upload.py::test_one_writer_at_a_time")  # fmt: skip
def two_writers(hub: DrillHub) -> None:
    """13: two PATCHes at the same offset at once"""


@case(14, "460; the offset does not move", f"{TUS}::test_a_wrong_checksum_does_not_move_the_offset")
def wrong_checksum(hub: DrillHub) -> None:
    """14: wrong upload checksum"""


@case(
    41,
    "refused at connect",
    f"{WEBHOOK}::test_loopback_by_any_name_is_refused_before_a_connection",
    f"{WEBHOOK}::test_one_private_address_among_public_ones_is_enough_to_refuse",
    f"{WEBHOOK}::test_name_that_changes_its_address_after_the_look_gains_nothing",
    f"{WEBHOOK}::test_redirects_and_failures_are_failures",
    f"{DELIVERIES}::test_webhook_into_the_own_network_is_given_up_without_a_connection",
    "tests/integration/gateway/test_operations.py::test_webhooks_into_the_own_network_are_refused",
)
def webhook_inwards(hub: DrillHub) -> None:
    """41: a webhook to loopback, link-local, by DNS rebinding or redirect"""


@case(
    42,
    "the receiver's library refuses",
    f"{WEBHOOK}::test_receivers_library_refuses_an_edited_body",
    f"{WEBHOOK}::test_receivers_library_refuses_an_old_message_and_a_new_date_on_it",
    f"{DELIVERIES}::test_webhook_is_delivered_and_the_receivers_library_believes_it",
)
def webhook_replayed(hub: DrillHub) -> None:
    """42: a webhook replayed or edited"""


@case(
    "F11",
    "the urgent one is read first; no worker holds more than it reads",
    "tests/integration/workers/test_attempts.py::test_long_study_lets_a_new_one_run_first",
    "tests/contract/test_queue.py::test_urgent_comes_before_routine_and_publish_last",
    "tests/integration/services/test_broker_faults.py::test_a_busy_worker_takes_nothing_more",
)
def urgent_first(hub: DrillHub) -> None:
    """F11: an urgent study comes while a long one is read and others wait"""


@case(
    "F13",
    "the other receiver is served at once; studies are read meanwhile",
    f"{WEBHOOK}::test_receiver_that_drips_is_left",
    "tests/unit/workers/test_lanes.py::test_a_receiver_is_spoken_to_by_one_at_a_time_and_others_are_free",
    live=True,
)
def receiver_drips(hub: DrillHub) -> Seen:
    """F13: a webhook's receiver answers one byte at a time, beside one that answers"""
    heard: list[float] = []
    with _dripping() as (slow, drips), _answering(heard) as good, hub.client() as client:
        made = []
        for port in (slow, good):
            body = {"url": f"http://127.0.0.1:{port}/hook", "events": ["study.received"]}
            made.append(client.post("/api/webhooks", json=body).raise_for_status().json()["id"])
        studies = some_studies(4)
        began = time.monotonic()
        hub.send(studies.values())
        counted = hub.settled(studies)
        served = wait_for(lambda: len(heard) >= len(studies), 60)
        late = max(heard, default=began) - began
        with hub.index.read() as tx:
            open_ = tx.deliveries.find(None, states=(DeliveryState.WAITING, DeliveryState.DEAD))
        left = sum(one.kind == "webhook" for one in open_)
        for one in made:
            client.delete(f"/api/webhooks/{one}").raise_for_status()
    seen = f"{len(heard)} delivered to the other within {late:.0f} s, {left} wait for the dripping one "
    seen += f"({drips[0]} bytes dripped); {counted}"
    return Seen(served and counted.whole and left >= 1 and drips[0] > 0, seen)


@contextmanager
def _answering(heard: list[float]) -> Iterator[int]:
    """A receiver that notes when it was told; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            json.loads(self.rfile.read(int(self.headers["content-length"])))
            heard.append(time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server) as port:
        yield port


@contextmanager
def _dripping() -> Iterator[tuple[int, list[int]]]:
    """A receiver that never ends its answer; its port, and how many bytes it has said."""
    drips, ending = [0], threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            link: socket.socket = self.request
            with suppress(OSError):
                link.recv(65536)
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while not ending.wait(0.2):
                    link.sendall(b"x")
                    drips[0] += 1

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    try:
        with serving(server) as port:
            yield port, drips
    finally:
        ending.set()


@case(
    "F22",
    "refused: not public",
    f"{WEBHOOK}::test_addresses_that_are_not_public",
    f"{WEBHOOK}::test_addresses_that_are_public",
)
def odd_networks(hub: DrillHub) -> None:
    """F22: a webhook to 192.0.0.0/29, fec0::/10, 3fff::/20 and other odd networks"""
