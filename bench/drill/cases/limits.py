"""Callers that take too much: of memory, time, connections or room."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import httpx
from pynetdicom import AE
from pynetdicom.association import Association

from bench.drill.case import Seen, case
from bench.drill.hub import DICOM, PEER, DrillHub, some_studies, wait_for
from bench.drill.memory import watched
from services.domain.study import Role

LIMITS = "tests/integration/gateway/access/test_limits.py"
PUBLIC = "tests/integration/gateway/access/test_public_routes.py"
DIMSE = "tests/integration/dicom/test_dimse.py"
BAD = "tests/integration/dicom/test_bad_input.py"
QUOTA = "tests/integration/gateway/ingest/test_quota.py"
WORKER = "tests/integration/workers/test_worker_faults.py"
_BACKLOG = 20
_VERIFICATION = "1.2.840.10008.1.1"


@case(
    30,
    "cap and time-out",
    f"{LIMITS}::test_a_false_length_is_refused",
    f"{LIMITS}::test_a_body_shorter_than_said_times_out",
    f"{LIMITS}::test_a_slow_drip_is_cut",
    f"{LIMITS}::test_a_body_without_length_is_counted",
    f"{BAD}::test_a_false_content_length",
)
def slow_drip(hub: DrillHub) -> None:
    """30: a false Content-Length, a slow drip"""


@case(
    36,
    "capped, closed",
    f"{DIMSE}::test_a_giant_pdu_ends_the_connection",
    f"{DIMSE}::test_half_a_pdu_does_not_hold_a_place",
    f"{DIMSE}::test_associations_are_counted_and_idle_ones_end",
    f"{DIMSE}::test_an_object_without_an_end_ends_the_connection",
)
def giant_pdu(hub: DrillHub) -> None:
    """36: a giant PDU, idle associations (DIMSE)"""


@case(
    37,
    "fast refusal",
    f"{LIMITS}::test_ranges_are_one_or_none",
    f"{LIMITS}::test_parts_without_a_file_name_are_refused_quickly",
    f"{BAD}::test_range_abuse",
)
def ranges(hub: DrillHub) -> None:
    """37: Range headers abused, parts with no file name"""


@case(
    "F6",
    "refused with bounded memory; half requests end; others are answered",
    f"{PUBLIC}::test_a_large_body_is_refused_and_never_held",
    f"{PUBLIC}::test_headers_are_bounded",
    f"{PUBLIC}::test_endless_trailers_end",
    f"{PUBLIC}::test_half_a_request_ends",
    live=True,
)
def large_and_half(hub: DrillHub) -> Seen:
    """F6: 30 MB of JSON to sign-in, huge headers, half-open requests"""
    pid = hub.machine.processes["gateway"].pid or 0
    halves = [_half(hub) for _ in range(50)]
    began = time.monotonic()
    with watched(pid) as peak, hub.client(headers={}) as client:
        body = b'{"key": "' + b"x" * 30_000_000 + b'"}'
        large = _answer(client, "/login", body, {"Content-Type": "application/json"})
        heads = _answer(client, "/login", b"{}", {"X-Long": "a" * 400_000})
        honest = client.get("/health/live").status_code
    ended = wait_for(lambda: all(_is_closed(half) for half in halves), 120)
    seconds = time.monotonic() - began
    for half in halves:
        half.close()
    grown = peak.mib - peak.before
    seen = f"30 MB: {large or 'line closed'}, headers: {heads or 'line closed'}, an honest one {honest}, "
    seen += f"{grown:.0f} MiB more, 50 half requests ended after {seconds:.0f} s"
    held = large in (0, 413) and heads in (0, 431) and honest == 200 and grown < 60
    return Seen(held and ended, seen)


def _answer(client: httpx.Client, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status; 0 where the hub closed the line while we were sending."""
    try:
        return client.post(path, content=body, headers=headers).status_code
    except httpx.TransportError:
        return 0


def _half(hub: DrillHub) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", hub.machine.ports["gateway"]), timeout=30)
    line.sendall(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Ty")
    line.setblocking(False)
    return line


def _is_closed(line: socket.socket) -> bool:
    try:
        while line.recv(4096):
            continue
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@case(
    "F9",
    "429 to its sender; others send on; below the reserve 503, and nothing is lost",
    f"{QUOTA}::test_one_sender_cannot_take_the_room_of_a_site",
    f"{QUOTA}::test_the_oldest_idle_upload_gives_way",
    f"{QUOTA}::test_below_the_reserve_nothing_is_taken_and_nothing_is_lost",
    f"{QUOTA}::test_with_a_full_disk_the_longest_idle_goes_first",
    live=True,
)
def unfinished_upload(hub: DrillHub) -> Seen:
    """F9: resumable uploads that are begun and never finished"""
    tus = {"Tus-Resumable": "1.0.0"}
    begun, codes = [], []
    with hub.client() as client:
        for _ in range(40):
            answer = client.post("/tus/", headers={**tus, "Upload-Length": str(2**30)})
            codes.append(answer.status_code)
            if answer.status_code != 201:
                break
            begun.append(answer.headers["location"])
        for location in begun:
            client.delete(location, headers=tus)
        again = client.post("/tus/", headers={**tus, "Upload-Length": "10"})
    refused = codes[-1]
    seen = f"{len(begun)} uploads of 1 GiB begun, the next one {refused}; after their end {again.status_code}"
    return Seen(refused in (413, 429, 503) and again.status_code == 201, seen)


@case(
    "F14",
    "the honest one is taken",
    f"{DIMSE}::test_one_address_cannot_take_all_connections",
    live=True,
)
def idle_associations(hub: DrillHub) -> Seen:
    """F14: 60 idle DIMSE associations of one machine, and an honest one of another"""
    idle = []
    for _ in range(60):
        with suppress(OSError):
            idle.append(_associate(hub, "127.0.0.3"))
    established = sum(one.is_established for one in idle)
    honest = _associate(hub, "127.0.0.2")
    status = honest.send_c_echo().Status if honest.is_established else -1
    if honest.is_established:
        honest.release()
    for one in idle:
        if one.is_established:
            one.abort()
    seen = f"{established} of 60 taken, the honest one answered 0x{max(status, 0):04X}"
    return Seen(status == 0 and established < 60, seen)


@case(
    "F24",
    "its study is read among the first; all of them are",
    f"{WORKER}::test_a_backlog_of_one_site_does_not_hold_up_another",
    live=True,
)
def backlog_of_a_site(hub: DrillHub) -> Seen:
    """F24: a site's single study comes behind the backlog of another site"""
    backlog, (study,) = some_studies(_BACKLOG), some_studies(1).values()
    with hub.index.begin() as tx:
        _, key = tx.keys.create("clinic", Role.ADMIN, "the drill's other site")
    with hub.untended():
        hub.machine.processes["worker"].stop()
        hub.send(backlog.values())
        with hub.client(headers={"Authorization": f"Bearer {key}", **DICOM}) as client:
            client.post("/dicomweb/studies", content=study).raise_for_status()
        hub.machine.processes["worker"].start()
    counted = hub.settled(backlog)
    with hub.index.read() as tx:
        (clinic,) = tx.jobs.find("clinic")
    ended = [job.finished_at for job in hub.jobs(backlog)]
    at = clinic.finished_at
    before = sum(at is None or (one is not None and one < at) for one in ended)
    return Seen(
        counted.whole and before <= _BACKLOG // 4,
        f"{before} of {_BACKLOG} of the backlog were done before it; {counted}",
    )


def _associate(hub: DrillHub, address: str) -> Association:
    entity = AE(PEER)
    entity.acse_timeout = entity.connection_timeout = 10
    entity.add_requested_context(_VERIFICATION)
    return entity.associate("127.0.0.1", hub.dimse_port, ae_title="FADA", bind_address=(address, 0))
