"""What one request may cost (cases 28, 30, 32, 37), and answers that are problems."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
from urllib.parse import urlsplit

import httpx
import hub as hubs
import pydicom
import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.http.authenticator import Caller
from gateway.http.concurrency import MOST_REQUESTS
from gateway.http.limits import RequestLimits, TokenBuckets, address_buckets
from services.domain.errors import RateLimited
from services.domain.study import Principal, Role
from services.settings import Settings


def raw(hub: hubs.Hub, lines: list[str], body: bytes = b"", wait: float = 60.0) -> int:
    """Send these very bytes; the status, 0 for a closed line, -1 for none in time."""
    place = urlsplit(hub.url)
    with socket.create_connection((place.hostname, place.port), timeout=wait) as line:
        head = "\r\n".join([*lines, f"Host: {place.netloc}", "", ""]).encode()
        line.sendall(head + body)
        try:
            answer = line.recv(65536)
        except TimeoutError:
            return -1
    return int(answer.split(b" ", 2)[1]) if answer else 0


def bearer(hub: hubs.Hub) -> str:
    return f"Authorization: Bearer {hub.key()}"


def test_a_declared_length_above_the_cap_is_refused_before_the_body(hub: hubs.Hub) -> None:
    lines = ["POST /api/uploads HTTP/1.1", bearer(hub), "Content-Length: 99999999999"]
    status = raw(hub, lines)
    assert status == 413


def test_a_body_without_length_is_counted(hub: hubs.Hub) -> None:
    def pieces() -> object:
        for _ in range(80):
            yield b"x" * 2**20

    with hub.client() as client:
        try:
            answer = client.post(
                "/api/uploads", content=pieces(),  # type: ignore[arg-type]
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            )  # fmt: skip
            assert answer.status_code in (400, 413)
        except httpx.WriteError:
            pass  # the hub closed the line: the sender was still sending


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "5, 5", " "])
def test_a_false_length_is_refused(hub: hubs.Hub, length: str) -> None:
    status = raw(hub, ["POST /api/keys HTTP/1.1", bearer(hub), f"Content-Length: {length}"], b"{}")
    assert status == 400


def test_a_body_shorter_than_said_times_out(hub: hubs.Hub) -> None:
    lines = ["POST /api/keys HTTP/1.1", bearer(hub), "Content-Type: application/json",
             "Content-Length: 1000"]  # fmt: skip
    status = raw(hub, lines, b'{"name": ')
    assert status == 408


def test_a_slow_drip_is_cut(hub: hubs.Hub) -> None:
    place = urlsplit(hub.url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as line:
        head = (
            f"POST /api/keys HTTP/1.1\r\nHost: x\r\n{bearer(hub)}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
        )
        line.sendall(head.encode())
        line.settimeout(0.25)
        answer = b""
        for _ in range(400):
            try:
                line.sendall(b" ")
                answer = line.recv(4096)
                break
            except TimeoutError:
                continue
            except OSError:
                break
    assert answer.startswith(b"HTTP/1.1 408")


def test_gzip_is_taken_and_a_gzip_bomb_is_not(hub: hubs.Hub) -> None:
    with hub.client() as client:
        body = gzip.compress(json.dumps({"name": "zipped", "role": "reader"}).encode())
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        assert client.post("/api/keys", content=body, headers=headers).status_code == 201
        bomb = gzip.compress(bytes(200 * 2**20), 9)
        assert len(bomb) < 2**20
        assert client.post("/api/keys", content=bomb, headers=headers).status_code == 413
        cut = client.post("/api/keys", content=body[:-9], headers=headers)
        assert cut.status_code == 400
        odd = {**headers, "Content-Encoding": "br"}
        assert client.post("/api/keys", content=body, headers=odd).status_code == 415


def test_ranges_are_one_or_none(hub: hubs.Hub) -> None:
    """Case 37: many ranges cost nothing; the answer is everything."""
    with hub.client() as client:
        release = client.get("/api/sync/releases").json()
        name, file = release["active"], release["items"][-1]["files"][1]
        url = f"/api/sync/releases/{name}/{file['path']}"
        many = ",".join(f"{n}-{n + 1}" for n in range(0, 40, 2))
        for abuse in (
            f"bytes={many}"[:180],
            "bytes=0-,0-,0-",
            "items=1-2",
            "bytes=" + "0" * 150,
        ):
            with client.stream("GET", url, headers={"Range": abuse}) as answer:
                assert answer.status_code == 200
                assert answer.headers["content-length"] == str(file["size"])
        worst = "bytes=" + ",".join("0-" for _ in range(4000))
        assert client.get(url, headers={"Range": worst}).status_code in (200, 400, 404, 422, 431)
        assert client.get(url, headers={"Range": "bytes=--1"}).status_code == 416
        part = client.get(url, headers={"Range": "bytes=10-19"})
        assert (part.status_code, len(part.content)) == (206, 10)
        assert part.headers["content-range"] == f"bytes 10-19/{file['size']}"
        beyond = client.get(url, headers={"Range": f"bytes={file['size']}-"})
        assert beyond.status_code == 416


def test_parts_without_a_file_name_are_refused_quickly(hub: hubs.Hub) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
    body = part + b"A" * 5_000_000 + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    with hub.client() as client:
        assert client.post("/api/uploads", content=body, headers=headers).status_code == 400
        many = (part + b"\r\n") * 5000 + b"--x--\r\n"
        assert client.post("/api/uploads", content=many, headers=headers).status_code == 400
        nothing = client.post("/api/uploads", content=b"--x--\r\n", headers=headers)
        assert nothing.status_code == 400


def test_every_refusal_is_a_problem(hub: hubs.Hub) -> None:
    with hub.client() as client:
        answers = {
            404: client.get("/api/nothing"),
            405: client.put("/api/keys"),
            422: client.post("/api/keys", json={"name": "", "role": "king"}),
            400: client.get("/api/studies", params={"state": "lost"}),
            415: client.post("/api/uploads", content=b"x"),
        }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert {"type", "title", "detail", "code"} <= problem.keys()
    assert answers[405].headers["allow"]


def test_names_from_outside_are_never_keys_or_paths(hub: hubs.Hub) -> None:
    """Case 32."""
    with hub.client() as client:
        for name in ("..%2f..%2fetc%2fpasswd", "1.2.3%00", "1." * 40 + "1", "1.2.3%0a", "%ff"):
            for path in (
                f"/api/studies/{name}", f"/tus/{name}", f"/api/artefacts/{name}",
                f"/api/studies/{name}/results/1/frames/{name}/1/overlay.png",
                f"/dicomweb/studies/{name}/metadata",
            ):  # fmt: skip
                assert client.get(path).status_code in (400, 404), path
        response = client.get("/api/studies", params={"text": "\x00"})
        assert response.status_code == 422


def test_many_slow_requests_of_one_caller_are_nobody_elses_wait(
    hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More at once than there are threads, and than a caller may have: the others are answered first."""
    data = pydicom.dcmread(hubs.SAMPLES / "head-27w.dcm", stop_before_pixels=True)
    with hub.client("many") as client, (hubs.SAMPLES / "head-27w.dcm").open("rb") as file:
        assert client.post("/api/uploads", files={"file": file}).status_code == 200
    parser, key, beyond = hub.services.parser, hub.key("many"), 5
    monkeypatch.setattr(parser, "_seconds", 300.0)  # so long waits who finds all children busy

    async def scenario() -> None:
        statuses: list[int] = []
        limits = httpx.Limits(max_connections=None)
        async with (
            httpx.AsyncClient(base_url=hub.url, timeout=600, limits=limits) as many,
            httpx.AsyncClient(base_url=hub.url, timeout=600) as other,
        ):
            many.headers["Authorization"] = f"Bearer {key}"

            async def ask() -> None:
                answer = await many.get(f"/dicomweb/studies/{data.StudyInstanceUID}/thumbnail")
                if answer.status_code == 429:
                    assert answer.json()["code"] == "too_many_at_once"
                    assert answer.headers["Retry-After"] == "1"
                statuses.append(answer.status_code)

            asked = [asyncio.create_task(ask()) for _ in range(MOST_REQUESTS + beyond)]
            async with asyncio.timeout(300):
                while len(statuses) < beyond:
                    await asyncio.sleep(0.01)
            other.headers["Authorization"] = f"Bearer {hub.key('few')}"
            assert (await other.get("/api/studies")).status_code == 200
            del other.headers["Authorization"]
            assert (await other.post("/login", json={"key": "fada_0_wrong"})).status_code == 401
            assert statuses == [429] * beyond, "the others are answered while these wait"
            free()
            await asyncio.gather(*asked)
        assert (statuses.count(200), statuses.count(429)) == (MOST_REQUESTS, beyond)

    def free() -> None:
        while busy:
            parser._idle.give_back(*busy.popitem())

    names = [f"busy {number}" for number in range(len(parser._idle._items))]
    busy = {name: parser._idle.take(name, 300) for name in names}
    try:
        asyncio.run(scenario())
    finally:
        free()


def test_one_caller_cannot_take_it_all() -> None:
    buckets = TokenBuckets(rate=10, burst=5)
    taken = [buckets.take("a") for _ in range(7)]
    assert taken[:5] == [0.0] * 5
    assert 0 < taken[6] < 1
    assert buckets.take("b") == 0.0


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(("processes", "granted"), [(1, 10), (2, 5)])
def test_the_processes_of_a_gateway_share_a_limit(processes: int, granted: int, kind: str) -> None:
    """Ten at once of one caller, to all of them."""
    given = Settings(rate_per_second=1, gateway_processes=processes)
    passed = 0

    async def answers(_scope: Scope, _receive: Receive, _send: Send) -> None:
        nonlocal passed
        passed += 1

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        caller = Caller(Principal("a", "key", Role.READER), "key")
        layer = RequestLimits(answers, given, address_buckets(given))
        scope = {"type": kind, "method": "GET", "path": "/api/studies", "headers": []}
        for _ in range(20):
            with contextlib.suppress(RateLimited):
                await layer({**scope, "state": {"caller": caller}}, nothing, unused)

    async def unused(_message: Message) -> None:
        raise AssertionError

    asyncio.run(ask())
    assert passed == granted
