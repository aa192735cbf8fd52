"""Public routes are small: bodies and headers in bytes and seconds, callers told apart, cookies that end."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import gateways
import httpx
import hub as hubs
import psutil
import pytest
import servers

from bench.ingest.servers import program_running
from gateway.http import connection_limits, limits
from services.domain.errors import RateLimited
from services.domain.study import Role
from services.standalone import ports

JSON = "Content-Type: application/json"
PUBLIC = ("/login", "/logout", "/api/sync/enrol", "/api/sync/challenge", "/api/sync/session")


def connected(hub: hubs.Hub) -> socket.socket:
    place = urlsplit(hub.url)
    return socket.create_connection((place.hostname, place.port), timeout=120)


def answer_of(line: socket.socket) -> bytes:
    """All that comes until the hub closes the line, or goes silent."""
    received = b""
    try:
        while piece := line.recv(65536):
            received += piece
    except OSError:
        pass
    return received


@pytest.fixture(scope="module")
def outside(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[tuple[str, psutil.Process]]:
    """A gateway whose memory is its own."""
    prepared = gateways.prepare(tmp_path_factory.mktemp("outside"), valkey, seaweed)
    process = gateways.start(prepared)
    yield prepared.url, psutil.Process(process.pid)
    process.terminate()
    process.wait(120)


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_refused_and_never_held(
    outside: tuple[str, psutil.Process], path: str, chunked: bool
) -> None:
    """400 MB of JSON for a sign-in: refused, and the process never holds it. What the gateway loads in
    the background after its start, 100 MB, may come at the same time."""
    url, process = outside
    piece, count = b" " * 65536, 6400
    length = {} if chunked else {"Content-Length": str(len(piece) * count)}
    before, most, done = process.memory_info().rss, 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, process.memory_info().rss)
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = httpx.post(
            url + path,
            content=(piece for _ in range(count)),
            headers={"Content-Type": "application/json", **length},
        )
        assert answer.status_code in ((413, 200) if path == "/logout" else (413,))
    except httpx.TransportError:
        pass  # it closed the line while we were sending
    finally:
        done.set()
        watcher.join()
    assert most - before < len(piece) * count // 2


def test_a_packed_body_does_not_grow_either(hub: hubs.Hub) -> None:
    import gzip

    body = gzip.compress(b'{"key": "' + b" " * 5_000_000 + b'"}')
    assert len(body) < limits.PUBLIC_BYTES
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert httpx.post(f"{hub.url}/login", content=body, headers=headers).status_code == 413


def test_a_public_body_has_seconds(hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PUBLIC_SECONDS", 1.0)
    with connected(hub) as line:
        line.sendall(
            f"POST /login HTTP/1.1\r\nHost: x\r\n{JSON}\r\nContent-Length: 99\r\n\r\n{{".encode()
        )
        assert answer_of(line).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 400_000,
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + b"X-One: 1\r\n" * 30_000,
        b"GET /" + b"a" * 400_000,
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 101 + b"\r\n",
    ],
    ids=["one header", "many headers", "a path", "a hundred and one"],
)
def test_headers_are_bounded(hub: hubs.Hub, head: bytes) -> None:
    with connected(hub) as line:
        with suppress(OSError):  # refused before it was all sent
            line.sendall(head)
        assert answer_of(line)[:12] in (b"HTTP/1.1 431", b"")
    assert httpx.get(f"{hub.url}/health/live").status_code == 200


def test_endless_trailers_end(hub: hubs.Hub) -> None:
    with connected(hub) as line:
        line.sendall(
            f"POST /login HTTP/1.1\r\nHost: x\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            + b"1\r\n{\r\n0\r\nX-Long: "
        )
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # noqa: PT012
            for _ in range(200):
                line.sendall(b"a" * 65536)
                time.sleep(0.01)


@pytest.mark.parametrize("start", [b"", b"\r\n", b"GET /health/live HTTP/1.1\r\nHo"])
def test_half_a_request_ends(hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    monkeypatch.setattr(connection_limits, "HEADER_SECONDS", 0.5)
    with connected(hub) as line:
        line.sendall(start)
        assert answer_of(line)[:12] in (b"", b"HTTP/1.1 408")


def test_a_connection_that_is_kept_may_ask_again(hub: hubs.Hub) -> None:
    with httpx.Client(base_url=hub.url) as client:
        for _ in range(150):
            assert client.get("/health/live").status_code == 200


def test_figures_are_not_for_callers(hub: hubs.Hub) -> None:
    assert httpx.get(f"{hub.url}/metrics").status_code == 401
    with hub.client(role=Role.READER) as reader:
        assert reader.get("/metrics").status_code == 403
    with hub.client(role=Role.DEVICE) as device:
        assert device.get("/metrics").status_code == 403
    with hub.client(role=Role.MANAGER) as manager:
        assert "fada_gateway_requests_total" in manager.get("/metrics").text
    token = {"Authorization": f"Bearer {hub.services.settings.metrics_token.get_secret_value()}"}
    assert httpx.get(f"{hub.url}/metrics", headers=token).status_code == 200
    assert httpx.get(f"{hub.url}/api/me", headers=token).status_code == 401


# --- callers behind one address -------------------------------------------------------------------
def test_wrong_keys_shut_out_nobody_else(hub: hubs.Hub) -> None:
    attempts = hub.app.state.attempts
    hub.app.state.attempts = limits.LoginAttempts(rate=0.001, burst=5)
    try:
        wrong = {"key": "fada_0123456789abcdef_wrong"}
        answers = [httpx.post(f"{hub.url}/login", json=wrong).status_code for _ in range(8)]
        assert answers[:5] == [401] * 5
        assert answers[5:] == [429] * 3
        others = [
            httpx.post(f"{hub.url}/login", json={"key": f"fada_{n:016x}_x"}) for n in range(9)
        ]
        assert others[-1].status_code == 429, "from this address too many were wrong"
        assert httpx.post(f"{hub.url}/login", json={"key": hub.key()}).status_code == 200
    finally:
        hub.app.state.attempts = attempts


@pytest.fixture(scope="module")
def proxied(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    home = tmp_path_factory.mktemp("proxied")
    with hubs.running(home, valkey, seaweed, trusted_proxies="127.0.0.0/8") as running:
        running.app.state.attempts = limits.LoginAttempts(rate=0.001, burst=3)
        yield running


def test_a_trusted_proxy_names_the_caller(proxied: hubs.Hub) -> None:
    def wrong(address: str) -> int:
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
        return httpx.post(
            f"{proxied.url}/login", json={"key": "not a key"}, headers=headers
        ).status_code

    assert [wrong("203.0.113.5") for _ in range(4)] == [401, 401, 401, 429]
    assert wrong("203.0.113.6") == 401


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Debian's caddy is not installed")
def test_behind_caddy_a_forged_address_escapes_no_lock_out(
    proxied: hubs.Hub, tmp_path: Path
) -> None:
    """Caddy names whom it sees, whatever the caller says of itself."""
    (port,) = ports.free(1)
    path = tmp_path / "Caddyfile"
    place = urlsplit(proxied.url).netloc
    path.write_text(
        "{\n admin off\n auto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n bind 127.0.0.1\n reverse_proxy {place}\n}}\n"
    )

    def wrong(address: str, forged: str) -> int:
        transport = httpx.HTTPTransport(local_address=address, retries=5)
        with httpx.Client(transport=transport, timeout=30) as client:
            headers = {"X-Forwarded-For": forged}
            url = f"http://127.0.0.1:{port}/login"
            return client.post(url, json={"key": "not a key"}, headers=headers).status_code

    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(path)]
    with program_running(command, port, tmp_path / "caddy.log"):
        statuses = [wrong("127.0.0.9", f"203.0.113.{n}") for n in range(60, 64)]
        assert statuses == [401, 401, 401, 429]
        assert wrong("127.0.0.10", "203.0.113.60") == 401


def test_cookies_are_secure_behind_tls(proxied: hubs.Hub, hub: hubs.Hub) -> None:
    headers = {"X-Forwarded-Proto": "https"}
    behind = httpx.post(f"{proxied.url}/login", json={"key": proxied.key()}, headers=headers)
    assert "secure" in behind.headers["set-cookie"].lower()
    plain = httpx.post(f"{hub.url}/login", json={"key": hub.key()}, headers=headers)
    assert "secure" not in plain.headers["set-cookie"].lower(), "nobody is believed by default"


# --- sessions end -----------------------------------------------------------------------------------
@contextmanager
def signed_in(
    hub: hubs.Hub, role: Role = Role.SONOGRAPHER, site: str = "a"
) -> Iterator[httpx.Client]:
    headers = {"Origin": hub.url, "User-Agent": "A browser"}
    with httpx.Client(base_url=hub.url, headers=headers) as client:
        assert client.post("/login", json={"key": hub.key(site, role)}).status_code == 200
        yield client


def test_signing_out_ends_the_cookie(hub: hubs.Hub) -> None:
    with signed_in(hub) as client:
        copied = {"fada_session": client.cookies["fada_session"]}
        assert httpx.get(f"{hub.url}/api/me", cookies=copied).status_code == 200
        assert client.post("/logout").status_code == 200
    assert httpx.get(f"{hub.url}/api/me", cookies=copied).status_code == 401


def test_sessions_are_listed_and_ended(hub: hubs.Hub) -> None:
    with signed_in(hub) as one, signed_in(hub) as other, signed_in(hub, Role.MANAGER) as manager:
        mine = one.get("/api/sessions").json()["items"]
        assert len(mine) >= 2
        assert [s["this"] for s in mine].count(True) == 1
        assert {"A browser"} == {s["browser"] for s in mine}
        assert one.get("/api/sessions", params={"everyone": True}).status_code == 403
        (of_manager,) = [s for s in manager.get("/api/sessions").json()["items"] if s["this"]]
        assert one.delete(f"/api/sessions/{of_manager['id']}").status_code == 403
        everyone = manager.get("/api/sessions", params={"everyone": True}).json()["items"]
        assert {s["id"] for s in mine} < {s["id"] for s in everyone}
        (this_,) = [s for s in other.get("/api/sessions").json()["items"] if s["this"]]
        assert one.delete(f"/api/sessions/{this_['id']}").status_code == 204
        assert other.get("/api/me").status_code == 401
        assert one.get("/api/me").status_code == 200
        with signed_in(hub, Role.MANAGER, site="b") as stranger:
            assert stranger.delete(f"/api/sessions/{mine[0]['id']}").status_code == 404


# --- the issuer --------------------------------------------------------------------------------------
def test_a_hanging_issuer_does_not_hold_api_keys(
    tmp_path: Path,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """60 callers with tokens of an issuer that never answers; a key's caller is answered meanwhile."""
    import jwt

    monkeypatch.setattr("gateway.http.oidc.issuer._FETCH_SECONDS", 600.0)
    with socket.create_server(("127.0.0.1", 0)) as issuer:
        url = f"http://127.0.0.1:{issuer.getsockname()[1]}"
        settings = {"oidc_issuer": url, "oidc_audience": "fada"}
        with hubs.running(tmp_path, valkey, seaweed, **settings) as hub:
            key = "0" * 64
            token = jwt.encode({"sub": "u"}, key, "HS256", headers={"alg": "HS256"})
            _, claims, mac = token.split(".")
            import base64

            forged = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"k"}').rstrip(b"=").decode()
            bearer = {"Authorization": f"Bearer {forged}.{claims}.{mac}"}
            answers: list[int] = []

            def ask() -> None:
                answers.append(
                    httpx.get(f"{hub.url}/api/me", headers=bearer, timeout=60).status_code
                )

            callers = [threading.Thread(target=ask) for _ in range(60)]
            for caller in callers:
                caller.start()
            end = time.monotonic() + 60
            while sum(caller.is_alive() for caller in callers) > 4:
                assert time.monotonic() < end, "only a few wait for the issuer"
                time.sleep(0.05)
            with hub.client() as client:
                for _ in range(5):
                    assert client.get("/api/me").status_code == 200
            issuer.accept()[0].close()  # at last
            for caller in callers:
                caller.join()
            assert set(answers) == {503}


def test_the_wait_says_when_to_come_again() -> None:
    attempts = limits.LoginAttempts(rate=0.5, burst=1)
    from starlette.requests import HTTPConnection

    who = HTTPConnection({"type": "http", "client": ("192.0.2.1", 1), "headers": []})
    with pytest.raises(RateLimited), attempts.attempt(who, "k"):
        raise RateLimited()
    with pytest.raises(RateLimited) as refused, attempts.attempt(who, "k"):
        raise AssertionError
    assert refused.value.retry_after
